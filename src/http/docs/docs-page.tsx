/** @jsxImportSource hono/jsx */
import { Commands } from "../admin/pages/components.tsx";
import { Layout, type PageProps } from "../admin/pages/layout.tsx";
import type { DocumentedAnswer, DocumentedOperation, JsonSchema, OpenApiDocument } from "../api/openapi.ts";
import { curlCommand } from "./curl.ts";
import { Prose } from "./prose.tsx";
import { anchorOf, FieldRow, Fields, TypeOf } from "./schema-view.tsx";

interface DocsPageProps extends PageProps {
  document: OpenApiDocument;
  /** Where the server is, for the examples. */
  origin: string;
  /** Where the document itself is. */
  documentPath: string;
}

interface Route {
  method: string;
  path: string;
  operation: DocumentedOperation;
}

/** The API, as its OpenAPI document tells it. */
export function DocsPage({ frame, assets, document, origin, documentPath }: DocsPageProps) {
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
  return (
    <Layout title="API" frame={frame} assets={assets}>
      <div class="stack tight">
        <h1>The API of {document.info.title}</h1>
        {String(document.info.description)
          .split("\n\n")
          .map((paragraph) => (
            <p class="lead">
              <Prose text={paragraph} />
            </p>
          ))}
        <p class="hint">
          Version {document.info.version}. Answers from 400 on are a{" "}
          <a href={`#${anchorOf("Problem")}`}>Problem</a>, as <code>application/problem+json</code>, where
          nothing else is said. For programs, all of this is an <a href={documentPath}>OpenAPI document</a>.
        </p>
      </div>
      <nav class="card stack tight" aria-labelledby="routes">
        <h2 id="routes">Routes</h2>
        <ul class="routes">
          {routes.map(({ method, path, operation }) => (
            <li>
              <a href={`#${operation.operationId}`}>
                <Address method={method} path={path} />
              </a>
              <span class="hint">{operation.summary}</span>
            </li>
          ))}
        </ul>
      </nav>
      <Authentication />
      {document.tags.map(({ name, description }) => (
        <section class="stack" aria-labelledby={idOf(name)}>
          <div>
            <h2 id={idOf(name)}>{name}</h2>
            <p class="lead">
              <Prose text={description} />
            </p>
          </div>
          {routes
            .filter(({ operation }) => operation.tags.includes(name))
            .map((route) => (
              <OperationCard {...route} origin={origin} />
            ))}
        </section>
      ))}
      <section class="stack" aria-labelledby="schemas">
        <h2 id="schemas">What answers hold</h2>
        {Object.entries(document.components.schemas).map(([name, schema]) => (
          <SchemaCard name={name} schema={schema} />
        ))}
      </section>
    </Layout>
  );
}

const idOf = (tag: string) => tag.toLowerCase().replaceAll(" ", "-");

function Address({ method, path }: { method: string; path: string }) {
  return (
    <code class="address">
      <span class={`method ${method}`}>{method.toUpperCase()} </span>
      {path}
    </code>
  );
}

function Authentication() {
  return (
    <section class="card stack tight" aria-labelledby="authentication">
      <h2 id="authentication">With a service token</h2>
      <p>
        Send it as <code>Authorization: Bearer TOKEN</code>. The examples take it from{" "}
        <code>SECRETSFLY_TOKEN</code>, into which this reads it without showing or recording it:
      </p>
      <Commands label="the line that reads the token" text="read -rs SECRETSFLY_TOKEN" />
    </section>
  );
}

function OperationCard({ method, path, operation, origin }: Route & { origin: string }) {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  return (
    <section class="card stack" aria-labelledby={operationId}>
      <div class="stack tight">
        <h3 id={operationId}>
          <Address method={method} path={path} />
        </h3>
        <p>
          <strong>{summary}.</strong> <Prose text={description} />
        </p>
        <p class="hint">{needed(operation)}</p>
      </div>
      {parameters.length > 0 && (
        <div class="stack tight">
          <h4>Parameters</h4>
          <dl class="fields">
            {parameters.map(({ name, in: place, required, description: what, schema }) => (
              <FieldRow name={name} place={place} isRequired={required} description={what} schema={schema} />
            ))}
          </dl>
        </div>
      )}
      {Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => (
        <div class="stack tight">
          <h4>
            Body: <code>{type}</code>
          </h4>
          <Fields schema={schema} />
        </div>
      ))}
      <div class="stack tight">
        <h4>Example</h4>
        <Commands label={`the example of ${summary}`} text={curlCommand(origin, method, path, operation)} />
      </div>
      <div class="stack tight">
        <h4>Answers</h4>
        <dl class="answers">
          {Object.entries(responses).map(([status, answer]) => (
            <AnswerRow status={status} answer={answer} />
          ))}
        </dl>
      </div>
    </section>
  );
}

function needed({ security }: DocumentedOperation): string {
  const rights = security.flatMap((scheme) => Object.values(scheme).flat());
  if (rights.length === 0) return "Needs no service token.";
  return rights.includes("write")
    ? "Needs a service token that may write."
    : "Needs a service token; one that may read is enough.";
}

function AnswerRow({ status, answer }: { status: string; answer: DocumentedAnswer }) {
  const headers = Object.keys(answer.headers).filter((name) => name !== "X-Request-Id");
  // That these are problems is said once, at the top.
  const content = Object.entries(answer.content ?? {}).filter(
    ([type]) => type !== "application/problem+json",
  );
  return (
    <>
      <dt>
        <span class={status < "300" ? "badge good" : "badge"}>{status}</span>
      </dt>
      <dd class="stack tight">
        <p>
          <Prose text={answer.description} />{" "}
          {headers.length > 0 && <Prose text={`With \`${headers.join("`, `")}\`.`} />}
        </p>
        {content.map(([type, { schema, example }]) => (
          <>
            <p class="hint">
              <code>{type}</code>: <TypeOf schema={schema} />
            </p>
            {example !== undefined && <pre class="value">{printed(example)}</pre>}
          </>
        ))}
      </dd>
    </>
  );
}

function printed(example: unknown): string {
  return typeof example === "string" ? example : JSON.stringify(example, null, 2);
}

function SchemaCard({ name, schema }: { name: string; schema: JsonSchema }) {
  const [example] = schema.examples ?? [];
  return (
    <section class="card stack tight" aria-labelledby={anchorOf(name)}>
      <h3 id={anchorOf(name)}>{name}</h3>
      {schema.description !== undefined && (
        <p>
          <Prose text={schema.description} />
        </p>
      )}
      {schema.properties ? (
        <Fields schema={schema} />
      ) : (
        <p class="hint">
          <TypeOf schema={schema} />
        </p>
      )}
      {example !== undefined && <pre class="value">{printed(example)}</pre>}
    </section>
  );
}
