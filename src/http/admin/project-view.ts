import type { Context } from "hono";
import { listEnvironments } from "../../vault/environments.ts";
import { countSecrets, listProjects } from "../../vault/projects.ts";
import { getProject, type Project, pathTo, readTree, subtreeOf } from "../../vault/tree.ts";
import type { AppEnv } from "../app-env.ts";
import type {
  FieldErrors,
  ProjectDetails,
  ProjectForm,
  ProjectLink,
  ProjectNode,
  RootNode,
} from "./view-models.ts";

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

/** All trees, each level in alphabetical order, roots with their seal state in this session. */
export async function projectRoots(c: Context<AppEnv>): Promise<RootNode[]> {
  const projects = await listProjects(c.var.vault);
  return nodesBelow(null, childrenByParent(projects)).map((root) => ({
    ...root,
    unsealedUntil: unsealedUntil(c, root.id),
  }));
}

type Children = ReadonlyMap<number | null, Project[]>;

function childrenByParent(projects: Iterable<Project>): Children {
  return Map.groupBy(projects, ({ parentId }) => parentId);
}

function nodesBelow(parentId: number | null, children: Children): ProjectNode[] {
  return (children.get(parentId) ?? [])
    .toSorted((a, b) => a.name.localeCompare(b.name, "en"))
    .map(({ id, name, description }) => ({ id, name, description, children: nodesBelow(id, children) }));
}

/** When this session's key of a root ends; null where it is sealed. */
export function unsealedUntil(c: Context<AppEnv>, rootId: number): number | null {
  return c.var.session?.keyring.unsealedUntil(rootId) ?? null;
}

function link({ id, name }: ProjectLink): ProjectLink {
  return { id, name };
}

/** A project with where it is, what is below it and how many secrets it has. Throws SecretsflyError `not-found`. */
export async function projectDetails(
  c: Context<AppEnv>,
  id: number,
): Promise<{ details: ProjectDetails; parentChoices: ProjectLink[]; parentId: number | null }> {
  const { vault } = c.var;
  const project = await getProject(vault.db, id);
  const [tree, environments, counts] = await Promise.all([
    readTree(vault.db, project.rootId),
    listEnvironments(vault),
    countSecrets(vault, id),
  ]);
  const path = pathTo(tree, id);
  const below = new Set(subtreeOf(tree, id).map((member) => member.id));
  const details: ProjectDetails = {
    ...link(project),
    description: project.description,
    children: nodesBelow(id, childrenByParent(tree.projects.values())),
    ancestors: path.slice(0, -1).map(link),
    root: link(path[0] ?? project),
    unsealedUntil: unsealedUntil(c, project.rootId),
    environments: environments.map((environment) => {
      const { own, inherited } = counts.get(environment.id) ?? { own: 0, inherited: 0 };
      return { name: environment.name, own, inherited, hasKeys: counts.has(environment.id) };
    }),
  };
  // By their whole path, since two projects of one tree may have the same name.
  const parentChoices = [...tree.projects.values()]
    .filter((other) => !below.has(other.id))
    .map((other) => ({
      id: other.id,
      name: pathTo(tree, other.id)
        .map(({ name }) => name)
        .join(" / "),
    }))
    .toSorted((a, b) => a.name.localeCompare(b.name, "en"));
  return { details, parentChoices, parentId: project.parentId };
}
