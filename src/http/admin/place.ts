import type { Context } from "hono";
import { getEnvironment } from "../../vault/environments.ts";
import { type ListedSecret, listSecrets } from "../../vault/secret-list.ts";
import { getProject, onTree, type Project, type Tree } from "../../vault/tree.ts";
import { unlockEnvironment, type WritableEnvironment } from "../../vault/unlock.ts";
import type { AppEnv } from "../app-env.ts";
import { idParam } from "./form.ts";
import { requireUnsealed } from "./session.ts";

/** A project × environment whose root this session has unsealed. */
export interface Place {
  project: Project;
  tree: Tree;
  unlocked: WritableEnvironment;
}

/** The project × environment of the address, unlocked. Throws SealedProjectError, SecretsflyError `not-found`. */
export async function unlockPlace(c: Context<AppEnv>): Promise<Place> {
  const { vault } = c.var;
  const project = await getProject(vault.db, idParam(c, "id"));
  const environment = await getEnvironment(vault, c.req.param("environment") ?? "");
  const root = requireUnsealed(c, project);
  return onTree(vault.db, project.rootId, async (tree) => {
    const unlocked = await unlockEnvironment(vault, root, tree, project.id, environment);
    return { project, tree, unlocked };
  });
}

/** What is visible here now, by the tree as it is now. */
export function listPlace(c: Context<AppEnv>, { project, unlocked }: Place): Promise<ListedSecret[]> {
  return onTree(c.var.vault.db, project.rootId, (tree) => listSecrets(c.var.vault, tree, unlocked));
}

/**
 * A page with values leads back to `path` when its time is over, without a script too: by the header, not the
 * element, since a browser obeys both and only whole seconds for certain.
 */
export function leaveInTime(c: Context<AppEnv>, path: string): void {
  const seconds = Math.ceil(c.var.config.NB_MINUTES_DECRYPTED_BEFORE_REDIRECT * 60);
  c.header("Refresh", `${seconds}; url=${path}`);
}
