import { constants, type Database, type SQLQueryBindings, type Statement } from "bun:sqlite";
import type { InValue } from "@libsql/client";
import { isBusy } from "./constraint.ts";
import type { FileIdentities, OpenFiles } from "./open-files.ts";
import { openForReading } from "./open-for-reading.ts";
import { type OpenDatabase, openForWriting, openInPlace, tidyUp } from "./open-for-writing.ts";
import { isRead, type Query } from "./query.ts";
import { StorageError, storageFault } from "./storage-fault.ts";

/** What a statement did. Plain data, too. */
export interface Outcome {
  columns: string[];
  rows: unknown[][];
  changes: number;
  /** undefined for what returns rows. */
  lastInsertRowid: bigint | undefined;
}

/**
 * One connection of `bun:sqlite`, on whichever thread: each call holds that thread until it is done. Statements are
 * prepared once and reused; a batch is one transaction.
 *
 * A file that is moved or removed while it is open is still read, and never written: nobody would find again what was
 * acknowledged. Once it is back, or another one is in its place, it is opened anew. Throws StorageError meanwhile.
 */
export class SqliteConnection {
  #database: Database;
  readonly #statements = new Map<string, Statement>();
  /** undefined: of a database that is only read, or in memory, nobody asks what its files are. */
  #files: OpenFiles | undefined;
  /** It changes nothing: somebody else writes to the file that it reads. */
  #refusesWrites = false;
  /** The former connection is closed, and there is no other yet. */
  #isParted = false;
  #reopened = 0;

  private constructor({ database, files }: OpenDatabase) {
    this.#database = database;
    this.#files = files;
  }

  /**
   * Opens a file, or `:memory:`.
   *
   * @param create - whether one that is not there is made
   * @param expected - what another connection has open: then those files, or none. Throws StorageError otherwise
   */
  static toWrite(
    file: string,
    { create, expected }: { create: boolean; expected?: FileIdentities | undefined },
  ): SqliteConnection {
    return new SqliteConnection(openForWriting(file, create, expected));
  }

  /** Opens a file that exists: nothing is written to it, and whoever else has it open is in nobody's way. */
  static toRead(file: string): SqliteConnection {
    return new SqliteConnection({ database: openForReading(file), files: undefined });
  }

  /** From now on it refuses to change anything. */
  refuseWrites(): void {
    this.#refusesWrites = true;
    this.#database.run("PRAGMA query_only = ON");
  }

  /** @param isInPlace - whether its files were looked at just now, and nothing was in their place */
  run(query: Query, isInPlace = false): Outcome {
    const writes = !isRead(query);
    const isOpen = isInPlace && !writes && !this.#isParted;
    const outcome = this.#run(isOpen ? this.#database : this.#open(writes), query);
    if (writes) this.#requireFiles(true);
    return outcome;
  }

  batch(queries: readonly Query[]): Outcome[] {
    // What only reads needs no lock, so nobody who writes can keep it waiting.
    const writes = !queries.every(isRead);
    const database = this.#open(writes);
    const run = database.transaction(() => {
      const outcomes = queries.map((query) => this.#run(database, query));
      // As late as can be: what is rolled back here was certainly not written.
      if (writes) this.#requireFiles(false);
      return outcomes;
    });
    if (!writes) return run.deferred();
    const outcomes = run.immediate();
    this.#requireFiles(true);
    return outcomes;
  }

  /** A batch that may rebuild tables: foreign keys are checked once, at its end, before it is committed. */
  migrate(queries: readonly Query[]): Outcome[] {
    const database = this.#open(true);
    database.run("PRAGMA foreign_keys = OFF");
    try {
      const run = database.transaction(() => {
        const outcomes = queries.map((query) => this.#run(database, query));
        const broken = database.query("PRAGMA foreign_key_check").all().length;
        if (broken > 0) throw brokenReferences(broken);
        return outcomes;
      });
      return run.immediate();
    } finally {
      database.run("PRAGMA foreign_keys = ON");
    }
  }

  /** Several statements without values, with semicolons between them. */
  script(sql: string): void {
    this.#open(true).run(sql);
  }

  /**
   * SQLite's count of the commits of other connections, in one row. It opens nothing that has come in the place of its
   * files. Throws StorageError.
   */
  foreignCommits(): Outcome {
    if (this.isReplaced || this.#isParted) throw new StorageError("replaced");
    return this.#run(this.#database, { sql: "PRAGMA data_version", args: [] });
  }

  /** Whether there is something in the place of its files, which the next use opens. */
  get isReplaced(): boolean {
    const state = this.#files?.state();
    return state === "replaced" || (state === "there" && this.#isParted);
  }

  /** Opens what has come in the place of its files. Throws StorageError where they are not there, or others that are no use. */
  requireFilesInPlace(): void {
    this.#open(true);
  }

  /** How often it has opened what came in the place of its files: whatever was known of the data may be wrong by then. */
  get reopened(): number {
    return this.#reopened;
  }

  /** Which files it has open; undefined where that is not known. */
  get files(): FileIdentities | undefined {
    return this.#files?.identities;
  }

  /** Moves the WAL into the database file and closes both. */
  close(): void {
    if (!this.#isParted) this.#part();
    // What comes in their place is nothing to it any more.
    this.#files = undefined;
  }

  /** The connection. Throws StorageError where there is none, or where it must not be written to. */
  #open(toWrite: boolean): Database {
    if (this.isReplaced) this.#reopen();
    else if ((toWrite || this.#isParted) && this.#files?.state() === "missing")
      throw new StorageError("missing");
    return this.#database;
  }

  #requireFiles(mayBeWritten: boolean): void {
    const state = this.#files?.state();
    if (state === "missing" || state === "replaced") throw new StorageError(state, mayBeWritten);
  }

  /** Opens what is at the path now, in place of the former connection. Throws StorageError where that cannot be. */
  #reopen(): void {
    const files = this.#files;
    if (!files) return;
    if (!this.#isParted) {
      this.#leave(files);
      this.#isParted = true;
      this.#part();
    }
    try {
      // Others who have the former files open are waited for. Those who part at once may leave something to nobody.
      const isFree = files.belongTogether() || (files.isFormerInPlace && tidyUp(files));
      if (!isFree) throw new StorageError("replaced");
      const opened = openInPlace(files.file);
      this.#database = opened.database;
      this.#files = opened.files;
    } catch (error) {
      throw new StorageError("replaced", false, { cause: error });
    }
    if (this.#refusesWrites) this.refuseWrites();
    this.#isParted = false;
    this.#reopened++;
  }

  /** Does what has to be done while the former files are still open. Throws StorageError where that cannot be yet. */
  #leave(files: OpenFiles): void {
    try {
      const isInPlace = files.leave((clear) => this.#alone(clear));
      // A WAL that is gone from its path is played into its file by nobody who opens that: so it has to be in there.
      if (isInPlace && !this.#checkpoint()) throw new Error("somebody reads or writes what is in its WAL");
    } catch (error) {
      throw new StorageError("replaced", false, { cause: error });
    }
  }

  /** Does something while nobody else who has the same files open writes, or does the same. Throws SQLite's errors. */
  #alone(act: () => void): void {
    const database = this.#database;
    if (this.#refusesWrites) database.run("PRAGMA query_only = OFF");
    try {
      database.run("BEGIN IMMEDIATE");
      try {
        act();
      } finally {
        database.run("ROLLBACK");
      }
    } finally {
      if (this.#refusesWrites) this.refuseWrites();
    }
  }

  /** Moves what is in the WAL into the file, wherever that is by now. Whether it is all in there. Throws SQLite's errors. */
  #checkpoint(): boolean {
    using statement = this.#database.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
    const [[isHeldUp, inWal, inFile] = []] = statement.values() as number[][];
    // A WAL that somebody reads can be in the file and still not be emptied. -1: it was not looked at.
    return isHeldUp === 0 || (inWal !== -1 && inWal === inFile);
  }

  /** Ends the connection. What is in its WAL is moved into its file, wherever that is by now. */
  #part(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
    try {
      if (!this.#files) return;
      // SQLite removes a WAL by its path, unless another file is at its own: not one that was put beside that meanwhile.
      if (this.#files.areForeign()) this.#database.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1);
      this.#checkpoint();
    } catch (error) {
      // Others read or write: the last one to close will do it. A disk that fails loses nothing by it.
      if (!isBusy(error) && !storageFault(error)) throw error;
    } finally {
      this.#database.close();
    }
  }

  #prepare(database: Database, sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = database.prepare(sql);
      // A bound on memory; statements with a varying number of rows would otherwise pile up.
      if (this.#statements.size >= 500) {
        for (const old of this.#statements.values()) old.finalize();
        this.#statements.clear();
      }
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(database: Database, { sql, args }: Query): Outcome {
    const statement = this.#prepare(database, sql);
    // None that are named are used here: they are left out, and SQLite says so.
    const parameters = Array.isArray(args) ? args.map(toBinding) : [];
    if (statement.columnNames.length > 0) {
      const columns = [...statement.columnNames];
      return { columns, rows: statement.values(...parameters), changes: 0, lastInsertRowid: undefined };
    }
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return { columns: [], rows: [], changes, lastInsertRowid: BigInt(lastInsertRowid) };
  }
}

/** As SQLite would say it of one statement. */
function brokenReferences(rows: number): Error {
  const error = new Error(`FOREIGN KEY constraint failed: ${rows} rows after a migration`);
  return Object.assign(error, { code: "SQLITE_CONSTRAINT_FOREIGNKEY" });
}

function toBinding(value: InValue): SQLQueryBindings {
  if (value instanceof Date) return value.getTime();
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return value as SQLQueryBindings;
}
