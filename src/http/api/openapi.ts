import { type ZodObject, type ZodType, z } from "zod";
import { version } from "../../../package.json" with { type: "json" };
import { problemSchema } from "../problem.ts";
import { statuses } from "../statuses.ts";
import { operations } from "./contract.ts";
import type { Answer, AnswerHeader, Operation } from "./operation.ts";

/** A JSON Schema (draft 2020-12) as it is in the document. */
export interface JsonSchema {
  $ref?: string;
  type?: string;
  description?: string;
  enum?: readonly unknown[];
  const?: unknown;
  default?: unknown;
  examples?: readonly unknown[];
  pattern?: string;
  maxLength?: number;
  required?: readonly string[];
  properties?: Readonly<Record<string, JsonSchema>>;
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  anyOf?: readonly JsonSchema[];
}

interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required: boolean;
  description?: string;
  example?: unknown;
  schema: JsonSchema;
}

interface Content {
  [mediaType: string]: { schema: JsonSchema; example?: unknown };
}

export interface DocumentedAnswer {
  description: string;
  headers: Record<string, { $ref: string }>;
  content?: Content;
}

export interface DocumentedOperation {
  operationId: string;
  tags: string[];
  summary: string;
  description: string;
  security: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: { required: true; content: Content };
  responses: Record<string, DocumentedAnswer>;
}

/** The part of OpenAPI 3.1 that is used here. */
export interface OpenApiDocument {
  openapi: string;
  info: Record<string, unknown> & { title: string; version: string };
  servers: { url: string; description: string }[];
  tags: { name: Operation["tag"]; description: string }[];
  paths: Record<string, Partial<Record<Operation["method"], DocumentedOperation>>>;
  components: {
    securitySchemes: Record<string, unknown>;
    headers: Record<string, { description: string; schema: JsonSchema }>;
    schemas: Record<string, JsonSchema>;
  };
}

const headers: Readonly<Record<AnswerHeader | "X-Request-Id", { description: string; schema: JsonSchema }>> =
  {
    "X-Request-Id": {
      description: "Of this request; the log and the audit name it by this.",
      schema: { type: "string", examples: ["0b7e3f5c-2d4e-4a53-9c4e-5a1f6f0f2f9b"] },
    },
    ETag: {
      description:
        "Another one whenever the answer is. That of secrets ends in the revision of what apps get.",
      schema: { type: "string", examples: ['"3.prod.json.Zx0vXpS1cFQ2nqkYl9yq7A"'] },
    },
    "WWW-Authenticate": {
      description: "How to authenticate: with a service token, as a bearer.",
      schema: { type: "string", examples: ['Bearer realm="secretsfly"'] },
    },
    "Retry-After": {
      description: "Seconds after which to try again.",
      schema: { type: "string", pattern: "^[0-9]+$", examples: ["1"] },
    },
  };

const tags: OpenApiDocument["tags"] = [
  { name: "Secrets", description: "The secrets of one project × environment: the service token's." },
  { name: "Service token", description: "What the service token of a request may do." },
  { name: "Server", description: "About the server itself. These need no service token." },
];

const introduction = `Apps fetch their secrets here, with a service token. It says which project × environment is meant, so no address has
to.

Every answer has an \`X-Request-Id\`. What cannot be done is answered as a problem (RFC 9457) with a stable \`type\`;
no answer repeats a value or a token that it was sent. Addresses work with and without a trailing slash, and HEAD
wherever GET does. New fields may come to answers, and new operations to this document; those that are here stay.`;

/** The document, made anew; `schemas` gathers what it refers to. */
class Builder {
  readonly schemas: Record<string, JsonSchema> = {};

  /** A zod schema as JSON Schema. What has an id becomes a component, and a reference to it. */
  #schema(schema: ZodType, io: "input" | "output"): JsonSchema {
    const {
      $schema: _dialect,
      $defs = {},
      ...rest
    } = z.toJSONSchema(schema, {
      io,
      // What has no equivalent says by `meta` what it is.
      unrepresentable: "any",
      override: ({ jsonSchema }) => {
        // Answers may get new fields, so readers should not refuse what they do not know.
        if (io === "output" && jsonSchema.additionalProperties === false)
          delete jsonSchema.additionalProperties;
        delete jsonSchema.id;
      },
    });
    for (const [id, definition] of Object.entries($defs)) this.schemas[id] = asComponent(definition);
    return asComponent(rest);
  }

  #parameters(place: Parameter["in"], schema: ZodObject | undefined): Parameter[] {
    if (!schema) return [];
    const { properties = {}, required = [] } = this.#schema(schema, "input");
    return Object.entries(properties).map(([name, { description, examples, ...rest }]) => ({
      name,
      in: place,
      required: required.includes(name),
      ...(description !== undefined && { description }),
      ...(examples?.[0] !== undefined && { example: examples[0] }),
      schema: rest,
    }));
  }

  #content(content: Answer["content"], io: "input" | "output"): Content | undefined {
    if (!content) return undefined;
    const described = Object.entries(content).map(([type, { schema, example }]) => {
      const media = { schema: this.#schema(schema, io), ...(example !== undefined && { example }) };
      return [type, media] as const;
    });
    return Object.fromEntries(described);
  }

  #answer({ description, headers: names = [], content }: Answer): DocumentedAnswer {
    const described = this.#content(content, "output");
    const all = ["X-Request-Id", ...names];
    return {
      description,
      headers: Object.fromEntries(all.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
      ...(described && { content: described }),
    };
  }

  /** The problems of an operation by their status: several codes may share one. */
  #problems(problems: Operation["problems"]): Record<string, DocumentedAnswer> {
    const codes = Object.entries(problems) as [keyof typeof statuses | "internal", string][];
    const byStatus = Object.groupBy(codes, ([code]) => (code === "internal" ? 500 : statuses[code].status));
    const answers = Object.entries(byStatus).map(([status, some = []]) => {
      const description = some.map(([code, when]) => `\`${code}\`: ${when}`).join(" ");
      const names: AnswerHeader[] =
        status === "401" ? ["WWW-Authenticate"] : ["429", "503"].includes(status) ? ["Retry-After"] : [];
      const content = { "application/problem+json": { schema: problemSchema } };
      return [status, this.#answer({ description, headers: names, content })] as const;
    });
    return Object.fromEntries(answers);
  }

  operation(operationId: string, operation: Operation): DocumentedOperation {
    const { tag, summary, description, needs, params, query, body, answers, problems } = operation;
    const parameters = [
      ...this.#parameters("path", params),
      ...this.#parameters("query", query),
      ...this.#parameters("header", operation.headers),
    ];
    const good = Object.entries(answers).map(([status, answer]) => [status, this.#answer(answer)] as const);
    const content = body && this.#content({ "application/json": body }, "input");
    return {
      operationId,
      tags: [tag],
      summary,
      description,
      security: needs === "nothing" ? [] : [{ serviceToken: [needs] }],
      ...(parameters.length > 0 && { parameters }),
      ...(content && { requestBody: { required: true as const, content } }),
      responses: { ...Object.fromEntries(good), ...this.#problems(problems) },
    };
  }
}

/** References point to where the document has its components. */
function asComponent(schema: unknown): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll("#/$defs/", "#/components/schemas/")) as JsonSchema;
}

/** The API as OpenAPI 3.1, made of the contract that the routes validate by. */
export function openApiDocument(): OpenApiDocument {
  const builder = new Builder();
  const paths: OpenApiDocument["paths"] = {};
  for (const [id, operation] of Object.entries(operations)) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method]: builder.operation(id, operation),
    };
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "secretsfly",
      version,
      summary: "Secrets for apps, by service token.",
      description: introduction,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "This server" }],
    tags,
    paths,
    components: {
      securitySchemes: {
        serviceToken: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "sfly_<id>_<secret>_<checksum>",
          description: "A service token: `Authorization: Bearer TOKEN`, or the bare token.",
        },
      },
      headers,
      schemas: Object.fromEntries(Object.entries(builder.schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}
