import type { Context } from "hono";
import { listEnvironments } from "../../vault/environments.ts";
import { type Project, pathTo, type Tree } from "../../vault/tree.ts";
import type { AppEnv } from "../app-env.ts";
import type { ProjectHead } from "./view-models.ts";

/** What every page of a project begins with. */
export async function projectHead(c: Context<AppEnv>, tree: Tree, project: Project): Promise<ProjectHead> {
  const environments = await listEnvironments(c.var.vault);
  return {
    id: project.id,
    name: project.name,
    ancestors: pathTo(tree, project.id)
      .slice(0, -1)
      .map(({ id, name }) => ({ id, name })),
    environments: environments.map(({ name }) => name),
  };
}
