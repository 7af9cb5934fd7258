import type { Context } from "../../src/cryptography/aead.ts";
import type { Stored, StoredRow } from "../stored.ts";
import type { Blob } from "./blobs.ts";
import { contextOf } from "./owners.ts";

/** Sealed bytes that are put in the place of others. */
export interface Swap {
  /** From where, by what is different there. */
  what: string;
  target: Blob;
  source: Blob;
}

/** A blob, and the root project that it is below. */
export interface Rooted extends Blob {
  root: unknown;
}

const fields = [
  "project",
  "environment",
  "name",
  "version",
  "generation",
] as const satisfies (keyof Context)[];

/** In which ways the place of one blob is another than that of the other. */
function differences(target: Rooted, source: Rooted): string {
  const [to, from] = [contextOf(target), contextOf(source)];
  const different = fields.filter((field) => to[field] !== from[field]);
  const isOtherTree = target.root !== source.root;
  return [...(isOtherTree ? ["root"] : []), ...different].join(", ") || "nothing but the time";
}

/**
 * Every way in which something that is sealed could be put in the place of `target`: of the same column, one source for
 * each combination of what is different there; of the others, one from the same tree and one from another. `all` are
 * those of every copy, older ones too.
 */
export function swapsInto(target: Rooted, all: readonly Rooted[]): Swap[] {
  const bytes = target.bytes.toHex();
  const swaps = all
    .filter((source) => source.bytes.length > 0 && source.bytes.toHex() !== bytes)
    .map((source) => ({ what: relation(target, source), target, source }));
  return [...new Map(swaps.reverse().map((swap) => [swap.what, swap])).values()];
}

function relation(target: Rooted, source: Rooted): string {
  const from = `${source.isStaged ? "staged " : ""}${source.target}`;
  if (source.target === target.target) return `${from} of another ${differences(target, source)}`;
  return `${from} of ${source.root === target.root ? "the same" : "another"} root`;
}

/** Puts the bytes of the source in the place of the target, or its own back. */
export async function swap(stored: Stored, { target, source }: Swap, isBack = false): Promise<void> {
  const { table, column, rowid } = target;
  const { bytes } = isBack ? target : source;
  await stored.write(`update "${table}" set "${column}" = ? where rowid = ?`, bytes, rowid);
}

/** The columns of each table that say what is sealed, and for what: together they are moved as a row is. */
const together: Readonly<Record<string, readonly string[]>> = {
  root_keys: ["generation", "kdf", "salt", "memory_kib", "passes", "parallelism", "sealed_root_key"],
  environment_keys: ["generation", "sealed_environment_key"],
  secret_versions: ["sealed_value", "sealed_note"],
  views: ["revision", "sealed_source", "sealed_body"],
  service_tokens: ["rights", "generation", "public_key", "sealed_key", "sealed_public_key"],
};

/** Puts all that the source's row says of what is sealed in it into the target's row, and leaves its place. */
export async function moveRow(stored: Stored, { target, source }: Swap): Promise<void> {
  const columns = together[target.table] ?? [];
  const row = source.stored as StoredRow;
  const values = columns.map((column) => row[column] ?? null);
  const sets = columns.map((column) => `"${column}" = ?`).join(", ");
  await stored.write(`update "${target.table}" set ${sets} where rowid = ?`, ...values, target.rowid);
}
