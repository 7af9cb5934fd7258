import { notFound } from "../errors.ts";
import { recordShown } from "./reveal.ts";
import type { Tree } from "./tree.ts";
import { unlessRotated, type WritableEnvironment } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import { openBody, readView } from "./views.ts";

/**
 * Gives out what apps get of a project × environment, in the form that `print` makes of the view's body. It is
 * audited before it is returned, and not where `print` throws.
 * Throws SecretsflyError `not-found`, `busy`.
 */
export async function exportSecrets<T>(
  vault: Vault,
  tree: Tree,
  place: WritableEnvironment,
  print: (body: Uint8Array<ArrayBuffer>) => T,
): Promise<T> {
  const view = await readView(vault, place.projectId, place.environment);
  if (!view) throw notFound("environment in this project");
  const printed = print(await openBody(place, view).catch(unlessRotated(vault, place)));
  await recordShown(vault, tree, place, { action: "secrets.export" });
  return printed;
}
