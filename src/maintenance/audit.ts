import type { AuditEvent } from "../vault/audit.ts";
import { allEvents, type ChainReport, verifyChain } from "../vault/audit-chain.ts";
import { parseHead } from "../vault/audit-head.ts";
import { MaintenanceError } from "./maintenance-error.ts";
import { type OpenDatabase, openToRead } from "./open.ts";
import type { Where } from "./where.ts";

/**
 * Follows the chain of a database's audit, and looks whether a head that was written down is in it.
 *
 * @throws MaintenanceError for what is no head, and where the database cannot be read
 */
export async function verifyAudit(where: Where, head: string | undefined): Promise<ChainReport> {
  const noted = head === undefined ? undefined : parseHead(head);
  if (head !== undefined && !noted)
    throw new MaintenanceError("--head: a head is ID:HASH, or HASH alone, with 64 hexadecimal digits");
  const open = await openToRead(where);
  try {
    return await orExplain(open, () => verifyChain(open.db, noted));
  } finally {
    open.close();
  }
}

/** An event as it is exported: all of its fields, with the hash in hex. */
type ExportedEvent = Omit<AuditEvent, "hash"> & { hash: string };

/**
 * All events of a database, oldest first, in portions.
 *
 * @throws MaintenanceError where the database cannot be read
 */
export async function* exportAudit(where: Where): AsyncGenerator<ExportedEvent[]> {
  const open = await openToRead(where);
  try {
    const portions = allEvents(open.db);
    for (;;) {
      const { value, done } = await orExplain(open, () => portions.next());
      if (done) return;
      yield value.map((event) => ({ ...event, hash: event.hash.toHex() }));
    }
  } finally {
    open.close();
  }
}

/** A database that stops to be readable on the way, as a damaged one does. */
async function orExplain<T>({ place }: OpenDatabase, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw new MaintenanceError(`${place} cannot be read to its end: it is damaged, or does not answer`, {
      cause: error,
    });
  }
}
