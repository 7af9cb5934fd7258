import { Database } from "bun:sqlite";
import { accessSync, chmodSync, constants, statSync } from "node:fs";
import { migrations } from "./migrations.ts";

/**
 * Opens a database file for reading and writing; with `create` it is made where there is none. WAL with
 * `synchronous=FULL`: what was acknowledged survives a power cut. Throws SQLite's errors.
 */
export function openForWriting(file: string, create: boolean): Database {
  return prepare(new Database(file, { readwrite: true, create, strict: true, safeIntegers: false }));
}

/**
 * Opens what has been put in the place of a database that was open. Nothing is made and nothing changed in what is none
 * of ours, or of another version: then it throws, as for what SQLite cannot open.
 */
export function openInPlace(file: string): Database {
  // SQLite would open it to read, and never notice when it can be written again.
  accessSync(file, constants.W_OK);
  const database = new Database(file, { readwrite: true, create: false, strict: true, safeIntegers: false });
  try {
    using tags = database.prepare<{ tag: string }, []>("SELECT tag FROM migrations ORDER BY position");
    const found = tags.all().map(({ tag }) => tag);
    if (found.join() !== migrations.map(({ tag }) => tag).join())
      throw new Error("it is of another version: start anew, so that it is looked at");
    prepare(database);
    keepForOwner(file);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Files that are older than this program, or come from elsewhere, may be open to others. */
export function keepForOwner(file: string): void {
  for (const part of [file, `${file}-wal`, `${file}-shm`]) {
    if ((statSync(part, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) chmodSync(part, 0o600);
  }
}

function prepare(database: Database): Database {
  // Several processes may start at once, and there is nothing else to do yet.
  database.run("PRAGMA busy_timeout = 5000");
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = FULL");
  database.run("PRAGMA foreign_keys = ON");
  database.run("PRAGMA secure_delete = ON");
  // Makes the WAL, where SQLite would wait for the first who reads.
  using first = database.prepare("SELECT count(*) FROM sqlite_master");
  first.get();
  // Waiting for another process's lock holds the thread: from here on it is short, and callers try again.
  database.run("PRAGMA busy_timeout = 20");
  return database;
}
