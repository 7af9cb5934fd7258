/** @jsxImportSource hono/jsx */
import type { ProjectForm, RootNode } from "../view-models.ts";
import { EmptyState, plural, SealState } from "./components.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { projectPath } from "./paths.ts";
import { CreateProjectForm } from "./project-forms.tsx";
import { countBelow, ProjectTree } from "./project-tree.tsx";

/** Up to this many projects, every branch is open when the page arrives. */
const OPEN_UP_TO = 60;

interface ProjectsPageProps extends PageProps {
  roots: RootNode[];
  form: ProjectForm;
}

/** Every project as a tree, each root with its seal state, and the form for a new root. */
export function ProjectsPage({ frame, assets, roots, form }: ProjectsPageProps) {
  const total = roots.length + countBelow(roots);
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
        <section aria-label="All projects">
          {total === 0 ? (
            <EmptyState title="No projects yet">
              <p>
                A <strong>root project</strong> stands for something you look after: a product, a client, a
                team. It has one master key, and everything below it opens with that key.
              </p>
              <p>
                Its <strong>child projects</strong>, one for each service for example, inherit its secrets and
                may override them. Create the first root with the form on this page.
              </p>
            </EmptyState>
          ) : (
            <ul class="roots stack">
              {roots.map((root) => (
                <Root root={root} now={frame.now} open={total <= OPEN_UP_TO} />
              ))}
            </ul>
          )}
        </section>
        <aside class="card stack" id="new-project" aria-labelledby="new-project-title">
          <h2 id="new-project-title">New root project</h2>
          <CreateProjectForm id="new-root" form={form} isRoot />
        </aside>
      </div>
    </Layout>
  );
}

function Root({ root, now, open }: { root: RootNode; now: number; open: boolean }) {
  const below = countBelow([root]);
  return (
    <li class="card root">
      <div class="root-head">
        <h2>
          <a href={projectPath(root.id)}>{root.name}</a>
        </h2>
        <SealState unsealedUntil={root.unsealedUntil} now={now} />
      </div>
      {root.description && <p class="hint">{root.description}</p>}
      {below > 0 && (
        <details open={open}>
          <summary aria-label={`${plural(below, "project")} below ${root.name}`}>
            {plural(below, "project")} below
          </summary>
          <ProjectTree projects={root.children} />
        </details>
      )}
    </li>
  );
}
