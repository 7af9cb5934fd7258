/** @jsxImportSource hono/jsx */
import type { ProjectHead, ProjectLink } from "../view-models.ts";
import { Countdown, EmptyState } from "./components.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { environmentHistoryPath, secretHistoryPath } from "./paths.ts";
import { ProjectHeader } from "./project-header.tsx";
import { CompareForm, type Comparison, ComparisonCard } from "./version-comparison.tsx";
import { type VersionRow, VersionsTable, type VersionsTableProps } from "./version-table.tsx";

interface HistoryPlace extends PageProps {
  project: ProjectHead;
  environment: string;
  name: string;
}

interface SecretHistoryPageProps extends HistoryPlace, VersionsTableProps {
  project: ProjectHead;
  /** Whose secret of this name it hides, or whose took its place when it was deleted. */
  from: ProjectLink | null;
  /** The page begins below this version. */
  before: number | undefined;
  /** What the next page begins below; undefined on the last one. */
  olderBefore: number | undefined;
  comparison: Comparison | undefined;
  /** Whether rows carry values. */
  decrypted: boolean;
  redirectAfterSeconds: number;
  error: string | undefined;
}

/** All versions of one secret: who made them and when, what differs, and the way back. */
export function SecretHistoryPage(props: SecretHistoryPageProps) {
  const { frame, assets, project, environment, name, versions, comparison, error } = props;
  const isAlone = versions.length === 1 && props.before === undefined;
  return (
    <Layout title={`History of ${name} · ${project.name}`} frame={frame} assets={assets}>
      <HistoryHeader {...props} />
      {error && (
        <p class="flash error" role="alert">
          {error}
        </p>
      )}
      {comparison && <ComparisonCard {...props} comparison={comparison} />}
      <section aria-labelledby="versions-title" class="stack">
        <div class="page-head">
          <h2 id="versions-title">Versions</h2>
          <ValuesLink {...props} />
        </div>
        <p class="hint">
          <HistoryHint {...props} />
        </p>
        <VersionsTable {...props} />
        <HistoryPages {...props} />
      </section>
      {!isAlone && <CompareForm {...props} />}
      <p class="hint">
        <a href={environmentHistoryPath(project.id, environment)}>
          All changes of {project.name} in {environment}
        </a>
        , with the way back to a moment.
      </p>
    </Layout>
  );
}

/** Where a name is seen here but never was its own: its history is kept where it comes from. */
export function InheritedHistoryPage(props: HistoryPlace & { from: ProjectLink }) {
  const { frame, assets, project, environment, name, from } = props;
  return (
    <Layout title={`History of ${name} · ${project.name}`} frame={frame} assets={assets}>
      <ProjectHeader
        project={project}
        current={{ environment, below: "secrets" }}
        title={<HistoryTitle {...props} />}
      />
      <EmptyState title={`${project.name} never had a ${name} of its own in ${environment}`}>
        <p>
          It inherits {name} from {from.name}, and its versions are kept there:{" "}
          <a href={secretHistoryPath(from.id, environment, name)}>
            history of {name} in {from.name}
          </a>
          .
        </p>
      </EmptyState>
    </Layout>
  );
}

function HistoryTitle({ name, environment }: { name: string; environment: string }) {
  return (
    <>
      History of <span class="history-name">{name}</span> in <span class="environment">{environment}</span>
    </>
  );
}

function HistoryHeader(props: SecretHistoryPageProps) {
  const { project, environment, name, deleted, from } = props;
  const there = from && (
    <a href={secretHistoryPath(from.id, environment, name)}>
      the {name} of {from.name}
    </a>
  );
  return (
    <ProjectHeader
      project={project}
      current={{ environment, below: "secrets" }}
      title={<HistoryTitle {...props} />}
      lead={
        deleted ? (
          <>
            {name} is deleted here. {there ? <>Apps now get {there}.</> : <>Apps no longer get it.</>}{" "}
            {props.versions.some(isValueKept) && <>Any version that has a value can be restored.</>}
          </>
        ) : (
          there && <>This one hides {there}.</>
        )
      }
    />
  );
}

function isValueKept({ change }: VersionRow): boolean {
  return change !== "deleted";
}

/** What the list is to be read with: values on the screen, versions that are not kept, what rolling back does. */
function HistoryHint(props: SecretHistoryPageProps) {
  const { decrypted, isVersioned, redirectAfterSeconds, project, environment, name, version } = props;
  const path = secretHistoryPath(project.id, environment, name);
  if (decrypted) {
    return (
      <>
        Values are on the screen. In <Countdown milliseconds={redirectAfterSeconds * 1000} leaveTo={path} />{" "}
        this page hides them again.
      </>
    );
  }
  if (!isVersioned) {
    return (
      <>
        <code>VERSIONED_SECRET_VALUES</code> is <code>false</code> on this server: only the newest version of
        a secret is kept, and each change drops the ones before it.
      </>
    );
  }
  return (
    <>
      Going back makes a new version, number {version + 1}, with the old value and note, and loses nothing.
      Apps get it at their next fetch, those of child projects that inherit {name} too.
    </>
  );
}

function ValuesLink({ project, environment, name, before, decrypted }: SecretHistoryPageProps) {
  const path = secretHistoryPath(project.id, environment, name);
  const page = before === undefined ? "" : `before=${before}`;
  return decrypted ? (
    <a class="button" href={page ? `${path}?${page}` : path}>
      Hide values
    </a>
  ) : (
    <a class="button" href={`${path}?decrypt=true${page && `&${page}`}`}>
      Show values
    </a>
  );
}

function HistoryPages({ project, environment, name, before, olderBefore }: SecretHistoryPageProps) {
  const path = secretHistoryPath(project.id, environment, name);
  if (before === undefined && olderBefore === undefined) return null;
  return (
    <nav class="actions" aria-label="Pages of the history">
      {before !== undefined && (
        <a class="button" href={path}>
          Newest versions
        </a>
      )}
      {olderBefore !== undefined && (
        <a class="button" href={`${path}?before=${olderBefore}`} rel="next">
          Older versions
        </a>
      )}
    </nav>
  );
}
