/** @jsxImportSource hono/jsx */
import type { FieldErrors, ProjectHead } from "../view-models.ts";
import { type CompareFilter, compareAddress, wholeComparison } from "./compare-address.ts";
import { type CopyChoice, CopySection } from "./compare-copy.tsx";
import { CompareFilterForm } from "./compare-filter-form.tsx";
import { CompareCounts, type ComparedRows, CompareTable, type Lacking } from "./compare-table.tsx";
import { EmptyState, plural } from "./components.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { comparePath, environmentSecretsPath, projectPath } from "./paths.ts";
import { ProjectHeader } from "./project-header.tsx";

interface ComparePageProps extends PageProps {
  project: ProjectHead;
  filter: CompareFilter;
  /** Environments of the project that can be compared. */
  available: readonly string[];
  compared: ComparedRows;
  lacking: readonly Lacking[];
  /** Present while something is being copied. */
  copy?: { choice: CopyChoice; errors: FieldErrors } | undefined;
}

/** What a project's environments have in common and what not: names and places, never values. */
export function ComparePage(props: ComparePageProps) {
  const { frame, assets, project, filter, copy } = props;
  const parent = project.ancestors.at(-1);
  return (
    <Layout title={`Compare · ${project.name}`} frame={frame} assets={assets}>
      <ProjectHeader
        project={project}
        current="compare"
        title={
          filter.with === "parent" && parent ? (
            <>
              Compare {project.name} with {parent.name}
            </>
          ) : (
            <>Compare {project.name}</>
          )
        }
        lead={
          filter.with === "parent" && parent ? (
            <>
              What {project.name} takes from {parent.name}, what it overrides, and what it adds. Nothing of{" "}
              {parent.name} is ever missing here: all of it is inherited.
            </>
          ) : (
            <>Which secrets each environment of {project.name} has, and where their values are the same.</>
          )
        }
      />
      {parent && <Modes projectId={project.id} filter={filter} parentName={parent.name} />}
      {filter.with === "parent" && !parent ? (
        <EmptyState title={`${project.name} is a root project`}>
          <p>
            It has no parent to compare with. <a href={comparePath(project.id)}>Compare its environments</a>{" "}
            with each other.
          </p>
        </EmptyState>
      ) : copy ? (
        <CopySection projectId={project.id} filter={filter} choice={copy.choice} errors={copy.errors} />
      ) : (
        <Compared {...props} />
      )}
    </Layout>
  );
}

/** What the environments are compared with. */
function Modes({
  projectId,
  filter,
  parentName,
}: {
  projectId: number;
  filter: CompareFilter;
  parentName: string;
}) {
  const { environments, q } = filter;
  const mode = (kind: CompareFilter["with"], text: string) => (
    <a
      class="button"
      href={compareAddress(projectId, { ...wholeComparison, environments, q, with: kind })}
      aria-current={filter.with === kind ? "page" : undefined}
    >
      {text}
    </a>
  );
  return (
    <nav class="actions compare-modes" aria-label="Compare with">
      {mode("environments", "Environments with each other")}
      {mode("parent", `With the parent, ${parentName}`)}
    </nav>
  );
}

function Compared(props: ComparePageProps) {
  const { project, filter, available, compared } = props;
  const all = compared.counts.get("all") ?? 0;
  const isParent = filter.with === "parent";
  if (!isParent && available.length < 2) return <OneEnvironment {...props} />;
  if (all === 0 && filter.environments.length === 0) {
    return (
      <EmptyState title="Nothing to compare yet">
        <p>
          Add secrets in <EnvironmentLinks project={project} />: here you then see which environment lacks
          which, and where values differ.
        </p>
      </EmptyState>
    );
  }
  return (
    <>
      <CompareFilterForm projectId={project.id} filter={filter} available={available} />
      <section
        id="comparison"
        class="stack"
        aria-label="Result"
        data-announce={`${plural(compared.position.total, "name")} found`}
      >
        {!isParent && compared.environments.length < 2 ? (
          <EmptyState title="Choose two environments or more">
            <p>One alone has nothing to be compared with.</p>
          </EmptyState>
        ) : (
          <Result {...props} />
        )}
      </section>
    </>
  );
}

function Result(props: ComparePageProps) {
  const { project, filter, compared, lacking } = props;
  const table = { projectId: project.id, filter, compared };
  return (
    <>
      {hasKeyless(props) && <KeylessHint {...props} />}
      <CompareCounts {...table} />
      {filter.with === "environments" && (
        <LackingList projectId={project.id} filter={filter} lacking={lacking} />
      )}
      {compared.position.total === 0 ? (
        <EmptyState title={filter.q === "" ? "Nothing of this kind" : `No such name like “${filter.q}”`}>
          <p>
            <a href={compareAddress(project.id, { ...filter, q: "", show: "all", page: 1 })}>
              Show all names
            </a>
          </p>
        </EmptyState>
      ) : (
        <>
          <CompareTable {...table} />
          <Legend withParent={filter.with === "parent"} />
        </>
      )}
    </>
  );
}

/** What each environment lacks, with the way to add it. */
function LackingList({
  projectId,
  filter,
  lacking,
}: {
  projectId: number;
  filter: CompareFilter;
  lacking: readonly Lacking[];
}) {
  if (lacking.length === 0) return null;
  return (
    <ul class="actions lacking" aria-label="What is missing">
      {lacking.map(({ environment, from, count }) => (
        <li>
          <a
            class="button"
            href={compareAddress(projectId, { ...filter, from, to: environment, q: "", page: 1 })}
          >
            Add what {environment} lacks ({count.toLocaleString("en")})
          </a>
        </li>
      ))}
    </ul>
  );
}

function Legend({ withParent }: { withParent: boolean }) {
  return (
    <p class="hint">
      {withParent ? (
        <>
          An override with the same value changes nothing until the parent’s value changes: it then stays
          behind. Open it to delete it, and the parent’s takes its place.
        </>
      ) : (
        <>
          In a row, the same letter is the same value; <span class="group same">=</span> is the same in all
          that have it. Values are compared as they were written; a line below the summary tells where apps
          get something else because of a reference such as <code>{"${DB_HOST}"}</code>.
        </>
      )}
    </p>
  );
}

function OneEnvironment(props: ComparePageProps) {
  return (
    <EmptyState title="There is only one environment">
      {hasKeyless(props) ? (
        <KeylessHint {...props} />
      ) : (
        <p>
          The setting <code>AVAILABLE_ENVIRONMENTS</code> names them: with a second one, such as{" "}
          <code>staging</code>, you see here what the two have in common.
        </p>
      )}
    </EmptyState>
  );
}

/** Whether environments were added to the settings since the project was unsealed. */
function hasKeyless({ project, available }: ComparePageProps): boolean {
  return project.environments.length > available.length;
}

function KeylessHint({ project, available }: ComparePageProps) {
  const keyless = project.environments.filter((name) => !available.includes(name));
  return (
    <p class="hint">
      {keyless.join(", ")} {keyless.length === 1 ? "was" : "were"} added to the settings since {project.name}{" "}
      was unsealed. <a href={projectPath(project.id)}>Seal it and unseal it again</a> to have{" "}
      {keyless.length === 1 ? "it" : "them"} here.
    </p>
  );
}

function EnvironmentLinks({ project }: { project: ProjectHead }) {
  return (
    <>
      {project.environments.map((name, i) => (
        <>
          {i > 0 && (i === project.environments.length - 1 ? " or " : ", ")}
          <a href={environmentSecretsPath(project.id, name)}>{name}</a>
        </>
      ))}
    </>
  );
}
