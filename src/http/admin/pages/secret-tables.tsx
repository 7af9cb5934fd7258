/** @jsxImportSource hono/jsx */
import type { SecretEdit, SecretRow } from "../view-models.ts";
import { Actor, CopyableValue, Time } from "./components.tsx";
import { environmentSecretsPath } from "./paths.ts";
import { ComesBackDecrypted, EditSecretForm } from "./secret-forms.tsx";

interface TableProps {
  projectId: number;
  environment: string;
  secrets: SecretRow[];
}

/** The secrets by name, without any value. */
export function SecretNamesTable({ projectId, environment, secrets }: TableProps) {
  return (
    <div class="table-box">
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Comes from</th>
            <th scope="col">Version</th>
            <th scope="col">Changed</th>
            <th scope="col">
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {secrets.map((secret) => (
            <tr>
              <th scope="row">
                <SecretName secret={secret} />
                {secret.problem && <p class="problem">{secret.problem}</p>}
              </th>
              <td data-label="Comes from">
                <Origin secret={secret} environment={environment} />
              </td>
              <td data-label="Version">{secret.version}</td>
              <td data-label="Changed">
                <Changed secret={secret} />
              </td>
              <td class="row-actions">
                <a
                  class="button quiet"
                  href={editPath(projectId, environment, secret)}
                  aria-label={`${editLabel(secret)} ${secret.name}`}
                >
                  {editLabel(secret)}
                </a>
                <DeleteSecretForm projectId={projectId} environment={environment} secret={secret} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The decrypted page with this secret's form open. */
function editPath(projectId: number, environment: string, secret: SecretRow): string {
  const query = new URLSearchParams({ decrypt: "true", edit: secret.name });
  return `${environmentSecretsPath(projectId, environment)}?${query}`;
}

/** The secrets with their values, each with a form to change it. */
export function SecretValuesTable({
  projectId,
  environment,
  secrets,
  editing,
}: TableProps & { editing: SecretEdit | undefined }) {
  return (
    <div class="table-box">
      <table class="cards values">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Value</th>
            <th scope="col">
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {secrets.map((secret) => (
            <tr>
              <th scope="row">
                <SecretName secret={secret} />
                <p class="hint">
                  <Origin secret={secret} environment={environment} />, version {secret.version}
                </p>
                <p class="hint">
                  <Changed secret={secret} />
                </p>
              </th>
              <td>
                <SecretValue secret={secret} />
                <details open={editing?.name === secret.name}>
                  <summary aria-label={`${editLabel(secret)} ${secret.name}`}>{editLabel(secret)}</summary>
                  <EditSecretForm
                    action={environmentSecretsPath(projectId, environment)}
                    secret={secret}
                    typed={editing?.name === secret.name ? editing.typed : undefined}
                    focus={editing?.name === secret.name}
                  />
                </details>
              </td>
              <td class="row-actions">
                <DeleteSecretForm projectId={projectId} environment={environment} secret={secret} decrypted />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function editLabel(secret: SecretRow): string {
  return secret.origin === "inherited" ? "Override" : "Edit";
}

function SecretName({ secret }: { secret: SecretRow }) {
  return (
    <>
      <span class="secret-name">{secret.name}</span>
      {secret.note && <p class="note">{secret.note}</p>}
    </>
  );
}

/** Own, or whose value it is, or whose it hides; leads to that project's same environment. */
function Origin({ secret, environment }: { secret: SecretRow; environment: string }) {
  if (secret.from === null || secret.origin === "own") return <>Own</>;
  const source = <a href={environmentSecretsPath(secret.from.id, environment)}>{secret.from.name}</a>;
  return secret.origin === "inherited" ? <>Inherited from {source}</> : <>Own, overriding {source}</>;
}

function Changed({ secret }: { secret: SecretRow }) {
  return (
    <>
      <Time at={secret.changedAt} /> <Actor actor={secret.changedBy} />
    </>
  );
}

function SecretValue({ secret }: { secret: SecretRow }) {
  return (
    <>
      {secret.value === undefined || (
        <CopyableValue value={secret.value} label={`the value of ${secret.name}`} />
      )}
      {secret.value === "" && <p class="hint">The value is empty.</p>}
      {secret.resolvedValue !== undefined && (
        <>
          <p class="hint">Apps get, with its references expanded:</p>
          <CopyableValue value={secret.resolvedValue} label={`what apps get as ${secret.name}`} />
        </>
      )}
      {secret.problem && <p class="problem">{secret.problem}</p>}
    </>
  );
}

/** Deletes an own secret; an inherited one is deleted where it comes from. */
function DeleteSecretForm({
  projectId,
  environment,
  secret,
  decrypted,
}: Omit<TableProps, "secrets"> & { secret: SecretRow; decrypted?: boolean }) {
  if (secret.origin === "inherited") return null;
  const action = `${environmentSecretsPath(projectId, environment)}/${encodeURIComponent(secret.name)}/delete`;
  const consequence =
    secret.origin === "overriding" && secret.from !== null
      ? `The value inherited from ${secret.from.name} takes its place.`
      : "Apps no longer get it.";
  return (
    <form
      method="post"
      action={action}
      data-confirm={`Delete ${secret.name} from ${environment}? ${consequence}`}
    >
      {decrypted && <ComesBackDecrypted />}
      <button type="submit" class="button danger" aria-label={`Delete ${secret.name}`}>
        Delete
      </button>
    </form>
  );
}
