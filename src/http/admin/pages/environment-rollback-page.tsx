/** @jsxImportSource hono/jsx */
import type { ProjectHead, ProjectLink } from "../view-models.ts";
import { ActionsHead, EmptyState, plural, Time } from "./components.tsx";
import { KeepsNewestOnly, type MomentForm, RollbackMomentForm } from "./environment-history-page.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { ListPages, type ListPosition } from "./list-pages.tsx";
import { environmentRollbackPath, secretHistoryPath } from "./paths.ts";
import { ProjectHeader } from "./project-header.tsx";

/** One secret that going back would change; what of it, or `add`: deleted since, or `delete`: not there yet. */
export interface ReturnRow {
  name: string;
  kind: "value" | "note" | "value-and-note" | "add" | "delete";
  fromVersion: number;
  /** null: it was not there. */
  toVersion: number | null;
  /** Whose secret of that name takes the place of a deleted one. */
  inheritedFrom: ProjectLink | null;
}

interface EnvironmentRollbackPageProps extends PageProps {
  project: ProjectHead;
  environment: string;
  at: number;
  /** What the preview was made from; the form carries it, so that nothing else is done than was seen. */
  state: string;
  counts: { set: number; add: number; delete: number; unchanged: number };
  /** Those of this page. */
  returns: ReturnRow[];
  position: ListPosition;
  /** Secrets whose versions of that time are not kept. */
  unreachable: string[];
  /** References that would no longer resolve: going back would be refused. */
  problems: string[];
  /** The form came from a preview that is no longer true. */
  isOther: boolean;
  form: MomentForm;
  /** False: only the newest version of each secret is kept (VERSIONED_SECRET_VALUES). */
  isVersioned: boolean;
}

/** What going back to a moment would do, before anything is done. */
export function EnvironmentRollbackPage(props: EnvironmentRollbackPageProps) {
  const { frame, assets, project, environment, at, counts, isOther, form } = props;
  const total = counts.set + counts.add + counts.delete;
  return (
    <Layout title={`Going back in ${environment} · ${project.name}`} frame={frame} assets={assets}>
      {isOther && (
        <p class="flash error" role="alert">
          Secrets were changed since that preview, so nothing was written. This is what going back would do
          now.
        </p>
      )}
      <ProjectHeader
        project={project}
        current={{ environment, below: "history" }}
        title={
          <>
            Going back in <span class="environment">{environment}</span>
          </>
        }
        lead={
          <>
            To how the secrets of {project.name} were at <Time at={at} />, exactly{" "}
            <code>{new Date(at).toISOString()}</code>. Nothing has been written yet.
          </>
        }
      />
      {!props.isVersioned && <KeepsNewestOnly />}
      <div class="columns">
        <section aria-labelledby="preview-title" class="stack">
          <h2 id="preview-title">What would change</h2>
          {total === 0 ? <NothingToDo {...props} /> : <Returns {...props} />}
          <Unreachable {...props} />
          <Problems {...props} />
          {total > 0 && props.problems.length === 0 && <ConfirmForm {...props} total={total} />}
        </section>
        <aside class="card stack" aria-labelledby="moment-title">
          <h2 id="moment-title">Another moment</h2>
          <RollbackMomentForm project={project} environment={environment} form={form} />
        </aside>
      </div>
    </Layout>
  );
}

function NothingToDo({ counts, unreachable }: EnvironmentRollbackPageProps) {
  return (
    <EmptyState title="Nothing would change">
      <p>
        {unreachable.length > 0
          ? "No secret can be set back to that moment from the versions that are kept."
          : `What there is now is what there was then: ${plural(counts.unchanged, "secret")}.`}
      </p>
    </EmptyState>
  );
}

function Returns(props: EnvironmentRollbackPageProps) {
  const { project, environment, at, counts, returns, position } = props;
  return (
    <>
      <ul class="counts" aria-label="Summary">
        <Count number={counts.set} what="set back" />
        <Count number={counts.add} what="added again" />
        <Count number={counts.delete} what="deleted" />
        <Count number={counts.unchanged} what="unchanged" />
      </ul>
      <div class="table-box">
        <table class="cards returns">
          <thead>
            <tr>
              <th scope="col">Secret</th>
              <th scope="col">What happens</th>
              <th scope="col">Version</th>
              <ActionsHead />
            </tr>
          </thead>
          <tbody>
            {returns.map((row) => (
              <tr>
                <th scope="row">
                  <span class="secret-name">{row.name}</span>
                </th>
                <td data-label="What happens">
                  <WhatHappens row={row} />
                </td>
                <td data-label="Version">
                  <Versions row={row} />
                </td>
                <td class="row-actions">
                  <LookLink {...props} row={row} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ListPages
        path={`${environmentRollbackPath(project.id, environment)}?at=${at}`}
        position={position}
        label="Pages of the preview"
      >
        Page {position.page} of {position.pages}. Going back changes the secrets of all pages.
      </ListPages>
    </>
  );
}

function Count({ number, what }: { number: number; what: string }) {
  return (
    <li class="badge">
      {number.toLocaleString("en")} {what}
    </li>
  );
}

const happenings: Readonly<Record<ReturnRow["kind"], string>> = {
  value: "Value set back",
  note: "Note set back, the value stays",
  "value-and-note": "Value and note set back",
  add: "Added again: it was deleted since",
  delete: "Deleted: it was not there yet",
};

function WhatHappens({ row }: { row: ReturnRow }) {
  return (
    <>
      {happenings[row.kind]}
      {row.inheritedFrom && (
        <p class="hint">The one inherited from {row.inheritedFrom.name} takes its place.</p>
      )}
    </>
  );
}

function Versions({ row }: { row: ReturnRow }) {
  if (row.toVersion === null) return <>{row.fromVersion}</>;
  return (
    <>
      {row.fromVersion} <span aria-hidden="true">→</span> <span class="visually-hidden">back to</span>{" "}
      {row.toVersion}
    </>
  );
}

/** Values are not on this page: each can be looked at by itself, which the audit tells. */
function LookLink({
  project,
  environment,
  row: { name, kind, fromVersion, toVersion },
}: EnvironmentRollbackPageProps & { row: ReturnRow }) {
  const path = secretHistoryPath(project.id, environment, name);
  const shown = toVersion ?? fromVersion;
  const isOne = kind === "add" || kind === "delete";
  return isOne ? (
    <a
      class="button quiet"
      href={`${path}?decrypt=true&version=${shown}&before=${shown + 1}`}
      aria-label={`Show value of ${name}`}
    >
      Show value
    </a>
  ) : (
    <a
      class="button quiet"
      href={`${path}?from=${fromVersion}&to=${toVersion}`}
      aria-label={`Compare the versions of ${name}`}
    >
      Compare
    </a>
  );
}

/** As many names as are read in a sentence. */
const toldNames = 50;

function Unreachable({ unreachable }: EnvironmentRollbackPageProps) {
  if (unreachable.length === 0) return null;
  const rest = unreachable.length - toldNames;
  return (
    <div class="flash">
      <p>
        {plural(unreachable.length, "secret")} cannot be set back, and{" "}
        {unreachable.length === 1 ? "stays" : "stay"} as now: the versions of that time were not kept, because{" "}
        <code>VERSIONED_SECRET_VALUES</code> was <code>false</code> when a later one was saved.
      </p>
      <p class="name-list">
        {unreachable.slice(0, toldNames).join(", ")}
        {rest > 0 && ` and ${rest.toLocaleString("en")} more`}
      </p>
    </div>
  );
}

/** As many problems as are told one by one. */
const toldProblems = 10;

function Problems({ problems }: EnvironmentRollbackPageProps) {
  if (problems.length === 0) return null;
  return (
    <div class="flash error">
      <p>This cannot be done as it is, because references would no longer resolve:</p>
      <ul class="advice">
        {problems.slice(0, toldProblems).map((problem) => (
          <li>{problem}</li>
        ))}
      </ul>
      {problems.length > toldProblems && <p>And {problems.length - toldProblems} more.</p>}
    </div>
  );
}

function ConfirmForm({
  project,
  environment,
  at,
  state,
  total,
  isVersioned,
}: EnvironmentRollbackPageProps & { total: number }) {
  return (
    <form method="post" action={environmentRollbackPath(project.id, environment)} class="card stack">
      <input type="hidden" name="at" value={at} />
      <input type="hidden" name="state" value={state} />
      <input type="hidden" name="confirm" value="true" />
      <p>
        All of it is done in one step, or none. Apps get the result at their next fetch, those of child
        projects that inherit from {project.name} too.{" "}
        {isVersioned
          ? "Each change is a new version, so the history stays and this can be taken back in the same way."
          : "What is replaced is not kept, so this cannot be taken back."}
      </p>
      <button type="submit" class="button primary">
        Go back: change {plural(total, "secret")}
      </button>
    </form>
  );
}
