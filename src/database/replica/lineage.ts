import type { Client, InStatement, ResultSet } from "@libsql/client";

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

const tables: InStatement =
  "SELECT count(*) FROM sqlite_master WHERE name IN ('migrations', 'audit_blinding', 'audit_events')";
const origin: InStatement =
  "SELECT hex(blinding) FROM audit_blinding WHERE id = 1 AND EXISTS (SELECT 1 FROM migrations)";
const head: InStatement = "SELECT id, hex(hash) FROM audit_events ORDER BY id DESC LIMIT 1";

/** The lineage of a database; undefined where it is no database of ours, or not complete. Throws what the database throws. */
export async function lineageOf(client: Client): Promise<Lineage | undefined> {
  return (await read(client, undefined)).lineage;
}

/** What a primary is to a replica of this lineage. Throws what the database throws. */
export async function relationTo(primary: Client, replica: Lineage): Promise<Relation> {
  const { lineage, hashAtHead } = await read(primary, replica.head);
  if (!lineage) return "empty";
  if (lineage.origin !== replica.origin) return "other";
  return replica.head === undefined || hashAtHead === replica.head.hash ? "continues" : "parted";
}

interface Read {
  lineage: Lineage | undefined;
  /** The hash that the database has for the event of the other one's head. */
  hashAtHead: string | undefined;
}

async function read(client: Client, other: Head | undefined): Promise<Read> {
  const { rows } = await client.execute(tables);
  if (rows[0]?.[0] !== 3) return { lineage: undefined, hashAtHead: undefined };
  const hash: InStatement = {
    sql: "SELECT hex(hash) FROM audit_events WHERE id = ?",
    args: [other?.id ?? 0],
  };
  const [origins, heads, hashes] = (await client.batch([origin, head, hash], "read")) as [
    ResultSet,
    ResultSet,
    ResultSet,
  ];
  const [made, newest] = [origins.rows[0]?.[0], heads.rows[0]];
  return {
    lineage:
      typeof made === "string"
        ? { origin: made, head: newest && { id: Number(newest[0]), hash: String(newest[1]) } }
        : undefined,
    hashAtHead: hashes.rows[0] && String(hashes.rows[0][0]),
  };
}
