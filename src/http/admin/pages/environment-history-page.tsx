/** @jsxImportSource hono/jsx */
import type { ActorLabel, ProjectHead } from "../view-models.ts";
import { Actor, EmptyState, plural, Time } from "./components.tsx";
import { MomentField } from "./fields.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { environmentHistoryPath, environmentRollbackPath, secretHistoryPath } from "./paths.ts";
import { ProjectHeader } from "./project-header.tsx";

/** The first names of some secrets, and how many there are. */
interface NamedSecrets {
  names: string[];
  count: number;
}

/** One write: what somebody changed at once. */
export interface MomentRow {
  at: number;
  by: ActorLabel;
  set: NamedSecrets;
  deleted: NamedSecrets;
}

/** The form that asks for a moment; `at` as a `datetime-local` field has it, in UTC. */
export interface MomentForm {
  at: string;
  error?: string;
}

interface EnvironmentHistoryPageProps extends PageProps {
  project: ProjectHead;
  environment: string;
  /** Newest first. */
  moments: MomentRow[];
  /** The page begins before this moment. */
  before: number | undefined;
  /** What the next page begins before; undefined on the last one. */
  olderBefore: number | undefined;
  form: MomentForm;
  /** False: only the newest version of each secret is kept (VERSIONED_SECRET_VALUES). */
  isVersioned: boolean;
}

/** What changed among an environment's own secrets, and the way back to a moment. */
export function EnvironmentHistoryPage(props: EnvironmentHistoryPageProps) {
  const { frame, assets, project, environment, moments, before, form } = props;
  const isEmpty = moments.length === 0 && before === undefined;
  return (
    <Layout title={`History of ${environment} · ${project.name}`} frame={frame} assets={assets}>
      <ProjectHeader
        project={project}
        current={{ environment, below: "secrets" }}
        title={
          <>
            History of <span class="environment">{environment}</span>
          </>
        }
        lead={
          <>
            What changed among the secrets that {project.name} has itself in {environment}. What it inherits
            has its history where it comes from.
          </>
        }
      />
      {!props.isVersioned && <KeepsNewestOnly />}
      <div class="columns moment-first">
        <section aria-labelledby="changes-title" class="stack">
          <h2 id="changes-title">Changes</h2>
          {isEmpty ? (
            <EmptyState title={`Nothing has changed in ${environment} yet`}>
              <p>
                Each time secrets are saved or deleted here, it is listed with who did it and when, and you
                can go back to how everything was before.
              </p>
            </EmptyState>
          ) : (
            <Timeline {...props} />
          )}
          <TimelinePages {...props} />
        </section>
        {(!isEmpty || form.error) && (
          <aside class="card stack" aria-labelledby="moment-title">
            <h2 id="moment-title">Go back to a moment</h2>
            <RollbackMomentForm project={project} environment={environment} form={form} />
          </aside>
        )}
      </div>
    </Layout>
  );
}

/** Said on every page of the history while the setting is off. */
export function KeepsNewestOnly() {
  return (
    <p class="flash">
      <code>VERSIONED_SECRET_VALUES</code> is <code>false</code> on this server: only the newest version of
      each secret is kept, so there is little to go back to.
    </p>
  );
}

/** Asks for a moment and leads to the preview of going back to it. */
export function RollbackMomentForm({
  project,
  environment,
  form,
}: Pick<EnvironmentHistoryPageProps, "project" | "environment" | "form">) {
  return (
    <form method="get" action={environmentRollbackPath(project.id, environment)} class="stack">
      <MomentField
        id="moment"
        name="at"
        label="As it was at"
        hint={
          <>
            In <span data-zone="">UTC</span>. You see what would change first.
          </>
        }
        value={form.at}
        error={form.error}
      />
      <button type="submit" class="button primary">
        Preview
      </button>
    </form>
  );
}

function Timeline(props: EnvironmentHistoryPageProps) {
  return (
    <ol class="timeline">
      {props.moments.map((moment) => (
        <li>
          <p class="moment">
            <Time at={moment.at} /> <Actor actor={moment.by} />
          </p>
          <ChangedNames {...props} secrets={moment.set} verb="set" />
          <ChangedNames {...props} secrets={moment.deleted} verb="deleted" />
          <BackLink {...props} moment={moment} />
        </li>
      ))}
    </ol>
  );
}

function ChangedNames({
  project,
  environment,
  secrets: { names, count },
  verb,
}: EnvironmentHistoryPageProps & { secrets: NamedSecrets; verb: "set" | "deleted" }) {
  if (count === 0) return null;
  return (
    <p class="changed-names">
      <span class="badge">
        {plural(count, "secret")} {verb}
      </span>{" "}
      {names.map((name, i) => (
        <>
          {i > 0 && ", "}
          <a href={secretHistoryPath(project.id, environment, name)}>{name}</a>
        </>
      ))}
      {count > names.length && ` and ${(count - names.length).toLocaleString("en")} more`}
    </p>
  );
}

function BackLink({ project, environment, moment }: EnvironmentHistoryPageProps & { moment: MomentRow }) {
  const at = new Date(moment.at).toISOString();
  return (
    <a
      class="back-link"
      href={`${environmentRollbackPath(project.id, environment)}?at=${moment.at - 1}`}
      aria-label={`Preview going back to before this change, of ${at}`}
    >
      Preview going back to before this
    </a>
  );
}

function TimelinePages({ project, environment, before, olderBefore }: EnvironmentHistoryPageProps) {
  const path = environmentHistoryPath(project.id, environment);
  if (before === undefined && olderBefore === undefined) return null;
  return (
    <nav class="actions" aria-label="Pages of the history">
      {before !== undefined && (
        <a class="button" href={path}>
          Newest changes
        </a>
      )}
      {olderBefore !== undefined && (
        <a class="button" href={`${path}?before=${olderBefore}`} rel="next">
          Older changes
        </a>
      )}
    </nav>
  );
}
