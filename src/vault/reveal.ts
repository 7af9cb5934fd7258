import type { Tree } from "./tree.ts";
import type { WritableEnvironment } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import { record } from "./write.ts";

/** Which values of a project × environment somebody is given: all of them on a page or in a file, or one secret's. */
type Shown = { action: "secrets.reveal" | "secrets.export" } | { action: "secret.reveal"; name: string };

/**
 * Tells the audit that somebody is shown values. Who shows them calls this first: what cannot be told is not shown.
 * Throws SecretsflyError `busy`.
 */
export async function recordShown(
  vault: Vault,
  tree: Tree,
  place: WritableEnvironment,
  shown: Shown,
): Promise<void> {
  const project = tree.projects.get(place.projectId);
  const environment = place.environment.name;
  await record(vault, place.actor, { ...shown, environment, ...(project && { project }) });
}
