import { and, eq, fillPlaceholders, getTableColumns, inArray, sql } from "drizzle-orm";
import { type Context, open, openText, seal, sealText } from "../cryptography/aead.ts";
import { type Bytes, toBytes, wipe } from "../cryptography/bytes.ts";
import type { EnvironmentKeys } from "../cryptography/environment-key.ts";
import { equalBytes } from "../cryptography/hash.ts";
import { readInParts } from "../database/large-answers.ts";
import { views } from "../database/schema.ts";
import { giveOthersATurn } from "../turns.ts";
import type { Environment } from "./environments.ts";
import { type ReferenceProblem, type Resolution, resolveReferences } from "./references.ts";
import { childrenOf, type Project, type Tree } from "./tree.ts";
import {
  type EnvironmentKeyRow,
  environmentKeyRows,
  type ReadableEnvironment,
  unlockChild,
  type WritableEnvironment,
} from "./unlock.ts";
import type { Vault } from "./vault.ts";
import { chunks, type Statement } from "./write.ts";

/**
 * A view is what a project × environment gives its apps, ready to send, so that a fetch is one row and
 * one decryption. It has two sealed parts: the *body*, byte for byte the response of `GET /api/secrets`,
 * which a read token opens; and the *source*, the own and inherited secrets as they were written, from
 * which whoever writes here (or above) builds the body anew.
 */

/** A secret as it was written: references are not expanded. */
export interface RawSecret {
  id: number;
  name: string;
  value: string;
  note: string;
  version: number;
  /** The project whose secret it is. */
  projectId: number;
}

/** What a view is built from, each sorted by name. */
export interface ViewSource {
  /** What the parent shows: its own and its inherited, overridden names settled. */
  inherited: readonly RawSecret[];
  own: readonly RawSecret[];
}

export type ViewRow = typeof views.$inferSelect;

/** A project × environment whose keys are open. */
export interface OpenPlace {
  projectId: number;
  environment: Environment;
  generation: number;
  keys: EnvironmentKeys;
}

/**
 * A bound on all values of a view together that references were replaced in, in bytes. It does not follow a
 * setting: what apps get must not change because a setting does.
 */
const maxExpandedBytes = 16 * 1024 * 1024;

/** The context that a part of a view is sealed for. */
export function viewContext(
  purpose: "view-source" | "view-body",
  place: Omit<OpenPlace, "keys">,
  revision: number,
): Context {
  return {
    purpose,
    project: place.projectId,
    environment: place.environment.name,
    version: revision,
    generation: place.generation,
  };
}

/** Orders by UTF-16 code unit: the same on every machine. */
export function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** What is seen here: the inherited secrets, with the own ones of the same name in their place, sorted by name. */
export function visibleSecrets({ inherited, own }: ViewSource): RawSecret[] {
  const merged = new Map(inherited.map((secret) => [secret.name, secret]));
  for (const secret of own) merged.set(secret.name, secret);
  return [...merged.values()].sort(byName);
}

/** Visible secrets with their references expanded. */
export function resolveVisible(visible: readonly RawSecret[]): Resolution {
  return resolveReferences(new Map(visible.map(({ name, value }) => [name, value])), maxExpandedBytes);
}

/** The response of `GET /api/secrets`: what clients parse, so its shape is part of the contract. */
function buildBody(visible: readonly RawSecret[], resolution: Resolution): Bytes {
  const secrets = visible.map(({ id, name }) => ({
    id,
    name,
    value: resolution.values.get(name) ?? "",
  }));
  return toBytes(JSON.stringify({ secrets }));
}

/** The body that apps are to get of these secrets, byte for byte. */
export function bodyOf(visible: readonly RawSecret[]): Bytes {
  return buildBody(visible, resolveVisible(visible));
}

/** One view of many. Throws nothing: undefined where the environment has no keys yet. */
export async function readView(
  vault: Vault,
  projectId: number,
  environment: Environment,
): Promise<ViewRow | undefined> {
  const [row] = await vault.db
    .select()
    .from(views)
    .where(and(eq(views.projectId, projectId), eq(views.environmentId, environment.id)));
  return row;
}

/** The bytes that apps get; the caller wipes them. Throws OpenError where the row was tampered with. */
export function openBody(
  place: ReadableEnvironment,
  view: Pick<ViewRow, "sealedBody" | "revision">,
): Promise<Bytes> {
  return open(place.viewKey, view.sealedBody, viewContext("view-body", place, view.revision));
}

/** What a view is built from. Throws OpenError where the row was tampered with. */
export async function openSource(
  place: OpenPlace,
  view: Pick<ViewRow, "sealedSource" | "revision">,
): Promise<ViewSource> {
  const text = await openText(
    place.keys.valueKey,
    view.sealedSource,
    viewContext("view-source", place, view.revision),
  );
  return JSON.parse(text) as ViewSource;
}

/** A rebuilt view: its row, what it was made of, and the references in it that do not resolve. */
export interface BuiltView {
  row: ViewRow;
  source: ViewSource;
  problems: readonly ReferenceProblem[];
}

/** Builds and seals a view. `previous` is what it replaces; its body's id is kept where the body is the same. */
export async function buildView(
  vault: Vault,
  place: OpenPlace,
  source: ViewSource,
  previous: ViewRow | undefined,
): Promise<BuiltView> {
  const visible = visibleSecrets(source);
  const resolution = resolveVisible(visible);
  const body = buildBody(visible, resolution);
  const revision = (previous?.revision ?? 0) + 1;
  const seals = [
    sealText(
      place.keys.valueKey,
      JSON.stringify(source),
      viewContext("view-source", place, revision),
      vault.random,
    ),
    seal(place.keys.viewKey, body, viewContext("view-body", place, revision), vault.random),
  ] as const;
  const [sealedSource, sealedBody] = await Promise.all(seals);
  const row: ViewRow = {
    projectId: place.projectId,
    environmentId: place.environment.id,
    revision,
    bodyId:
      (previous && (await keptBodyId(place, previous, body))) ??
      vault.random(16).toBase64({ alphabet: "base64url", omitPadding: true }),
    sealedSource,
    sealedBody,
    ownCount: source.own.length,
    inheritedCount: visible.length - source.own.length,
    updatedAt: vault.clock(),
  };
  wipe(body);
  return { row, source, problems: resolution.problems };
}

/** The previous body's id if the body has not changed: then nobody needs to fetch again. */
async function keptBodyId(place: OpenPlace, previous: ViewRow, body: Bytes): Promise<string | undefined> {
  const old = await open(
    place.keys.viewKey,
    previous.sealedBody,
    viewContext("view-body", place, previous.revision),
  );
  const isSame = equalBytes(old, body);
  wipe(old);
  return isSame ? previous.bodyId : undefined;
}

/**
 * Rebuilds the views of everything below a project after its own has been rebuilt. Who holds a
 * project's keys holds its descendants', so whoever may write here can.
 */
export async function rebuildDescendants(
  vault: Vault,
  tree: Tree,
  place: OpenPlace,
  source: ViewSource,
): Promise<ViewRow[]> {
  const children = childrenOf(tree, place.projectId);
  if (children.length === 0) return [];
  const inherited = visibleSecrets(source);
  const [keyRows, viewRows] = await Promise.all([
    environmentKeyRows(vault, children, place.environment),
    viewRowsOf(
      vault,
      children.map(({ id }) => id),
      place.environment,
    ),
  ]);
  const rebuild = async ({ id }: Project): Promise<ViewRow[]> => {
    const [keyRow, view] = [keyRows.get(id), viewRows.get(id)];
    // A child has no keys in an environment that its parent has none in.
    if (!keyRow || !view) return [];
    const child = await openChild(place, keyRow);
    const { own } = await openSource(child, view);
    const built = await buildView(vault, child, { inherited, own }, view);
    return [built.row, ...(await rebuildDescendants(vault, tree, child, built.source))];
  };
  const rebuilt: ViewRow[] = [];
  for (const portion of chunks(children, rebuiltAtOnce)) {
    await giveOthersATurn();
    rebuilt.push(...(await Promise.all(portion.map(rebuild))).flat());
  }
  return rebuilt;
}

/** Views of one parent's children that are rebuilt between two turns of others. */
const rebuiltAtOnce = 4;

async function openChild(parent: OpenPlace, row: EnvironmentKeyRow): Promise<OpenPlace> {
  const { environment } = parent;
  const keys = await unlockChild(parent.keys, row, environment);
  return { projectId: row.projectId, environment, generation: row.generation, keys };
}

async function viewRowsOf(
  vault: Vault,
  ids: readonly number[],
  environment: Environment,
): Promise<Map<number, ViewRow>> {
  const rows = await readInParts(ids, (portion) =>
    vault.db
      .select()
      .from(views)
      .where(and(inArray(views.projectId, [...portion]), eq(views.environmentId, environment.id))),
  );
  return new Map(rows.map((row) => [row.projectId, row]));
}

/** Writes rebuilt views over the ones that were there. Their SQL is made once: a write has one for each descendant. */
export function replaceViews({ db }: Vault, rows: readonly ViewRow[]): Statement[] {
  const { projectId: _project, environmentId: _environment, ...columns } = getTableColumns(views);
  const values = Object.keys(columns).map((column) => [column, sql`${sql.placeholder(column)}`] as const);
  const query = db
    .update(views)
    .set(Object.fromEntries(values))
    .where(
      and(
        eq(views.projectId, sql.placeholder("projectId")),
        eq(views.environmentId, sql.placeholder("environmentId")),
      ),
    )
    .toSQL();
  return rows.map((row) => ({
    toSQL: () => ({ ...query, params: fillPlaceholders(query.params, { ...row }) }),
  }));
}

/** What a child of this place inherits: all that is visible in it. */
export async function inheritedFrom(vault: Vault, parent: WritableEnvironment): Promise<RawSecret[]> {
  const view = await readView(vault, parent.projectId, parent.environment);
  return view ? visibleSecrets(await openSource(parent, view)) : [];
}
