import { eq, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { isBusy, isUniqueViolation, isWriteConflict } from "../database/constraint.ts";
import { auditEvents, rootKeys } from "../database/schema.ts";
import { SecretsflyError } from "../errors.ts";
import { type AuditEntry, auditHead, chainEvents } from "./audit.ts";
import type { Actor, Vault } from "./vault.ts";

/**
 * How everything is written: read, compute, then one atomic batch that holds a guard, the rows and the
 * audit events. The guard fails when somebody else was faster since the read; then all is read again.
 * There is no lock across an `await` and no interactive transaction, so one machine and many machines
 * with one primary behave the same.
 */
export type Statement = BatchItem<"sqlite">;

/** What one attempt wants to write, and what its caller gets once that is on disk. */
export interface Write<T> {
  statements: readonly Statement[];
  events: readonly AuditEntry[];
  result: T;
}

/** An attempt that found nothing to write. */
export function unchanged<T>(result: T): Write<T> {
  return { statements: [], events: [], result };
}

/** Attempts before giving up; each waits a little longer than the one before, up to `longestPause`. */
const attempts = 200;
const longestPause = 50;
const rowsAStatement = 500;

/**
 * Runs `attempt` until what it wants to write is written, whole, with its audit events.
 * `scope` names what may not be computed twice at the same time, such as a tree.
 * Throws what `attempt` throws; SecretsflyError `busy` when the database stays locked.
 */
export async function write<T>(
  vault: Vault,
  scope: string,
  actor: Actor,
  attempt: () => Promise<Write<T>>,
): Promise<T> {
  return vault.writes.run(scope, async () => {
    for (let i = 0; i < attempts; i++) {
      const { statements, events, result } = await attempt();
      if (statements.length + events.length === 0 || (await commit(vault, actor, statements, events)))
        return result;
      await pause(jitter(vault) * Math.min(longestPause, i + 1));
    }
    throw new SecretsflyError("busy", "The database is busy. Nothing was written; try again.");
  });
}

/** Appends audit events alone, for what is told of without being a change of the data. */
export async function record(vault: Vault, actor: Actor, ...events: readonly AuditEntry[]): Promise<void> {
  await write(vault, "audit", actor, async () => ({ statements: [], events, result: undefined }));
}

/** One batch. True when it is on disk, false when a guard, an id or another process was in the way. */
async function commit(
  vault: Vault,
  actor: Actor,
  statements: readonly Statement[],
  events: readonly AuditEntry[],
): Promise<boolean> {
  const { db, clock } = vault;
  // Every write appends to the one audit chain: only its last step, which waits for no computation, is queued for all.
  return vault.writes.run("commit", async () => {
    for (let i = 0; i < attempts; i++) {
      const rows = chainEvents(await auditHead(db), clock(), actor, events);
      const appended = chunks(rows).map((chunk) => db.insert(auditEvents).values(chunk));
      try {
        await db.batch([...statements, ...appended] as unknown as [Statement, ...Statement[]]);
        return true;
      } catch (error) {
        // Another process appended first: the same rows fit behind its event.
        if (isUniqueViolation(error, "audit_events")) continue;
        if (isWriteConflict(error) || isBusy(error)) return false;
        throw error;
      }
    }
    return false;
  });
}

/**
 * The guard of a tree: raises its revision, and fails the batch (NOT NULL) unless it is still the one
 * that was read.
 */
export function guardTree(vault: Vault, tree: { rootId: number; revision: number }): Statement {
  const next: SQL<number> = sql`case when ${rootKeys.revision} = ${tree.revision} then ${tree.revision + 1} end`;
  return vault.db.update(rootKeys).set({ revision: next }).where(eq(rootKeys.projectId, tree.rootId));
}

/** Rows in portions that stay below SQLite's limit of variables in a statement. */
export function chunks<Row>(rows: readonly Row[]): Row[][] {
  const portions: Row[][] = [];
  for (let i = 0; i < rows.length; i += rowsAStatement) portions.push(rows.slice(i, i + rowsAStatement));
  return portions;
}

/** From 0 to 1: two writers that collided must not wait equally long. */
function jitter({ random }: Vault): number {
  return (random(1)[0] ?? 0) / 255;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
