import { type LiveToken, liveTokens } from "./rotation-tokens.ts";
import { countSealed, placesOf, type SealedCounts } from "./sealed-rows.ts";
import { isFormer } from "./token-record.ts";
import type { Tree } from "./tree.ts";
import type { Vault } from "./vault.ts";

/** What a rotation of a root's master key would do. Needs no key: it holds no name of a secret. */
export interface RotationPreview {
  sealed: SealedCounts;
  projects: number;
  environments: number;
  /** Service tokens that go on working, oldest first. */
  carried: LiveToken[];
  /** Made by a version that kept no record of what to seal to: a rotation revokes them. */
  lost: LiveToken[];
}

export async function previewRotation(vault: Vault, tree: Tree): Promise<RotationPreview> {
  const now = vault.clock();
  const [sealed, places, tokens] = await Promise.all([
    countSealed(vault, tree.rootId, now),
    placesOf(vault, tree),
    liveTokens(vault, tree.rootId, now),
  ]);
  return {
    sealed,
    projects: tree.projects.size,
    environments: new Set(places.map(({ environment }) => environment.id)).size,
    carried: tokens.filter((token) => !isFormer(token)),
    lost: tokens.filter(isFormer),
  };
}
