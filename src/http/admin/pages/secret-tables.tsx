/** @jsxImportSource hono/jsx */
import type { SecretEdit, SecretRow } from "../view-models.ts";
import { ActionsHead, Actor, Time } from "./components.tsx";
import { environmentSecretsPath, secretHistoryPath, secretPath } from "./paths.ts";
import { EditSecretForm } from "./secret-forms.tsx";
import { HiddenValue, OpenValue } from "./secret-value.tsx";
import type { Generator } from "./value-generator.tsx";

/** What the rows of all secrets of a place have in common. */
interface SecretPlace {
  projectId: number;
  environment: string;
  /** Whether a deletion can be taken back. */
  keepsVersions: boolean;
  generator: Generator;
}

interface TableProps extends SecretPlace {
  secrets: SecretRow[];
  /** The row whose form is open. */
  editing?: SecretEdit | undefined;
  /** Whether this is the page with all values, to which what is done here comes back. */
  decrypted?: boolean;
  /** Milliseconds until the value of a row that was revealed by itself leaves the screen. */
  revealedFor?: number;
}

/**
 * The secrets of a project × environment, a row each. Rows that carry a value show it, the others say that it
 * is hidden; a script puts one in the other's place, by the id.
 */
export function SecretsTable({ secrets, editing, ...props }: TableProps) {
  return (
    <div class="table-box">
      <table class="cards secrets-table">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Value</th>
            <th scope="col">Comes from, changed</th>
            <ActionsHead />
          </tr>
        </thead>
        <tbody>
          {secrets.map((secret) => {
            const edit = editing?.name === secret.name ? editing : undefined;
            return <Row {...props} secret={secret} edit={edit} />;
          })}
        </tbody>
      </table>
    </div>
  );
}

/** What a script finds a secret's row by. Names are letters, digits and `_`. */
export function rowId(name: string): string {
  return `secret-${name}`;
}

type RowProps = Omit<TableProps, "secrets" | "editing"> & {
  secret: SecretRow;
  edit: SecretEdit | undefined;
};

function Row(props: RowProps) {
  const { secret, projectId, environment, decrypted, revealedFor } = props;
  const path = secretPath(projectId, environment, secret.name);
  const isOpen = secret.value !== undefined;
  return (
    <tr id={rowId(secret.name)} class={isOpen ? "open" : undefined}>
      <th scope="row">
        <span class="secret-name">{secret.name}</span>
        {secret.note && <p class="note">{secret.note}</p>}
        {secret.problem && <p class="problem">{secret.problem}</p>}
      </th>
      <td class="value-cell">
        {isOpen ? (
          <OpenValue
            secret={secret}
            hide={
              revealedFor === undefined
                ? undefined
                : {
                    path: environmentSecretsPath(projectId, environment),
                    row: rowId(secret.name),
                    revealedFor,
                  }
            }
          />
        ) : (
          <HiddenValue name={secret.name} path={path} row={rowId(secret.name)} />
        )}
        {props.edit && isOpen && (
          <EditSecretForm
            action={environmentSecretsPath(projectId, environment)}
            project={projectId}
            secret={secret}
            typed={props.edit.typed}
            decrypted={decrypted === true}
            generator={props.generator}
          />
        )}
      </td>
      <td class="origin-cell">
        <Origin secret={secret} environment={environment} />, version {secret.version}
        <p class="hint">
          <Time at={secret.changedAt} /> <Actor actor={secret.changedBy} />
        </p>
      </td>
      <td class="row-actions">
        <RowActions {...props} />
      </td>
    </tr>
  );
}

function RowActions({ secret, projectId, environment, decrypted, keepsVersions, edit }: RowProps) {
  const path = secretPath(projectId, environment, secret.name);
  const editLabel = secret.origin === "inherited" ? "Override" : "Edit";
  const hasHistory = secret.origin !== "inherited";
  return (
    <>
      {edit === undefined && (
        <a
          class="button quiet"
          href={decrypted ? decryptedEditPath(projectId, environment, secret) : `${path}?edit=true`}
          data-swap={decrypted ? undefined : rowId(secret.name)}
          aria-label={`${editLabel} ${secret.name}`}
        >
          {editLabel}
        </a>
      )}
      {hasHistory && (
        <a
          class="button quiet"
          href={secretHistoryPath(projectId, environment, secret.name)}
          aria-label={`History of ${secret.name}`}
        >
          History
        </a>
      )}
      {hasHistory && (
        <DeleteSecretForm
          path={path}
          secret={secret}
          environment={environment}
          decrypted={decrypted}
          keepsVersions={keepsVersions}
        />
      )}
    </>
  );
}

/** The page with all values, with this secret's form open. */
function decryptedEditPath(projectId: number, environment: string, { name }: SecretRow): string {
  const query = new URLSearchParams({ decrypt: "true", edit: name });
  return `${environmentSecretsPath(projectId, environment)}?${query}#${rowId(name)}`;
}

/** Own, or whose value it is, or whose it hides; leads to that project's same environment. */
function Origin({ secret, environment }: { secret: SecretRow; environment: string }) {
  if (secret.from === null || secret.origin === "own") return <>Own</>;
  const source = <a href={environmentSecretsPath(secret.from.id, environment)}>{secret.from.name}</a>;
  return secret.origin === "inherited" ? <>Inherited from {source}</> : <>Own, overriding {source}</>;
}

interface DeleteSecretFormProps {
  path: string;
  secret: SecretRow;
  environment: string;
  decrypted?: boolean | undefined;
  keepsVersions: boolean;
}

/** Deletes an own secret; an inherited one is deleted where it comes from. */
function DeleteSecretForm({ path, secret, environment, decrypted, keepsVersions }: DeleteSecretFormProps) {
  const consequence =
    secret.origin === "overriding" && secret.from !== null
      ? `The value inherited from ${secret.from.name} takes its place.`
      : "Apps no longer get it.";
  const way = keepsVersions
    ? "It can be restored from its history."
    : "It cannot be restored: this server keeps no older versions.";
  return (
    <form
      method="post"
      action={`${path}/delete`}
      data-confirm={`Delete ${secret.name} from ${environment}? ${consequence} ${way}`}
    >
      {decrypted && <input type="hidden" name="decrypted" value="true" />}
      <button type="submit" class="button danger" aria-label={`Delete ${secret.name}`}>
        Delete
      </button>
    </form>
  );
}
