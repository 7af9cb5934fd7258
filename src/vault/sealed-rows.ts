import { and, asc, eq, gt, gte, isNotNull, isNull, lt, lte, or, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import { type AeadKey, type Context, OpenError, open, seal } from "../cryptography/aead.ts";
import { type Bytes, wipe } from "../cryptography/bytes.ts";
import { deriveEnvironmentKeys } from "../cryptography/environment-key.ts";
import {
  environmentKeys,
  environments,
  projects,
  secrets,
  secretVersions,
  serviceTokens,
  stagedSeals,
  views,
} from "../database/schema.ts";
import { giveOthersATurn } from "../turns.ts";
import { versionContext } from "./secrets.ts";
import { type Project, subtreeOf, type Tree } from "./tree.ts";
import { type EnvironmentKeyRow, environmentKeyContext, publicKeyContext } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import { type OpenPlace, type ViewRow, viewContext } from "./views.ts";

/** All that is sealed in a tree, row by row: what a rotation seals anew, and what a verification opens. */

/** A project × environment that has keys. */
export interface Place {
  project: Project;
  environment: { id: number; name: string };
  row: EnvironmentKeyRow;
}

/** Every place of a tree, those of environments that the settings hide too, parents before their children. */
export async function placesOf(vault: Vault, tree: Tree): Promise<Place[]> {
  const rows = await vault.db
    .select({ row: environmentKeys, environment: { id: environments.id, name: environments.name } })
    .from(environmentKeys)
    .innerJoin(environments, eq(environments.id, environmentKeys.environmentId))
    .innerJoin(projects, eq(projects.id, environmentKeys.projectId))
    .where(eq(projects.rootId, tree.rootId));
  const byProject = Map.groupBy(rows, ({ row }) => row.projectId);
  return subtreeOf(tree, tree.rootId).flatMap((project) =>
    (byProject.get(project.id) ?? []).map((found) => ({ project, ...found })),
  );
}

/** The way down a tree: what wraps the environment keys of the children is remembered from their parents. */
export class Descent {
  readonly #childKeys = new Map<string, AeadKey>();

  constructor(private readonly rootKey: AeadKey) {}

  /** The key that wraps the environment key of a place. Throws OpenError where the parent has none. */
  above({ project, environment, row }: Place): AeadKey {
    if (project.parentId === null) return this.rootKey;
    const key = this.#childKeys.get(`${project.parentId} ${environment.id}`);
    if (!key) throw new OpenError(environmentKeyContext(project.id, environment.name, row.generation));
    return key;
  }

  /** Opens the environment key of a place, from its row or another one for it. Throws OpenError. */
  async open(place: Place, row: Omit<EnvironmentKeyRow, "projectId" | "environmentId">): Promise<OpenPlace> {
    const { project, environment } = place;
    const context = environmentKeyContext(project.id, environment.name, row.generation);
    return this.enter(
      place,
      row.generation,
      await open(this.above(place), row.sealedEnvironmentKey, context),
    );
  }

  /** The place whose environment key this is. The raw key is overwritten. */
  async enter({ project, environment }: Place, generation: number, raw: Bytes): Promise<OpenPlace> {
    const keys = await deriveEnvironmentKeys(raw);
    this.#childKeys.set(`${project.id} ${environment.id}`, keys.childKey);
    return { projectId: project.id, environment, generation, keys };
  }
}

/** The two sealed columns of a row, in the schema's order; null where nothing is. */
export type SealedPair = readonly [Bytes | null, Bytes | null];

/** What a place seals with for each of the two columns of a row. */
export type Slots = readonly [{ key: AeadKey; context: Context }, { key: AeadKey; context: Context }];

/** Opens both columns of a row. Throws OpenError. */
export async function openPair(slots: Slots, [first, second]: SealedPair): Promise<SealedPair> {
  return Promise.all([
    first && open(slots[0].key, first, slots[0].context),
    second && open(slots[1].key, second, slots[1].context),
  ]);
}

/** Seals what `openPair` gives, and overwrites it. */
export async function sealPair(vault: Vault, slots: Slots, [first, second]: SealedPair): Promise<SealedPair> {
  try {
    return await Promise.all([
      first && seal(slots[0].key, first, slots[0].context, vault.random),
      second && seal(slots[1].key, second, slots[1].context, vault.random),
    ]);
  } finally {
    wipePair([first, second]);
  }
}

/** Overwrites what `openPair` gave. */
export function wipePair(pair: SealedPair): void {
  wipe(...pair.filter((bytes) => bytes !== null));
}

/** Value and note of a version. */
export function versionSlots(place: OpenPlace, { name, version }: { name: string; version: number }): Slots {
  const { valueKey } = place.keys;
  return [
    { key: valueKey, context: versionContext("secret-value", place, name, version) },
    { key: valueKey, context: versionContext("secret-note", place, name, version) },
  ];
}

/** Source and body of a view. */
export function viewSlots(place: OpenPlace, { revision }: Pick<ViewRow, "revision">): Slots {
  return [
    { key: place.keys.valueKey, context: viewContext("view-source", place, revision) },
    { key: place.keys.viewKey, context: viewContext("view-body", place, revision) },
  ];
}

/** A service token as the sealed rows know it. */
export type TokenRow = Pick<
  typeof serviceTokens.$inferSelect,
  | "id"
  | "publicId"
  | "name"
  | "projectId"
  | "environmentId"
  | "rights"
  | "publicKey"
  | "sealedPublicKey"
  | "sealedKey"
>;

/** The context that the record of a token of this place is sealed for, under the value key. */
export function tokenContext(
  place: OpenPlace,
  { publicId, rights }: Pick<TokenRow, "publicId" | "rights">,
): Context {
  return publicKeyContext(publicId, { ...place, rights });
}

/** A version with its secret's name, and what a rotation has staged for it. */
export interface VersionRow {
  secretId: number;
  name: string;
  version: number;
  sealed: SealedPair;
  staged: SealedPair | null;
}

/** A portion of versions is this many rows or bytes at most, but one row at least. */
const rowsAPortion = 100;
const bytesAPortion = 4 * 1024 * 1024;

/** The rows of versions that hold something; a deletion holds nothing. */
export const holdsSomething = or(isNotNull(secretVersions.sealedValue), isNotNull(secretVersions.sealedNote));

/**
 * The versions of a place that hold something, in portions that bound the memory. `rotation` names the rotation whose
 * staged seals come along.
 */
export async function* versionPortions(
  vault: Vault,
  { project, environment }: Place,
  rotation = "",
): AsyncGenerator<VersionRow[]> {
  const here = and(
    eq(secrets.projectId, project.id),
    eq(secrets.environmentId, environment.id),
    holdsSomething,
  );
  let after: SQL | undefined;
  for (;;) {
    await giveOthersATurn();
    const ahead = await aheadOf(vault, and(here, after));
    const last = lastOfPortion(ahead);
    if (!last) return;
    yield await versionsUpTo(vault, and(here, after, isUpTo(last)), rotation);
    after = isAfter(last);
    if (last === ahead.at(-1) && ahead.length < rowsAPortion) return;
  }
}

interface Position {
  name: string;
  version: number;
}

// The first half of each is what the index on names can use.
function isAfter({ name, version }: Position): SQL | undefined {
  return and(gte(secrets.name, name), or(gt(secrets.name, name), gt(secretVersions.version, version)));
}

function isUpTo({ name, version }: Position): SQL | undefined {
  return and(lte(secrets.name, name), or(lt(secrets.name, name), lte(secretVersions.version, version)));
}

/** Where the next rows are and how large, without reading them. */
function aheadOf(vault: Vault, where: SQL | undefined) {
  const size = (column: SQLiteColumn) => sql<number>`coalesce(length(${column}), 0)`;
  return vault.db
    .select({
      name: secrets.name,
      version: secretVersions.version,
      bytes: sql<number>`${size(secretVersions.sealedValue)} + ${size(secretVersions.sealedNote)}`,
    })
    .from(secrets)
    .innerJoin(secretVersions, eq(secretVersions.secretId, secrets.id))
    .where(where)
    .orderBy(asc(secrets.name), asc(secretVersions.version))
    .limit(rowsAPortion);
}

function lastOfPortion<Row extends { bytes: number }>(ahead: readonly Row[]): Row | undefined {
  let bytes = 0;
  const tooMany = ahead.findIndex((row, i) => {
    bytes += row.bytes;
    return i > 0 && bytes > bytesAPortion;
  });
  return tooMany === -1 ? ahead.at(-1) : ahead[tooMany - 1];
}

async function versionsUpTo(vault: Vault, where: SQL | undefined, rotation: string): Promise<VersionRow[]> {
  const isItsStaged = and(
    eq(stagedSeals.rotation, rotation),
    eq(stagedSeals.kind, "version"),
    eq(stagedSeals.firstId, secretVersions.secretId),
    eq(stagedSeals.secondId, secretVersions.version),
  );
  const rows = await vault.db
    .select({ name: secrets.name, row: secretVersions, staged: stagedSeals })
    .from(secrets)
    .innerJoin(secretVersions, eq(secretVersions.secretId, secrets.id))
    .leftJoin(stagedSeals, isItsStaged)
    .where(where)
    .orderBy(asc(secrets.name), asc(secretVersions.version));
  return rows.map(({ name, row, staged }) => ({
    secretId: row.secretId,
    name,
    version: row.version,
    sealed: [row.sealedValue, row.sealedNote],
    staged: staged && [staged.sealedFirst, staged.sealedSecond],
  }));
}

/** The view of a place; a place that has keys has one. Throws OpenError where it is gone. */
export async function viewOf(vault: Vault, { project, environment, row }: Place): Promise<ViewRow> {
  const [view] = await vault.db
    .select()
    .from(views)
    .where(and(eq(views.projectId, project.id), eq(views.environmentId, environment.id)));
  const { generation } = row;
  if (!view)
    throw new OpenError(viewContext("view-source", { projectId: project.id, environment, generation }, 0));
  return view;
}

/** Whether a token may still be used at `now`: neither revoked nor expired. */
export function isLiveAt(now: number): SQL | undefined {
  return and(
    isNull(serviceTokens.revokedAt),
    or(isNull(serviceTokens.expiresAt), gt(serviceTokens.expiresAt, now)),
  );
}

/** How much of each kind is sealed in a tree. */
export interface SealedCounts {
  environmentKeys: number;
  versions: number;
  views: number;
  serviceTokens: number;
}

/** Of all kinds together. */
export function sumOf(counts: SealedCounts): number {
  return counts.environmentKeys + counts.versions + counts.views + counts.serviceTokens;
}

/** Counts without a key; of the tokens those that can be carried over by a rotation at `now`. */
export async function countSealed(vault: Vault, rootId: number, now: number): Promise<SealedCounts> {
  const { db } = vault;
  const count = sql<number>`count(*)`;
  const inTree = eq(projects.rootId, rootId);
  const [[keys], [versions], [viewCount], [tokens]] = await db.batch([
    db
      .select({ count })
      .from(environmentKeys)
      .innerJoin(projects, eq(projects.id, environmentKeys.projectId))
      .where(inTree),
    db
      .select({ count })
      .from(secretVersions)
      .innerJoin(secrets, eq(secrets.id, secretVersions.secretId))
      .innerJoin(projects, eq(projects.id, secrets.projectId))
      .where(and(inTree, holdsSomething)),
    db.select({ count }).from(views).innerJoin(projects, eq(projects.id, views.projectId)).where(inTree),
    db
      .select({ count })
      .from(serviceTokens)
      .innerJoin(projects, eq(projects.id, serviceTokens.projectId))
      .where(and(inTree, isLiveAt(now), isNotNull(serviceTokens.sealedPublicKey))),
  ]);
  return {
    environmentKeys: keys?.count ?? 0,
    versions: versions?.count ?? 0,
    views: viewCount?.count ?? 0,
    serviceTokens: tokens?.count ?? 0,
  };
}
