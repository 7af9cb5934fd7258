/** @jsxImportSource hono/jsx */
import type { ActorLabel, ProjectHead, SecretEdit, SecretFormRow, SecretRow } from "../view-models.ts";
import { Actor, Countdown, EmptyState, FindForm, plural, Time } from "./components.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { ListPages, type ListPosition } from "./list-pages.tsx";
import {
  environmentHistoryPath,
  environmentSecretsPath,
  exportPath,
  importPath,
  secretHistoryPath,
} from "./paths.ts";
import { ProjectHeader } from "./project-header.tsx";
import { AddSecretsForm } from "./secret-forms.tsx";
import { SecretsTable } from "./secret-tables.tsx";
import type { Generator } from "./value-generator.tsx";

/** A secret that is gone, and can be looked up in its history. */
interface DeletedRow {
  name: string;
  deletedAt: number;
  deletedBy: ActorLabel;
}

interface SecretsPageProps extends PageProps {
  project: ProjectHead;
  environment: string;
  /** Whether the rows carry their values. */
  decrypted: boolean;
  /** When the values leave the screen. */
  redirectAfterSeconds: number;
  /** When the server forgets the key; this page is only shown while it holds it. */
  unsealedUntil: number;
  /** What was searched for; empty for all. */
  query: string;
  /** How many there are without the search. */
  total: number;
  secrets: SecretRow[];
  position: ListPosition;
  deleted: DeletedRow[];
  keepsVersions: boolean;
  /** The row whose form is open on the decrypted page. */
  editing?: SecretEdit | undefined;
  form: { rows: SecretFormRow[]; error?: string | undefined };
  generator: Generator;
}

/** The secrets of one project in one environment: hidden and revealed one by one, or all with values for a while. */
export function SecretsPage(props: SecretsPageProps) {
  const { frame, assets, project, environment, decrypted, total, form } = props;
  const namesPath = environmentSecretsPath(project.id, environment);
  return (
    <Layout title={`${project.name} · ${environment}`} frame={frame} assets={assets}>
      <ProjectHeader
        project={project}
        current={{ environment }}
        title={
          <>
            Secrets of {project.name} in <span class="environment">{environment}</span>
          </>
        }
        actions={total > 0 && <HeadActions path={namesPath} decrypted={decrypted} />}
      />
      <div class="list-head">
        {total > 0 && <SearchForm {...props} path={namesPath} />}
        <OtherPages projectId={project.id} environment={environment} />
      </div>
      <KeyTime {...props} path={namesPath} />
      {total === 0 && <NoSecrets environment={environment} projectName={project.name} />}
      {total > 0 && <Found {...props} path={namesPath} />}
      <DeletedSecrets {...props} />
      <section class="card stack" id="add-secrets" aria-labelledby="add-secrets-title">
        <h2 id="add-secrets-title">Add secrets</h2>
        <AddSecretsForm
          action={namesPath}
          project={project.id}
          decrypted={decrypted}
          rows={form.rows}
          error={form.error}
          generator={props.generator}
        />
      </section>
    </Layout>
  );
}

function HeadActions({ path, decrypted }: { path: string; decrypted: boolean }) {
  return (
    <>
      <a class="button" href="#add-secrets">
        Add secrets
      </a>
      {decrypted ? (
        <a class="button primary" href={path}>
          Hide values
        </a>
      ) : (
        <a class="button primary" href={`${path}?decrypt=true`}>
          Decrypt all
        </a>
      )}
    </>
  );
}

type ListProps = SecretsPageProps & { path: string };

/** Not while it is typed on the page with values: each answer of that page shows them, and is audited. */
function SearchForm({ path, query, total, decrypted }: ListProps) {
  return (
    <FindForm
      path={path}
      id="find-secret"
      label="Find a secret"
      placeholder={`Find one of ${plural(total, "secret")}`}
      query={query}
      live={decrypted ? undefined : "secrets"}
    >
      {decrypted && <input type="hidden" name="decrypt" value="true" />}
    </FindForm>
  );
}

function OtherPages({ projectId, environment }: { projectId: number; environment: string }) {
  return (
    <nav class="actions" aria-label={`More of ${environment}`}>
      <a class="button quiet" href={environmentHistoryPath(projectId, environment)}>
        History
      </a>
      <a class="button quiet" href={importPath(projectId, environment)}>
        Import
      </a>
      <a class="button quiet" href={exportPath(projectId, environment)}>
        Export
      </a>
    </nav>
  );
}

function KeyTime({ frame, decrypted, redirectAfterSeconds, unsealedUntil, path }: ListProps) {
  return (
    <p class="hint">
      {decrypted ? (
        <>
          The values are on the screen. In{" "}
          <Countdown milliseconds={redirectAfterSeconds * 1000} leaveTo={path} /> this page goes back to the
          names.
        </>
      ) : (
        <>Values stay encrypted until you ask for them. </>
      )}{" "}
      The server keeps the key for another <Countdown milliseconds={unsealedUntil - frame.now} isOfKey />.
    </p>
  );
}

function Found(props: ListProps) {
  const { path, project, environment, decrypted, query, secrets, position, editing } = props;
  const found = query === "" ? plural(position.total, "secret") : `${plural(position.total, "secret")} found`;
  const search = new URLSearchParams({ ...(decrypted && { decrypt: "true" }), ...(query && { q: query }) });
  return (
    <section aria-label="Secrets" class="stack" id="secrets" data-announce={found}>
      {secrets.length === 0 ? (
        <EmptyState title={`No secret here matches “${query}”`}>
          <p>
            Names and notes are searched, values are not. <a href={path}>Show all of them</a>
          </p>
        </EmptyState>
      ) : (
        <SecretsTable
          projectId={project.id}
          environment={environment}
          secrets={secrets}
          editing={editing}
          decrypted={decrypted}
          keepsVersions={props.keepsVersions}
          generator={props.generator}
        />
      )}
      <ListPages path={search.size > 0 ? `${path}?${search}` : path} position={position} />
    </section>
  );
}

const SHOWN_DELETED = 100;

/** What was deleted, with the way to restore it. */
function DeletedSecrets({ project, environment, deleted, keepsVersions }: SecretsPageProps) {
  if (deleted.length === 0 || !keepsVersions) return null;
  return (
    <details class="panel" id="deleted">
      <summary>{plural(deleted.length, "deleted secret")}</summary>
      <ul class="deleted stack tight">
        {deleted.slice(0, SHOWN_DELETED).map(({ name, deletedAt, deletedBy }) => (
          <li>
            <a class="mono" href={secretHistoryPath(project.id, environment, name)}>
              {name}
            </a>{" "}
            <span class="hint">
              <Time at={deletedAt} /> <Actor actor={deletedBy} />
            </span>
          </li>
        ))}
      </ul>
      <p class="hint">
        The versions of each are kept: open one to restore it.
        {deleted.length > SHOWN_DELETED &&
          ` Only the last ${SHOWN_DELETED} are listed here; the changes of the environment have all of them.`}
      </p>
    </details>
  );
}

function NoSecrets({ environment, projectName }: { environment: string; projectName: string }) {
  return (
    <EmptyState title={`No secrets in ${environment} yet`}>
      <p>
        Add the first ones below, one for each variable that {projectName} needs, such as{" "}
        <code>DATABASE_URL</code>, or import the <code>.env</code> file that you have. Child projects inherit
        them. A service token then lets an app fetch them when it starts.
      </p>
    </EmptyState>
  );
}
