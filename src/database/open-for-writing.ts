import { Database } from "bun:sqlite";
import { accessSync, chmodSync, constants, rmSync, statSync } from "node:fs";
import { isBusy } from "./constraint.ts";
import { migrations } from "./migrations.ts";
import { type FileIdentities, identityOf, OpenFiles } from "./open-files.ts";
import { StorageError } from "./storage-fault.ts";

/** A connection, and which files it has open: undefined of what is in memory. */
export interface OpenDatabase {
  database: Database;
  files: OpenFiles | undefined;
}

/**
 * Opens a database file for reading and writing, or `:memory:`; with `create` it is made where there is none. WAL with
 * `synchronous=FULL`: what was acknowledged survives a power cut.
 *
 * @param expected - what another connection of this process has open: those files, or none
 * @throws StorageError where others are at the paths, or come there meanwhile, and SQLite's errors
 */
export function openForWriting(file: string, create: boolean, expected?: FileIdentities): OpenDatabase {
  return openAs(file, create, expected?.[0] ?? identityOf(file), (database) => {
    prepare(database);
    const files = file === ":memory:" ? undefined : new OpenFiles(file);
    if (expected && files?.identities.join() !== expected.join()) throw new StorageError("replaced");
    return files;
  });
}

/**
 * Opens what has been put in the place of a database that was open. Nothing is made and nothing changed in what is none
 * of ours, or of another version: then it throws, as for what SQLite cannot open.
 */
export function openInPlace(file: string): OpenDatabase {
  // SQLite would open it to read, and never notice when it can be written again.
  accessSync(file, constants.W_OK);
  return openAs(file, false, identityOf(file), (database) => {
    using tags = database.prepare<{ tag: string }, []>("SELECT tag FROM migrations ORDER BY position");
    const found = tags.all().map(({ tag }) => tag);
    if (found.join() !== migrations.map(({ tag }) => tag).join())
      throw new Error("it is of another version: start anew, so that it is looked at");
    prepare(database);
    keepForOwner(file);
    return new OpenFiles(file);
  });
}

/**
 * Takes away what is left of a WAL or its index beside a database that nobody has open any more. false where somebody
 * has. Throws StorageError where it is not the database at the path, and SQLite's errors.
 */
export function tidyUp({ file, identities: [main] }: OpenFiles): boolean {
  const database = openMain(file, false, main);
  try {
    // In this mode nobody else can have it open from the first transaction on, until it is closed.
    database.run("PRAGMA locking_mode = EXCLUSIVE");
    database.run("BEGIN IMMEDIATE");
    database.run("ROLLBACK");
    // Unlike the WAL, the index is of no use in this mode, and would be left where it is.
    if (identityOf(file) === main) rmSync(`${file}-shm`, { force: true });
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  } finally {
    database.close();
  }
}

/** Files that are older than this program, or come from elsewhere, may be open to others. */
export function keepForOwner(file: string): void {
  for (const part of [file, `${file}-wal`, `${file}-shm`]) {
    if ((statSync(part, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) chmodSync(part, 0o600);
  }
}

/** Opens the file that is `main`, with what `first` finds that it has open; and none that comes in its place meanwhile. */
function openAs(
  file: string,
  create: boolean,
  main: string | undefined,
  first: (database: Database) => OpenFiles | undefined,
): OpenDatabase {
  const database = openMain(file, create, main);
  try {
    const files = first(database);
    if (main !== undefined && files?.identities[0] !== main) throw new StorageError("replaced");
    return { database, files };
  } catch (error) {
    database.close();
    throw error;
  }
}

function openMain(file: string, create: boolean, main: string | undefined): Database {
  const database = new Database(file, { readwrite: true, create, strict: true, safeIntegers: false });
  // Before anything is read: SQLite plays the WAL into a file that is beside it then.
  if (main === undefined || identityOf(file) === main) return database;
  database.close();
  throw new StorageError("replaced");
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
