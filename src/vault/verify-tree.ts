import { and, eq, isNotNull } from "drizzle-orm";
import { type Context, OpenError } from "../cryptography/aead.ts";
import { serviceTokens } from "../database/schema.ts";
import { giveOthersATurn } from "../turns.ts";
import {
  Descent,
  isLiveAt,
  openPair,
  type Place,
  placesOf,
  type SealedCounts,
  sumOf,
  type TokenRow,
  tokenContext,
  versionPortions,
  versionSlots,
  viewOf,
  viewSlots,
  wipePair,
} from "./sealed-rows.ts";
import { openTokenRecord } from "./token-record.ts";
import { readTree, type Tree } from "./tree.ts";
import { requireCurrent, type UnlockedRoot } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import type { OpenPlace } from "./views.ts";

/** What was opened of a tree, and what did not open. */
export interface TreeVerification {
  opened: SealedCounts;
  /** The places of what does not open, or is not what its row says. */
  faults: Context[];
}

/** How often others may change a tree while it is verified, before what did not open is taken at its word. */
const rereads = 20;

/**
 * Opens all that is sealed in a tree: every environment key, version, note, view and record of a service token.
 * `onOpened` is told how many things were opened since it was last told.
 * Throws SecretsflyError `not-found`, and `sealed` where the root key is no longer the tree's.
 */
export async function verifyTree(
  vault: Vault,
  root: UnlockedRoot,
  onOpened: (count: number) => void = () => {},
): Promise<TreeVerification> {
  for (let i = 0; ; i++) {
    const tree = await readTree(vault.db, root.rootId);
    requireCurrent(root, tree);
    const verification = await verifyOnce(vault, root, tree, onOpened);
    if (verification.faults.length === 0 || i === rereads) return verification;
    // Read in many steps: what does not open may be what somebody has just replaced.
    if ((await readTree(vault.db, root.rootId)).revision === tree.revision) return verification;
  }
}

async function verifyOnce(
  vault: Vault,
  root: UnlockedRoot,
  tree: Tree,
  onOpened: (count: number) => void,
): Promise<TreeVerification> {
  const opened: SealedCounts = { environmentKeys: 0, versions: 0, views: 0, serviceTokens: 0 };
  const faults: Context[] = [];
  /** Undefined where it does not open. */
  const attempt = async <T>(kind: keyof SealedCounts, opening: Promise<T>): Promise<T | undefined> => {
    try {
      const content = await opening;
      opened[kind] += 1;
      return content;
    } catch (error) {
      if (!(error instanceof OpenError)) throw error;
      faults.push(error.context);
      return undefined;
    }
  };
  const descent = new Descent(root.rootKey);
  for (const place of await placesOf(vault, tree)) {
    await giveOthersATurn();
    const before = sumOf(opened);
    const keys = await attempt("environmentKeys", descent.open(place, place.row));
    if (keys) await verifyPlace(vault, place, keys, attempt);
    onOpened(sumOf(opened) - before);
  }
  return { opened, faults };
}

type Attempt = <T>(kind: keyof SealedCounts, opening: Promise<T>) => Promise<T | undefined>;

async function verifyPlace(vault: Vault, place: Place, keys: OpenPlace, attempt: Attempt): Promise<void> {
  for await (const rows of versionPortions(vault, place)) {
    const openings = rows.map((row) => openPair(versionSlots(keys, row), row.sealed).then(wipePair));
    await Promise.all(openings.map((opening) => attempt("versions", opening)));
  }
  await attempt("views", openView(vault, place, keys));
  const tokens = await vault.db
    .select()
    .from(serviceTokens)
    .where(
      and(
        eq(serviceTokens.projectId, place.project.id),
        eq(serviceTokens.environmentId, place.environment.id),
        isLiveAt(vault.clock()),
        isNotNull(serviceTokens.sealedPublicKey),
      ),
    );
  for (const token of tokens) await attempt("serviceTokens", openRecord(keys, token));
}

async function openView(vault: Vault, place: Place, keys: OpenPlace): Promise<void> {
  const view = await viewOf(vault, place);
  wipePair(await openPair(viewSlots(keys, view), [view.sealedSource, view.sealedBody]));
}

async function openRecord(keys: OpenPlace, token: TokenRow): Promise<void> {
  const { differs } = await openTokenRecord(keys, token);
  if (differs) throw new OpenError(tokenContext(keys, token));
}
