import { desc, eq } from "drizzle-orm";
import { type Bytes, concat, toBytes } from "../cryptography/bytes.ts";
import { sha256 } from "../cryptography/hash.ts";
import type { Database } from "../database/connect.ts";
import { auditBlinding, auditEvents } from "../database/schema.ts";
import { type AuditHead, emptyChain } from "./audit.ts";

/**
 * How the head of the audit is told to people and logs: `ID:HEX`, the id of an event and its hash, blinded. Who wrote
 * one down finds out later whether that event and all before it are still what they were.
 *
 * Blinded, since some who are shown heads may not see the names of secrets: two hashes, and all else that the page
 * tells of the event between them, would be enough to check a guess of its name. What blinds is in the database, for
 * those who can read the names there anyway, and it is no secret to the chain: nobody can find another blinding and
 * another hash that give the same head.
 */

const label = "secretsfly/v1/audit-head|";
const blindingBytes = 32;

/** SHA-256 of: the UTF-8 of `secretsfly/v1/audit-head|`, the blinding (32 bytes), the event's hash (32 bytes). */
export function blindHash(blinding: Bytes, hash: Bytes): Bytes {
  return sha256(concat(toBytes(label), blinding, hash));
}

/** What blinds the heads of this database; undefined where somebody has removed it. */
export async function readBlinding(db: Database): Promise<Bytes | undefined> {
  const [row] = await db.select().from(auditBlinding).where(eq(auditBlinding.id, 1));
  return row?.blinding.length === blindingBytes ? row.blinding : undefined;
}

/** A head as it is told. */
export function headText(blinding: Bytes, { id, hash }: AuditHead): string {
  return `${id}:${blindHash(blinding, hash).toHex()}`;
}

/** The head of the audit as it is told now; undefined where what blinds it was removed. */
export async function toldHead(db: Database): Promise<string | undefined> {
  const [row] = await db
    .select({ id: auditEvents.id, hash: auditEvents.hash, blinding: auditBlinding.blinding })
    .from(auditBlinding)
    .leftJoin(auditEvents, eq(auditBlinding.id, 1))
    .orderBy(desc(auditEvents.id))
    .limit(1);
  if (row?.blinding.length !== blindingBytes) return undefined;
  const head = row.id === null || row.hash === null ? emptyChain : { id: row.id, hash: row.hash };
  return headText(row.blinding, head);
}

/** A head that somebody has written down. */
export interface NotedHead {
  /** undefined: not noted; any event will do. */
  id: number | undefined;
  /** 64 hex digits, in small letters: a blinded hash, or the hash of an event as an export has it. */
  hex: string;
}

/** Reads `ID:HEX`, or `HEX` alone; undefined where the text is neither. */
export function parseHead(text: string): NotedHead | undefined {
  const [, id, hex] = /^\s*(?:(0|[1-9]\d{0,14}):)?([0-9a-f]{64})\s*$/i.exec(text) ?? [];
  if (hex === undefined) return undefined;
  return { id: id === undefined ? undefined : Number(id), hex: hex.toLowerCase() };
}
