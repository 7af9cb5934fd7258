import { and, asc, count, desc, eq, getTableColumns, gt, gte, lte, sql } from "drizzle-orm";
import type { Bytes } from "../cryptography/bytes.ts";
import { equalBytes } from "../cryptography/hash.ts";
import type { Database } from "../database/connect.ts";
import { auditEvents } from "../database/schema.ts";
import { type AuditEvent, type AuditHead, emptyChain, eventHash } from "./audit.ts";
import { type ChainFault, chainFault } from "./audit-fault.ts";
import { blindHash, headText, type NotedHead, readBlinding } from "./audit-head.ts";

/** What was found of the audit. */
export interface ChainReport {
  /** How many events there are, up to the head. */
  events: number;
  /** When the first and the newest happened, in milliseconds since the epoch; null: there are none. */
  firstAt: number | null;
  newestAt: number | null;
  /** The newest event when the look began. */
  head: AuditHead;
  /** The same as it is told, to be written down; undefined where the chain is broken. */
  toldHead: string | undefined;
  /** undefined: each event follows from the one before, from the first to the head. */
  fault: ChainFault | undefined;
  /** Why the head that was written down is no longer in the chain; undefined where it is, or none was given. */
  missingHead: string | undefined;
}

/** How many events are in memory at a time. */
const portion = 2000;

/**
 * Follows the chain from its beginning to the newest event that there is at the start, a portion at a time; events that
 * are appended meanwhile are left for the next look. It stops at the first fault.
 *
 * @param noted - a head that was written down: without one, a chain whose end was cut off is as whole as any
 */
export async function verifyChain(db: Database, noted?: NotedHead): Promise<ChainReport> {
  const [head, blinding] = [await readHead(db), await readBlinding(db)];
  const search = noted && new HeadSearch(noted, blinding);
  search?.look(emptyChain);
  let before = emptyChain;
  let fault: ChainFault | undefined;
  walk: for await (const rows of eventsUpTo(db, head.id)) {
    for (const row of rows) {
      if (!follows(before, row)) {
        fault = await faultAt(db, before, row, head.id);
        break walk;
      }
      before = { id: row.id, hash: row.hash };
      search?.look(before);
    }
  }
  // Removed since the look began, from the end: ids above it are no part of this look.
  if (!fault && before.id < head.id)
    fault = { eventId: before.id + 1, what: `event ${before.id + 1} is missing` };
  if (!fault && !blinding) fault = noBlinding;
  return {
    ...(await extent(db, head)),
    head,
    toldHead: fault || !blinding ? undefined : headText(blinding, head),
    fault,
    missingHead: search?.missing(head, fault),
  };
}

const noBlinding: ChainFault = {
  eventId: 0,
  what: "what blinds its heads (the row of audit_blinding) was removed or changed, so that no head can be told or compared",
};

/** A hash that is no BLOB is none: it must neither fit nor fill the memory. */
const columns = {
  ...getTableColumns(auditEvents),
  hash: sql<Bytes>`case typeof(${auditEvents.hash}) when 'blob' then ${auditEvents.hash} else x'' end`.mapWith(
    auditEvents.hash,
  ),
};

async function readHead(db: Database): Promise<AuditHead> {
  const { id, hash } = columns;
  const newest = db.select({ id, hash }).from(auditEvents).orderBy(desc(auditEvents.id)).limit(1);
  return (await newest)[0] ?? emptyChain;
}

/** All events that there are at the start, as they are stored, in order and in portions. */
export async function* allEvents(db: Database): AsyncGenerator<AuditEvent[]> {
  yield* eventsUpTo(db, (await readHead(db)).id);
}

async function* eventsUpTo(db: Database, end: number): AsyncGenerator<AuditEvent[]> {
  // Also those below the first id that there can be: they are as wrong as any other.
  for (let last: number | undefined = -Number.MAX_SAFE_INTEGER; last !== undefined && last < end; ) {
    const rows = await readRows(db, last, end, portion);
    last = rows.at(-1)?.id;
    if (rows.length > 0) yield rows;
  }
}

/** Events above the id `after`, up to `until`, in order. */
function readRows(db: Database, after: number, until: number, limit: number): Promise<AuditEvent[]> {
  return db
    .select(columns)
    .from(auditEvents)
    .where(and(gt(auditEvents.id, after), lte(auditEvents.id, until)))
    .orderBy(asc(auditEvents.id))
    .limit(limit);
}

/**
 * True where an event follows the one before. A number that JavaScript cannot hold is none of ours: JSON would write
 * it as `null`, or as its neighbour.
 */
function follows(before: AuditHead, row: AuditEvent): boolean {
  const isWritable = [row.id, row.at, row.projectId ?? 0].every(Number.isSafeInteger);
  return isWritable && row.id === before.id + 1 && equalBytes(eventHash(before.hash, row), row.hash);
}

/** How many events on either side of a fault tell what it is. */
const around = 32;

async function faultAt(db: Database, before: AuditHead, row: AuditEvent, end: number): Promise<ChainFault> {
  if (row.id !== before.id + 1) return chainFault(before, row, []);
  const near = await readRows(db, row.id - around, Math.min(end, row.id + around), 2 * around);
  return chainFault(before, row, near);
}

async function extent(
  db: Database,
  { id }: AuditHead,
): Promise<Pick<ChainReport, "events" | "firstAt" | "newestAt">> {
  const isInside = lte(auditEvents.id, id);
  const [all] = await db.select({ events: count() }).from(auditEvents).where(isInside);
  const [first] = await db
    .select({ at: auditEvents.at })
    .from(auditEvents)
    .where(gte(auditEvents.id, 1))
    .orderBy(asc(auditEvents.id))
    .limit(1);
  const [newest] = await db.select({ at: auditEvents.at }).from(auditEvents).where(eq(auditEvents.id, id));
  return { events: all?.events ?? 0, firstAt: first?.at ?? null, newestAt: newest?.at ?? null };
}

/** Looks for a head that was written down, while the chain is followed. */
class HeadSearch {
  #isFound = false;
  #isAnother = false;

  constructor(
    private readonly noted: NotedHead,
    private readonly blinding: Bytes | undefined,
  ) {}

  /** Looks at one event of the chain, which follows from all before it. */
  look({ id, hash }: AuditHead): void {
    if (this.#isFound || (this.noted.id !== undefined && this.noted.id !== id)) return;
    const { hex } = this.noted;
    const isThis = hash.toHex() === hex || (this.blinding && blindHash(this.blinding, hash).toHex() === hex);
    if (isThis) this.#isFound = true;
    else if (this.noted.id !== undefined) this.#isAnother = true;
  }

  /** Why it was not found; undefined where it was. */
  missing(head: AuditHead, fault: ChainFault | undefined): string | undefined {
    const { id } = this.noted;
    if (this.#isFound) return undefined;
    if (this.#isAnother)
      return `event ${id} has another hash: it, or an event before it, was rewritten, or this is another database`;
    if (id !== undefined && id > head.id)
      return `the chain ends with event ${head.id}: the events up to ${id} were cut off, or this is an older copy`;
    if (fault) return "the chain could not be followed to it";
    return "no event has this hash: the chain was cut off or rewritten, or this is another database";
  }
}
