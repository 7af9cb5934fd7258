import { eq, sql } from "drizzle-orm";
import { runBatch, type Statement, type WrittenStatement, writeSql } from "../database/batch.ts";
import { isBusy, isTooLarge, isUniqueViolation, isWriteConflict } from "../database/constraint.ts";
import { auditEvents, guards, rootKeys } from "../database/schema.ts";
import { storageFault, unavailable } from "../database/storage-fault.ts";
import type { StorageHealth } from "../database/storage-health.ts";
import { SecretsflyError } from "../errors.ts";
import { type AuditEntry, auditHead, chainEvents } from "./audit.ts";
import { onTrees, type Tree, type Trees, treeIn } from "./tree.ts";
import type { Actor, Vault } from "./vault.ts";

/**
 * How everything is written: read, compute, then one atomic batch that holds a guard, the rows and the
 * audit events. The guard fails when somebody else was faster since the read; then all is read again.
 * There is no interactive transaction and no lock of the database across an `await`, so one machine and
 * many machines with one primary behave the same.
 */
export type { Statement };

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

/** Of a write that collided, between two tries; milliseconds. */
const longestPause = 50;
const rowsAStatement = 100;

/**
 * Runs `attempt` until what it wants to write is written, whole, with its audit events.
 * `scope` names what may not be computed twice at the same time, such as a tree.
 * Throws what `attempt` throws; SecretsflyError `busy` when others are in the way for too long, `unavailable` where the
 * database cannot be written.
 */
export async function write<T>(
  vault: Vault,
  scope: string,
  actor: Actor,
  attempt: () => Promise<Write<T>>,
): Promise<T> {
  return writeIn(vault, { scopes: [scope] }, actor, attempt);
}

/** Where a write writes. `rootIds`: to these trees and nothing else that belongs to a project. */
interface Extent {
  scopes: readonly string[];
  rootIds?: readonly number[];
}

async function writeIn<T>(
  vault: Vault,
  { scopes, rootIds }: Extent,
  actor: Actor,
  attempt: () => Promise<Write<T>>,
  patience = vault.writes.patience,
): Promise<T> {
  // From now and not from its turn: who stands in line behind others that wait gives up with them.
  const until = performance.now() + patience;
  return vault.writes.runInAll(scopes, async () => {
    let isLocked = false;
    for (let i = 0; i === 0 || performance.now() < until; i++) {
      try {
        const { statements, events, result } = await attempt();
        if (statements.length + events.length === 0) return result;
        if (await commit(vault, actor, { statements, events }, rootIds)) return result;
        isLocked = false;
      } catch (error) {
        if (!isBusy(error)) throw error;
        isLocked = true;
      }
      await pause(jitter(vault) * Math.min(longestPause, i + 1));
    }
    if (isLocked) vault.storage.met({ kind: "locked" });
    throw new SecretsflyError("busy", "The database is busy. Nothing was written; try again.");
  });
}

/**
 * A write to a tree: `attempt` is given the tree as it is, and nothing is written if it has changed by then.
 * `patience` is how long it is tried, in milliseconds, where one attempt takes long; else as long as the queue has it.
 */
export async function writeTree<T>(
  vault: Vault,
  rootId: number,
  actor: Actor,
  attempt: (tree: Tree) => Promise<Write<T>>,
  patience?: number,
): Promise<T> {
  return writeTrees(vault, [rootId], actor, (trees) => attempt(treeIn(trees, rootId)), patience);
}

/** A write to several trees at once: nothing is written if one of them has changed by then. */
export async function writeTrees<T>(
  vault: Vault,
  rootIds: readonly number[],
  actor: Actor,
  attempt: (trees: Trees) => Promise<Write<T>>,
  patience?: number,
): Promise<T> {
  // In one order for all, and each once: two writes to the same two trees must not wait for each other.
  const ids = [...new Set(rootIds)].sort((a, b) => a - b);
  const scopes = ids.map((id) => `tree ${id}`);
  const guarded = () =>
    onTrees(vault.db, ids, async (trees) => {
      const { statements, events, result } = await attempt(trees);
      if (statements.length === 0) return { statements, events, result };
      const guards = [...trees.values()].flatMap((tree) => guardTree(vault, tree));
      return { statements: [...guards, ...statements], events, result };
    });
  return writeIn(vault, { scopes, rootIds: ids }, actor, guarded, patience);
}

/** Appends audit events alone, for what is told of without being a change of the data. */
export async function record(vault: Vault, actor: Actor, ...events: readonly AuditEntry[]): Promise<void> {
  await write(vault, "audit", actor, async () => ({ statements: [], events, result: undefined }));
}

/** One batch. True when it is on disk, false when a guard or an id was in the way. */
async function commit(
  vault: Vault,
  actor: Actor,
  { statements, events }: Omit<Write<unknown>, "result">,
  rootIds: readonly number[] | undefined,
): Promise<boolean> {
  const { db, storage, written } = vault;
  const changes = await writeSql(statements);
  // Every write appends to the one audit chain: only its last step, which waits for no computation, is queued for all.
  return vault.writes.run("commit", async () => {
    for (let i = 0; i < auditAttempts; i++) {
      const appended = await appendEvents(vault, actor, events);
      try {
        await runBatch(db, [...changes, ...appended]);
        storage.worked();
        return true;
      } catch (error) {
        // Another process appended first: the same rows fit behind its event.
        if (isUniqueViolation(error, "audit_events")) continue;
        if (isWriteConflict(error)) return false;
        throw refused(storage, error);
      } finally {
        // Nobody reads another value for what the audit tells.
        if (changes.length > 0) written(rootIds);
      }
    }
    return false;
  });
}

/** What to throw for a batch that failed: a fault or a bound of the storage in words, anything else as it is. */
function refused(storage: StorageHealth, error: unknown): unknown {
  if (isTooLarge(error)) return new SecretsflyError("too-large", tooLarge);
  const fault = storageFault(error);
  if (!fault) return error;
  storage.met(fault);
  return unavailable(fault, "writing");
}

const tooLarge =
  "The database server takes no row as large as this would make: the secrets here, or those of a project below, which inherits them, are too large together. Nothing was written.";

/** Appends events behind the newest one that there is now. */
async function appendEvents(
  { db, clock }: Vault,
  actor: Actor,
  events: readonly AuditEntry[],
): Promise<WrittenStatement[]> {
  let head = await auditHead(db);
  const at = clock();
  return writeSql(
    chunks(events)
      .values()
      .map((portion) => {
        const rows = chainEvents(head, at, actor, portion);
        head = rows.at(-1) ?? head;
        return db.insert(auditEvents).values(rows);
      }),
  );
}

/** How often the same rows are tried behind another head of the chain, before all is computed again. */
const auditAttempts = 20;

/**
 * The guard of a tree: fails the batch unless the tree is there and has the revision that was read, and
 * raises the revision.
 */
function guardTree({ db }: Vault, { rootId, revision }: Tree): Statement[] {
  const isTree = eq(rootKeys.projectId, rootId);
  const holds = db
    .select({ held: sql<number>`${rootKeys.revision} = ${revision}` })
    .from(rootKeys)
    .where(isTree);
  return [
    db.insert(guards).values({ held: sql`(${holds})` }),
    db.delete(guards),
    db
      .update(rootKeys)
      .set({ revision: revision + 1 })
      .where(isTree),
  ];
}

/** Rows in portions that make statements of a moderate size, or of a size that is told. */
export function chunks<Row>(rows: readonly Row[], size = rowsAStatement): Row[][] {
  const portions: Row[][] = [];
  for (let i = 0; i < rows.length; i += size) portions.push(rows.slice(i, i + size));
  return portions;
}

/** From 0 to 1: two writers that collided must not wait equally long. */
function jitter({ random }: Vault): number {
  return (random(1)[0] ?? 0) / 255;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
