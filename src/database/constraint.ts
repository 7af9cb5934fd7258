import { causesOf } from "./causes.ts";

/**
 * A violated constraint has another shape wherever it comes from: `code` is SQLITE_CONSTRAINT_… from bun:sqlite and
 * SQLITE_CONSTRAINT from a server, a batch has the step that failed as its `cause`, and drizzle wraps that once more.
 * What they share is SQLite's sentence.
 */
function mentions(error: unknown, pattern: RegExp): boolean {
  for (const current of causesOf(error)) {
    if (pattern.test(current.message)) return true;
  }
  return false;
}

/** Whether a UNIQUE or PRIMARY KEY constraint refused a write; of `table` only, if one is given. */
export function isUniqueViolation(error: unknown, table = "\\w+"): boolean {
  return mentions(error, new RegExp(`UNIQUE constraint failed: (?:index '|)${table}\\b`));
}

/**
 * Whether a write lost against a faster one: a guard that does not hold (CHECK, NOT NULL), an id that was taken
 * (UNIQUE), or a row that is gone (FOREIGN KEY). Reading again and writing again is the answer.
 */
export function isWriteConflict(error: unknown): boolean {
  return mentions(error, /(?:CHECK|NOT NULL|UNIQUE|FOREIGN KEY) constraint failed/);
}

/**
 * Whether a server takes no row as large as one that is to be written, which is 5 MB unless its namespace was made
 * otherwise, or gives no answer as large as one that is to be read. A file has no such bound.
 */
export function isTooLarge(error: unknown): boolean {
  return mentions(error, /string or blob too big|RESPONSE_TOO_LARGE/);
}

/** Whether the database was locked by another process for longer than the driver waits. */
export function isBusy(error: unknown): boolean {
  return mentions(error, /database (?:table )?is locked|SQLITE_BUSY/i);
}
