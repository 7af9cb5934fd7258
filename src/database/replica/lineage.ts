import type { Client, InStatement, ResultSet } from "@libsql/client";
import { causesOf } from "../causes.ts";
import { unfinishedRestorePattern } from "../restore-mark.ts";

/** Which database it is, and how far it has come: enough to tell whether one is what another was, later on. */
export interface Lineage {
  /** Random, made with the database and never changed: hex. */
  origin: string;
  /** The newest event of the audit; undefined: there is none. Every write of a project appends one. */
  head: Head | undefined;
}

export interface Head {
  id: number;
  /** Hex. */
  hash: string;
}

/**
 * What a primary is to a replica:
 *
 * - `continues`: the same database, which has all that the replica has.
 * - `parted`: the same database with another past, such as an older backup that was restored.
 * - `other`: another database.
 * - `empty`: no database of ours, or one that is not complete yet.
 */
export type Relation = "continues" | "parted" | "other" | "empty";

// While a restore fills it, it is none.
const origin: InStatement = `SELECT hex(blinding) FROM audit_blinding WHERE id = 1 AND EXISTS (SELECT 1 FROM migrations)
  AND NOT EXISTS (SELECT 1 FROM migrations WHERE tag LIKE '${unfinishedRestorePattern}')`;
const head: InStatement = "SELECT id, hex(hash) FROM audit_events ORDER BY id DESC LIMIT 1";

/** The lineage of a database; undefined where it is no database of ours, or not complete. Throws what the database throws. */
export async function lineageOf(client: Client): Promise<Lineage | undefined> {
  return (await survey(client, { origin: "", heads: [] })).lineage;
}

/**
 * What a database is by now, in one request, and what it is to one whose audit had these heads. Throws what the database
 * throws.
 */
export async function survey(
  client: Client,
  before: { origin: string; heads: readonly Head[] },
): Promise<{ relation: Relation; lineage: Lineage | undefined }> {
  const hashes = before.heads.map(({ id }) => ({
    sql: "SELECT hex(hash) FROM audit_events WHERE id = ?",
    args: [id],
  }));
  const [origins, heads, ...found] = await client
    .batch([origin, head, ...hashes], "read")
    .catch(noneWithoutTables);
  const [made, newest] = [origins?.rows[0]?.[0], heads?.rows[0]];
  if (typeof made !== "string") return { relation: "empty", lineage: undefined };
  const lineage = { origin: made, head: newest && { id: Number(newest[0]), hash: String(newest[1]) } };
  if (made !== before.origin) return { relation: "other", lineage };
  const hasAll = before.heads.every(({ hash }, i) => found[i]?.rows[0]?.[0] === hash);
  return { relation: hasAll ? "continues" : "parted", lineage };
}

function noneWithoutTables(error: unknown): ResultSet[] {
  for (const current of causesOf(error)) {
    if (/no such table/.test(current.message)) return [];
  }
  throw error;
}
