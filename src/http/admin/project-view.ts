import type { Context } from "hono";
import { type DeletionSummary, summariseDeletion } from "../../vault/project-summary.ts";
import { getProject, type Project, pathTo, readTree, type Tree } from "../../vault/tree.ts";
import type { AppEnv } from "../app-env.ts";
import type { Doomed } from "./pages/project-forms.tsx";
import type { ProjectDetails } from "./pages/project-page.tsx";
import { childrenByParent, chooseLines, projectFacts, projectLine, projectNodes } from "./project-nodes.ts";
import { sliceOf } from "./slices.ts";
import type { FieldErrors, ProjectForm, ProjectLink } from "./view-models.ts";

/** What the project pages show, from the database and the session. */

export function emptyProjectForm(parentId: number | undefined): ProjectForm {
  return { name: "", description: "", parentId: parentId === undefined ? "" : String(parentId), errors: {} };
}

/** A form as it came, with what is wrong with it. */
export function projectForm(
  fields: { name: string; description: string; parentId: string },
  errors: FieldErrors,
): ProjectForm {
  return { ...fields, errors };
}

/** When this session's key of a root ends; null where it is sealed. */
export function unsealedUntil(c: Context<AppEnv>, rootId: number): number | null {
  return c.var.session?.keyring.unsealedUntil(rootId) ?? null;
}

function link({ id, name }: ProjectLink): ProjectLink {
  return { id, name };
}

/** A project with where it is, what is below it and how it is filled. Throws SecretsflyError `not-found`. */
export async function projectDetails(
  c: Context<AppEnv>,
  id: number,
  page: number,
): Promise<{ details: ProjectDetails; tree: Tree; project: Project }> {
  const { vault } = c.var;
  const project = await getProject(vault.db, id);
  const tree = await readTree(vault.db, project.rootId);
  const path = pathTo(tree, id);
  const children = childrenByParent(tree.projects.values());
  const { items, position } = sliceOf(children.get(id) ?? [], page);
  const chosen = chooseLines(items, children);
  const [facts, doomed] = await Promise.all([
    projectFacts(vault, new Set([...path, ...chosen])),
    summariseDeletion(vault, tree, id),
  ]);
  const until = unsealedUntil(c, project.rootId);
  const details: ProjectDetails = {
    ...projectLine(project, facts),
    children: projectNodes(items, children, chosen, facts),
    childrenPosition: position,
    ancestors: path.slice(0, -1).map(link),
    root: link(path[0] ?? project),
    unsealedUntil: until,
    doomed: doomedWith(doomed, until !== null),
  };
  return { details, tree, project };
}

/** More than a person reads before they delete. */
const shownNames = 10;

/** What goes with a project; tokens are only counted while it is sealed. */
function doomedWith({ projects, environments, tokens }: DeletionSummary, unsealed: boolean): Doomed {
  return {
    projects: { count: projects.length, names: projects.slice(0, shownNames).map(({ name }) => name) },
    environments,
    tokens: unsealed ? tokens : { ...tokens, latest: [] },
  };
}
