import { type AeadKey, OpenError, seal } from "../cryptography/aead.ts";
import { wipe } from "../cryptography/bytes.ts";
import { equalBytes } from "../cryptography/hash.ts";
import { giveOthersATurn } from "../turns.ts";
import type { Stage } from "./rotation-stage.ts";
import { editedToken, openTarget, requireFormer, sealForToken } from "./rotation-tokens.ts";
import {
  Descent,
  openPair,
  type Place,
  type SealedCounts,
  type SealedPair,
  type Slots,
  sealPair,
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
import { environmentKeyContext } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import type { OpenPlace } from "./views.ts";

/** What a rotation seals anew: from where, under which keys, and where it is staged. */
export interface Resealing {
  vault: Vault;
  stage: Stage;
  /** Every place of the tree, parents before their children. */
  places: readonly Place[];
  /** The service tokens that are carried over. */
  tokens: readonly TokenRow[];
  /** Those that are revoked because they have a record of the former kind. */
  former: readonly TokenRow[];
  /** Root keys: the one that is there, and the one that takes its place. */
  oldRootKey: AeadKey;
  newRootKey: AeadKey;
  /** Told how many things were done since it was last told. */
  onDone: (count: number) => void;
}

/**
 * Seals all of a tree under new environment keys and stages it. Throws OpenError where something does not open, and
 * SecretsflyError `invalid` for a service token whose row was changed.
 */
export async function stageTree(resealing: Resealing): Promise<void> {
  const { vault, stage, places, onDone } = resealing;
  refuseStrays(resealing);
  const [before, after] = [new Descent(resealing.oldRootKey), new Descent(resealing.newRootKey)];
  for (const place of places) {
    await giveOthersATurn();
    const old = await before.open(place, place.row);
    const { raw, sealed, generation } = await newEnvironmentKey(vault, after.above(place), place);
    try {
      const fresh = await after.enter(place, generation, raw.slice());
      await stage.add("environment-key", placeIds(place), [sealed, null]);
      const versions = await stageVersions(resealing, place, old, fresh);
      const view = await viewOf(vault, place);
      const content = await openPair(viewSlots(old, view), [view.sealedSource, view.sealedBody]);
      await stage.add("view", placeIds(place), await sealPair(vault, viewSlots(fresh, view), content));
      for (const token of resealing.former.filter(isIn(place))) await requireFormer(old, token);
      const tokens = resealing.tokens.filter(isIn(place));
      for (const token of tokens) {
        const target = await openTarget(old, token);
        await stage.add("service-token", [token.id, 0], await sealForToken(vault, fresh, raw, token, target));
      }
      onDone(2 + versions + tokens.length);
    } finally {
      wipe(raw);
    }
  }
  await stage.flush();
}

/** A token for a place that has no keys would be missed in the end, and all be done again and again. */
function refuseStrays({ places, tokens }: Resealing): void {
  const known = new Set(places.map((place) => placeIds(place).join(" ")));
  const stray = tokens.find(
    ({ projectId, environmentId }) => !known.has([projectId, environmentId].join(" ")),
  );
  if (stray) throw editedToken(stray);
}

function placeIds({ row }: Place): [number, number] {
  return [row.projectId, row.environmentId];
}

function isIn({ row }: Place): (token: TokenRow) => boolean {
  return ({ projectId, environmentId }) => projectId === row.projectId && environmentId === row.environmentId;
}

async function newEnvironmentKey(vault: Vault, wrapping: AeadKey, { project, environment, row }: Place) {
  const generation = row.generation + 1;
  const raw = vault.random(32);
  const context = environmentKeyContext(project.id, environment.name, generation);
  return { raw, generation, sealed: await seal(wrapping, raw, context, vault.random) };
}

/** Returns how many. */
async function stageVersions(
  { vault, stage }: Resealing,
  place: Place,
  old: OpenPlace,
  fresh: OpenPlace,
): Promise<number> {
  let count = 0;
  for await (const rows of versionPortions(vault, place)) {
    const sealed = await Promise.all(
      rows.map(async (row) => {
        const content = await openPair(versionSlots(old, row), row.sealed);
        return [row, await sealPair(vault, versionSlots(fresh, row), content)] as const;
      }),
    );
    for (const [row, pair] of sealed) await stage.add("version", [row.secretId, row.version], pair);
    count += rows.length;
  }
  return count;
}

/**
 * Reads back what was staged, opens it from the root key down, and compares each thing with what the row opens to that
 * it is for. Returns how much was right. Throws OpenError with the place of the first that is not.
 */
export async function verifyStage(resealing: Resealing): Promise<SealedCounts> {
  const { vault, stage, places, onDone } = resealing;
  const [before, after] = [new Descent(resealing.oldRootKey), new Descent(resealing.newRootKey)];
  const verified: SealedCounts = { environmentKeys: 0, versions: 0, views: 0, serviceTokens: 0 };
  for (const place of places) {
    await giveOthersATurn();
    const counted = sumOf(verified);
    const old = await before.open(place, place.row);
    const fresh = await after.open(place, {
      generation: place.row.generation + 1,
      sealedEnvironmentKey: (await stage.read("environment-key", placeIds(place)))?.[0] ?? nothing,
    });
    verified.environmentKeys += 1;
    for await (const rows of versionPortions(vault, place, stage.rotation)) {
      await Promise.all(
        rows.map((row) =>
          compare(versionSlots(old, row), row.sealed, versionSlots(fresh, row), row.staged ?? undefined),
        ),
      );
      verified.versions += rows.length;
    }
    const view = await viewOf(vault, place);
    const staged = await stage.read("view", placeIds(place));
    await compare(viewSlots(old, view), [view.sealedSource, view.sealedBody], viewSlots(fresh, view), staged);
    verified.views += 1;
    verified.serviceTokens += await verifyTokens(resealing, place, fresh);
    onDone(sumOf(verified) - counted);
  }
  return verified;
}

/** Opens nothing. */
const nothing = new Uint8Array(0);

async function compare(
  oldSlots: Slots,
  stored: SealedPair,
  newSlots: Slots,
  staged: SealedPair | undefined,
): Promise<void> {
  const [old, fresh] = await Promise.all([
    openPair(oldSlots, stored),
    openPair(newSlots, staged ?? [nothing, nothing]),
  ]);
  for (const i of [0, 1] as const) {
    const [a, b] = [old[i], fresh[i]];
    if (a === null ? b !== null : b === null || !equalBytes(a, b)) throw new OpenError(newSlots[i].context);
  }
  wipePair(old);
  wipePair(fresh);
}

/** What is sealed to a token only the token opens; that its record is right, and of this very sealed key, is seen here. */
async function verifyTokens(resealing: Resealing, place: Place, fresh: OpenPlace): Promise<number> {
  const tokens = resealing.tokens.filter(isIn(place));
  for (const token of tokens) {
    const [sealedKey, sealedPublicKey] = (await resealing.stage.read("service-token", [token.id, 0])) ?? [];
    const staged = { ...token, sealedKey: sealedKey ?? nothing, sealedPublicKey: sealedPublicKey ?? nothing };
    const { target, differs } = await openTokenRecord(fresh, staged);
    if (!target || differs) throw new OpenError(tokenContext(fresh, token));
  }
  return tokens.length;
}
