import { wipe } from "../src/cryptography/bytes.ts";
import { deriveEnvironmentKeys, deriveViewKey } from "../src/cryptography/environment-key.ts";
import {
  formatServiceToken,
  generateServiceToken,
  sealTargetOf,
  sealToServiceToken,
  verifierHash,
} from "../src/cryptography/service-token.ts";
import { serviceTokens } from "../src/database/schema.ts";
import type { Environment } from "../src/vault/environments.ts";
import { sealTokenRecord } from "../src/vault/token-record.ts";
import type { Tree } from "../src/vault/tree.ts";
import { openEnvironmentKey, serviceTokenContext, type UnlockedRoot } from "../src/vault/unlock.ts";
import type { Vault } from "../src/vault/vault.ts";

/** Where tokens are wanted, and what opens it. */
interface Place {
  id: number;
  root: UnlockedRoot;
  tree: Tree;
  environment: Environment;
}

/**
 * Read tokens of one place, as text. They are made as `createServiceToken` makes one, but many at once and in one
 * insert, without the audit event of each: thirty thousand one after the other would take longer than all measuring.
 */
export async function createReadTokens(vault: Vault, place: Place, count: number): Promise<string[]> {
  if (count === 0) return [];
  const { id: projectId, root, tree, environment } = place;
  const { raw, generation } = await openEnvironmentKey(vault, root, tree, projectId, environment);
  const [viewKey, keys] = [deriveViewKey(raw), await deriveEnvironmentKeys(raw)];
  const one = async () => {
    const token = generateServiceToken(vault.random);
    const grant = { projectId, environment, rights: "read" as const, generation };
    const target = await sealTargetOf(token);
    const sealedKey = await sealToServiceToken(target, viewKey, serviceTokenContext(token.id, grant));
    const known = { publicId: token.id, rights: grant.rights };
    const row: typeof serviceTokens.$inferInsert = {
      ...{ ...known, projectId, environmentId: environment.id, name: "reader", sealedKey, generation },
      ...{ verifierHash: verifierHash(token), publicKey: target.publicKey, allowedIps: "", reads: 0 },
      sealedPublicKey: await sealTokenRecord(
        vault,
        { projectId, environment, generation, keys },
        known,
        target,
        sealedKey,
      ),
      ...{ createdAt: vault.clock(), createdBy: root.actor.id, expiresAt: null },
    };
    return { text: formatServiceToken(token), row };
  };
  const made = await Promise.all(Array.from({ length: count }, one));
  wipe(raw, viewKey);
  await vault.db.insert(serviceTokens).values(made.map(({ row }) => row));
  return made.map(({ text }) => text);
}
