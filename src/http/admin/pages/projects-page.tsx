/** @jsxImportSource hono/jsx */
import type { ProjectForm, ProjectLink } from "../view-models.ts";
import { EmptyState, FindForm, plural, SealState } from "./components.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { ListPages, type ListPosition } from "./list-pages.tsx";
import { projectPath, projectsPath } from "./paths.ts";
import { CreateProjectForm } from "./project-forms.tsx";
import {
  EndingTokens,
  More,
  type ProjectLine,
  type ProjectNode,
  ProjectTree,
  SecretCounts,
} from "./project-tree.tsx";

/** Up to this many projects, every branch is open when the page arrives. */
const OPEN_UP_TO = 60;

/** A tree with its root's seal state in this session; null is sealed. */
export interface RootNode extends ProjectNode {
  unsealedUntil: number | null;
  /** How many projects are below it, at any depth. */
  below: number;
}

/** A project that a search found, with where it is. */
export interface FoundProject extends ProjectLine {
  /** From the root down to the parent; empty for a root. */
  ancestors: readonly ProjectLink[];
  /** Its root is unsealed in this session. */
  unsealed: boolean;
}

/** What a search found; `found` counts all of it, `hits` is as much as fits. */
export interface ProjectSearch {
  query: string;
  hits: readonly FoundProject[];
  found: number;
}

interface ProjectsPageProps extends PageProps {
  /** All projects there are. */
  total: number;
  roots: readonly RootNode[];
  /** Which of the roots the page shows. */
  position: ListPosition;
  search: ProjectSearch | undefined;
  form: ProjectForm;
}

/** Every project as a tree, each root with its seal state, a search, and the form for a new root. */
export function ProjectsPage(props: ProjectsPageProps) {
  const { frame, assets, total, form } = props;
  return (
    <Layout title="Projects" frame={frame} assets={assets}>
      <div class="page-head">
        <h1>Projects</h1>
        {total > 0 && (
          <a class="button narrow-only" href="#new-project">
            New root project
          </a>
        )}
      </div>
      <div class="columns">
        {total === 0 ? <Beginning /> : <Projects {...props} />}
        <aside class="card stack" id="new-project" aria-labelledby="new-project-title">
          <h2 id="new-project-title">New root project</h2>
          <CreateProjectForm id="new-root" form={form} isRoot />
        </aside>
      </div>
    </Layout>
  );
}

function Beginning() {
  return (
    <EmptyState title="No projects yet">
      <p>
        A <strong>root project</strong> stands for something you look after: a product, a client, a team. It
        has one master key, and everything below it opens with that key.
      </p>
      <p>
        Its <strong>child projects</strong>, one for each service for example, inherit its secrets and may
        override them. Create the first root with the form on this page.
      </p>
    </EmptyState>
  );
}

function Projects(props: ProjectsPageProps) {
  const { total, search } = props;
  return (
    <div class="stack">
      <FindForm
        path={projectsPath}
        id="find-project"
        label="Find a project"
        placeholder={`Find one of ${plural(total, "project")}`}
        query={search?.query ?? ""}
        live="projects"
      />
      {search ? <Found search={search} /> : <Forest {...props} />}
    </div>
  );
}

function Forest({ frame, total, roots, position }: ProjectsPageProps) {
  return (
    <section
      id="projects"
      class="stack"
      aria-label="All projects"
      data-announce={`All ${plural(total, "project")}`}
    >
      <ul class="roots stack">
        {roots.map((root) => (
          <Root root={root} now={frame.now} open={total <= OPEN_UP_TO} />
        ))}
      </ul>
      <ListPages path={projectsPath} position={position} />
    </section>
  );
}

function Root({ root, now, open }: { root: RootNode; now: number; open: boolean }) {
  const { below } = root;
  const unsealed = root.unsealedUntil !== null && root.unsealedUntil > now;
  return (
    <li class="card root">
      <div class="root-head">
        <h2>
          <a href={projectPath(root.id)}>{root.name}</a>
        </h2>
        <SealState unsealedUntil={root.unsealedUntil} now={now} />
      </div>
      <div class="project-line">
        <p class="hint">
          {root.description} <EndingTokens project={root} />
        </p>
        <SecretCounts project={root} unsealed={unsealed} />
      </div>
      {below > 0 && (
        <details open={open}>
          <summary aria-label={`${plural(below, "project")} below ${root.name}`}>
            {plural(below, "project")} below
          </summary>
          {root.children.length > 0 && <ProjectTree projects={root.children} unsealed={unsealed} />}
          <More project={root} />
        </details>
      )}
    </li>
  );
}

function Found({ search }: { search: ProjectSearch }) {
  const { query, hits, found } = search;
  const title = found === 0 ? `No project for “${query}”` : `${plural(found, "project")} for “${query}”`;
  return (
    <section id="projects" class="stack tight" aria-labelledby="found-title" data-announce={title}>
      <div class="root-head">
        <h2 id="found-title">{title}</h2>
        <a href={projectsPath}>Show all</a>
      </div>
      {found === 0 ? (
        <p class="hint">Every word that you type must be in a project’s name or description.</p>
      ) : (
        <ul class="card project-hits">
          {hits.map((hit) => (
            <Hit hit={hit} />
          ))}
        </ul>
      )}
      {found > hits.length && (
        <p class="hint">
          These are the first {hits.length} of {found.toLocaleString("en")}. Type more to find the others.
        </p>
      )}
    </section>
  );
}

function Hit({ hit }: { hit: FoundProject }) {
  return (
    <li class="project-line">
      <div>
        {hit.ancestors.length > 0 && (
          <span class="hint">{hit.ancestors.map(({ name }) => name).join(" / ")} / </span>
        )}
        <a href={projectPath(hit.id)}>{hit.name}</a>
        {hit.description && <span class="hint"> {hit.description}</span>} <EndingTokens project={hit} />
      </div>
      <SecretCounts project={hit} unsealed={hit.unsealed} />
    </li>
  );
}
