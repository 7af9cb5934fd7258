import type { AeadKey } from "../cryptography/aead.ts";
import type { EnvironmentKeys } from "../cryptography/environment-key.ts";
import { environmentKeys, views } from "../database/schema.ts";
import type { Environment } from "./environments.ts";
import { createEnvironmentKey } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import { buildView, type RawSecret } from "./views.ts";
import type { Statement } from "./write.ts";

/**
 * What makes a project × environment usable: its key, wrapped by the parent's child key or by the root key,
 * and its first view, which shows what it inherits.
 */
export async function createPlace(
  vault: Vault,
  wrapping: AeadKey,
  projectId: number,
  environment: Environment,
  inherited: readonly RawSecret[],
): Promise<{ statements: Statement[]; keys: EnvironmentKeys }> {
  const { row, keys } = await createEnvironmentKey(vault, wrapping, projectId, environment);
  const place = { projectId, environment, generation: row.generation, keys };
  const view = await buildView(vault, place, { inherited, own: [] }, undefined);
  const statements = [vault.db.insert(environmentKeys).values(row), vault.db.insert(views).values(view.row)];
  return { statements, keys };
}
