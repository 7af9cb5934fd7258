/** @jsxImportSource hono/jsx */
import type { ProjectHead, ServiceTokenForm, ServiceTokenRow } from "../view-models.ts";
import { ActionsHead, Actor, EmptyState, plural, Time } from "./components.tsx";
import { Field, FormErrors, Newlines, SelectField, TextareaField } from "./fields.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { projectPath, serviceTokensPath } from "./paths.ts";
import { ProjectHeader } from "./project-header.tsx";

interface ServiceTokensPageProps extends PageProps {
  project: ProjectHead;
  tokens: ServiceTokenRow[];
  form: ServiceTokenForm;
  /** True while unsealed: a token is given the environment's key when it is made. */
  canCreate: boolean;
}

/** The service tokens of a project, and the form for a new one. */
export function ServiceTokensPage(props: ServiceTokensPageProps) {
  const { frame, assets, project, tokens } = props;
  return (
    <Layout title={`Service tokens · ${project.name}`} frame={frame} assets={assets}>
      <ProjectHeader
        project={project}
        current="service-tokens"
        title={<>Service tokens of {project.name}</>}
        lead={
          <>
            An app presents its token to get its secrets, whether {project.name} is sealed or not. Each token
            opens one environment of this one project.
          </>
        }
      />
      <EndingNotice tokens={tokens} />
      <section class="stack" aria-label="Tokens">
        {tokens.length === 0 ? (
          <EmptyState title="No service tokens yet">
            <p>
              Make one for each app and each place it runs: a leaked one can then be revoked alone, and the
              list tells you who still reads. Give <em>read</em> to apps, <em>write</em> only to what changes
              secrets.
            </p>
          </EmptyState>
        ) : (
          <TokenLists projectId={project.id} tokens={tokens} />
        )}
      </section>
      <section class="card stack" id="new-token" aria-labelledby="new-token-title">
        <h2 id="new-token-title">New service token</h2>
        <CreateTokenForm {...props} />
      </section>
    </Layout>
  );
}

/** What is about to stop working, before anything else. */
function EndingNotice({ tokens }: { tokens: ServiceTokenRow[] }) {
  const ending = tokens.filter(({ endsInDays }) => endsInDays !== null);
  if (ending.length === 0) return null;
  return (
    <p class="flash warn" role="status">
      {ending.length === 1
        ? "1 service token ends"
        : `${ending.length.toLocaleString("en")} service tokens end`}{" "}
      soon: {listed(ending.map(({ name }) => name))}. Make a new one below, give it to what uses the old one,
      and revoke the old one when it is no longer used.
    </p>
  );
}

/** A few names, and how many more there are. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => `“${name}”`);
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more.toLocaleString("en")} more` : shown.join(", ");
}

/** So few tokens that have ended are in nobody's way, and so many are enough: the audit has them all. */
const fewEnded = 3;
const maxEnded = 100;

function TokenLists({ projectId, tokens }: { projectId: number; tokens: ServiceTokenRow[] }) {
  const active = tokens.filter(({ status }) => status === "active");
  const ended = tokens.filter(({ status }) => status !== "active");
  return (
    <>
      {active.length > 0 ? (
        <TokensTable projectId={projectId} tokens={active} />
      ) : (
        <EmptyState title="No service token works any more">
          <p>All of them have expired or were revoked.</p>
        </EmptyState>
      )}
      {ended.length > 0 && (
        <details class="panel ended" open={ended.length <= fewEnded}>
          <summary>{plural(ended.length, "token")} revoked or expired</summary>
          <TokensTable projectId={projectId} tokens={ended.slice(0, maxEnded)} />
          {ended.length > maxEnded && <p class="hint">The newest {maxEnded} are shown.</p>}
        </details>
      )}
    </>
  );
}

function TokensTable({ projectId, tokens }: { projectId: number; tokens: ServiceTokenRow[] }) {
  return (
    <div class="table-box">
      <table class="cards tokens">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">May</th>
            <th scope="col">Status</th>
            <th scope="col">Created</th>
            <th scope="col">Last used</th>
            <ActionsHead />
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <tr>
              <th scope="row">
                {token.name}
                <p class="hint">
                  <code>{token.hint}</code>
                </p>
              </th>
              <td data-label="May">
                {token.rights === "write" ? "read and write" : "read"}{" "}
                <span class="environment">{token.environment}</span>
                {token.allowedIps && <p class="hint">only from {token.allowedIps.split(/\s+/).join(", ")}</p>}
              </td>
              <td data-label="Status">
                <Status token={token} />
              </td>
              <td data-label="Created">
                <Time at={token.createdAt} /> <Actor actor={token.createdBy} />
              </td>
              <td data-label="Last used">
                {token.lastUsedAt === null ? "Never" : <Time at={token.lastUsedAt} />}
                {token.reads > 0 && (
                  <p class="hint">
                    {plural(token.reads, "read")}, {token.readsLately.toLocaleString("en")} in 30 days
                  </p>
                )}
              </td>
              <td class="row-actions">
                {token.status === "active" && <RevokeForm projectId={projectId} token={token} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Status({ token }: { token: ServiceTokenRow }) {
  if (token.status === "revoked") {
    return (
      <>
        <span class="badge">Revoked</span>
        {token.revokedAt !== null && (
          <p class="hint">
            <Time at={token.revokedAt} />
          </p>
        )}
      </>
    );
  }
  const expired = token.status === "expired";
  return (
    <>
      {token.endsInDays === null ? (
        <span class={expired ? "badge" : "badge good"}>{expired ? "Expired" : "Active"}</span>
      ) : (
        <span class="badge warn">Expires in {plural(token.endsInDays, "day")}</span>
      )}
      <p class="hint">
        {token.expiresAt === null ? (
          "Never expires"
        ) : (
          <>
            {token.status === "active" && token.endsInDays === null && "until "}
            <Time at={token.expiresAt} />
          </>
        )}
      </p>
    </>
  );
}

function RevokeForm({ projectId, token }: { projectId: number; token: ServiceTokenRow }) {
  return (
    <form
      method="post"
      action={`${serviceTokensPath(projectId)}/${token.id}/revoke`}
      data-confirm={`Revoke ${token.name}? Whatever uses it is refused from its next request on.`}
    >
      <button type="submit" class="button danger" aria-label={`Revoke ${token.name}`}>
        Revoke
      </button>
    </form>
  );
}

function CreateTokenForm({ project, form, canCreate }: ServiceTokensPageProps) {
  if (!canCreate) {
    return (
      <p>
        A new token is given a copy of its environment’s key, so{" "}
        <a href={projectPath(project.id)}>unseal {project.name}</a> first. Revoking works sealed, too.
      </p>
    );
  }
  return (
    <form method="post" action={serviceTokensPath(project.id)} class="stack medium">
      <FormErrors
        errors={form.errors}
        fields={["name", "environment", "rights", "expiresInDays", "allowedIps"]}
      />
      <Newlines />
      <Field
        id="token-name"
        name="name"
        label="Name"
        hint="What will use it, and where: “billing worker, Frankfurt”."
        value={form.name}
        error={form.errors.name}
      />
      <div class="field-pair">
        <SelectField
          id="token-environment"
          name="environment"
          label="Environment"
          value={form.environment}
          choices={project.environments.map((name) => ({ value: name, label: name }))}
          error={form.errors.environment}
        />
        <SelectField
          id="token-rights"
          name="rights"
          label="Rights"
          value={form.rights}
          choices={[
            { value: "read", label: "Read" },
            { value: "write", label: "Read and write" },
          ]}
          error={form.errors.rights}
        />
      </div>
      <Field
        id="token-expiresInDays"
        name="expiresInDays"
        label="Expires in days"
        type="number"
        min={1}
        optional
        hint="Such as 90; two weeks before, this page warns. Empty: it works until it is revoked."
        value={form.expiresInDays}
        error={form.errors.expiresInDays}
      />
      <TextareaField
        id="token-allowedIps"
        name="allowedIps"
        label="Allowed addresses"
        optional
        rows={2}
        hint={
          <>
            One range on a line, such as <code>203.0.113.0/24</code> or <code>2001:db8::/32</code>. Empty:
            from anywhere.
          </>
        }
        value={form.allowedIps}
        error={form.errors.allowedIps}
      />
      <button type="submit" class="button primary">
        Create service token
      </button>
    </form>
  );
}
