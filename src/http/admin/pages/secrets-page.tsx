/** @jsxImportSource hono/jsx */
import type { ProjectLink, SecretEdit, SecretFormRow, SecretRow } from "../view-models.ts";
import { Breadcrumbs, Countdown, EmptyState } from "./components.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { environmentSecretsPath } from "./paths.ts";
import { AddSecretsForm } from "./secret-forms.tsx";
import { SecretNamesTable, SecretValuesTable } from "./secret-tables.tsx";

interface SecretsPageProps extends PageProps {
  project: ProjectLink & { ancestors: ProjectLink[] };
  environment: string;
  environments: string[];
  /** Whether the rows carry their values. */
  decrypted: boolean;
  /** When the values leave the screen. */
  redirectAfterSeconds: number;
  /** When the server forgets the key; this page is only shown while it holds it. */
  unsealedUntil: number;
  secrets: SecretRow[];
  /** The row whose form is open on the decrypted page. */
  editing?: SecretEdit | undefined;
  form: { rows: SecretFormRow[]; error?: string | undefined };
}

/** The secrets of one project in one environment: names only, or with values for a while. */
export function SecretsPage(props: SecretsPageProps) {
  const { frame, assets, project, environment, decrypted, redirectAfterSeconds, secrets, form } = props;
  const namesPath = environmentSecretsPath(project.id, environment);
  return (
    <Layout title={`${project.name} · ${environment}`} frame={frame} assets={assets}>
      <Breadcrumbs projects={[...project.ancestors, { id: project.id, name: project.name }]} />
      <div class="page-head">
        <h1>
          Secrets of {project.name} in <span class="environment">{environment}</span>
        </h1>
        {secrets.length > 0 && (
          <div class="actions">
            <a class="button" href="#add-secrets">
              Add secrets
            </a>
            {decrypted ? (
              <a class="button primary" href={namesPath}>
                Hide values
              </a>
            ) : (
              <a class="button primary" href={`${namesPath}?decrypt=true`}>
                Decrypt
              </a>
            )}
          </div>
        )}
      </div>
      <EnvironmentTabs {...props} />
      <section aria-label="Secrets" class="stack">
        <p class="hint">
          {decrypted ? (
            <>
              The values are on the screen. In <ValuesLeave seconds={redirectAfterSeconds} to={namesPath} />{" "}
              this page goes back to the names.
            </>
          ) : (
            <>Values stay encrypted until you ask for them. </>
          )}{" "}
          The server keeps the key for another <Countdown milliseconds={props.unsealedUntil - frame.now} />.
        </p>
        {secrets.length === 0 && <NoSecrets environment={environment} projectName={project.name} />}
        {secrets.length > 0 &&
          (decrypted ? (
            <SecretValuesTable
              projectId={project.id}
              environment={environment}
              secrets={secrets}
              editing={props.editing}
            />
          ) : (
            <SecretNamesTable projectId={project.id} environment={environment} secrets={secrets} />
          ))}
      </section>
      <section class="card stack" id="add-secrets" aria-labelledby="add-secrets-title">
        <h2 id="add-secrets-title">Add secrets</h2>
        <AddSecretsForm action={namesPath} decrypted={decrypted} rows={form.rows} error={form.error} />
      </section>
    </Layout>
  );
}

function ValuesLeave({ seconds, to }: { seconds: number; to: string }) {
  return <Countdown milliseconds={seconds * 1000} leaveTo={to} />;
}

/** The same project in its other environments. */
function EnvironmentTabs({ project, environment, environments }: SecretsPageProps) {
  if (environments.length < 2) return null;
  return (
    <nav class="tabs" aria-label="Environments">
      {environments.map((name) => (
        <a
          href={environmentSecretsPath(project.id, name)}
          aria-current={name === environment ? "page" : undefined}
        >
          {name}
        </a>
      ))}
    </nav>
  );
}

function NoSecrets({ environment, projectName }: { environment: string; projectName: string }) {
  return (
    <EmptyState title={`No secrets in ${environment} yet`}>
      <p>
        Add the first ones below, one for each variable that {projectName} needs, such as{" "}
        <code>DATABASE_URL</code>. Child projects inherit them. A service token then lets an app fetch them
        when it starts.
      </p>
    </EmptyState>
  );
}
