import { Database } from "bun:sqlite";
import { isBusy } from "./constraint.ts";

/** A database file that nobody else can use until it is released. */
export interface ExclusiveDatabase extends Disposable {
  /** The first row of a query. */
  get(sql: string): Record<string, unknown> | undefined;
}

/** Somebody else has the database open. */
export class InUseError extends Error {
  override readonly name = "InUseError";
}

/** Whoever writes only for a moment is waited for, in milliseconds. */
const patience = 1000;

/**
 * Takes a database file for this process alone, and makes one file of it: what is in its WAL is moved into it, and
 * nothing stays beside it. Until it is released, this process must open the file by no other way: POSIX would take
 * the lock away when that is closed.
 *
 * @throws InUseError where a process of this machine has it open, and SQLite's errors
 */
export function takeAlone(file: string): ExclusiveDatabase {
  const database = new Database(file, { readwrite: true });
  try {
    database.run(`PRAGMA busy_timeout = ${patience}`);
    // An open connection to a database with a WAL holds a shared lock all the time, which this one excludes.
    database.run("PRAGMA journal_mode = DELETE");
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw isBusy(error) ? new InUseError() : error;
  }
  const get = (sql: string) => {
    using statement = database.prepare<Record<string, unknown>, []>(sql);
    return statement.get() ?? undefined;
  };
  return { get, [Symbol.dispose]: () => database.close() };
}
