import type { Context } from "hono";
import { listProjects } from "../../vault/projects.ts";
import type { Project } from "../../vault/tree.ts";
import type { AppEnv } from "../app-env.ts";
import type { ListPosition } from "./pages/list-pages.tsx";
import type { FoundProject, ProjectSearch, RootNode } from "./pages/projects-page.tsx";
import {
  childrenByParent,
  chooseLines,
  countBelow,
  projectFacts,
  projectLine,
  projectNodes,
} from "./project-nodes.ts";
import { holdsAll, pathOf, pathText, searchWords } from "./project-search.ts";
import { unsealedUntil } from "./project-view.ts";
import { pageNumber, sliceOf } from "./slices.ts";

/** What the list of projects shows, from the database and the session. */
export interface ProjectList {
  /** All projects there are. */
  total: number;
  roots: RootNode[];
  position: ListPosition;
  search: ProjectSearch | undefined;
}

/** A page of all trees, roots with their seal state in this session; or what a search finds. */
export async function projectList(c: Context<AppEnv>): Promise<ProjectList> {
  const projects = await listProjects(c.var.vault);
  const children = childrenByParent(projects);
  const query = (c.req.query("q") ?? "").trim();
  const { items, position } = sliceOf(children.get(null) ?? [], pageNumber(c));
  const shared = { total: projects.length, position };
  if (query !== "") return { ...shared, roots: [], search: await search(c, projects, query) };
  const chosen = chooseLines(items, children);
  const facts = await projectFacts(c.var.vault, chosen);
  const roots = projectNodes(items, children, chosen, facts).map((root) => ({
    ...root,
    below: countBelow(root.id, children),
    unsealedUntil: unsealedUntil(c, root.id),
  }));
  return { ...shared, roots, search: undefined };
}

const shownHits = 100;

async function search(
  c: Context<AppEnv>,
  projects: readonly Project[],
  query: string,
): Promise<ProjectSearch> {
  const words = searchWords(query);
  const byId = new Map(projects.map((project) => [project.id, project]));
  const found = projects
    .filter(({ name, description }) => holdsAll(`${name}\n${description}`, words))
    .map((project) => ({ project, path: pathOf(project, byId), isNamed: holdsAll(project.name, words) }))
    .sort((a, b) => Number(b.isNamed) - Number(a.isNamed) || comparePaths(a.path, b.path));
  const shown = found.slice(0, shownHits);
  // A summary needs the ancestors too.
  const facts = await projectFacts(c.var.vault, new Set(shown.flatMap(({ path }) => path)));
  const hits = shown.map(
    ({ project, path }): FoundProject => ({
      ...projectLine(project, facts),
      ancestors: path.slice(0, -1).map(({ id, name }) => ({ id, name })),
      unsealed: unsealedUntil(c, project.rootId) !== null,
    }),
  );
  return { query, hits, found: found.length };
}

function comparePaths(a: readonly Project[], b: readonly Project[]): number {
  return pathText(a).localeCompare(pathText(b), "en");
}
