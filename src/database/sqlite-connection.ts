import { constants, type Database, type SQLQueryBindings, type Statement } from "bun:sqlite";
import type { InArgs, InValue } from "@libsql/client";
import { isBusy } from "./constraint.ts";
import { OpenFiles } from "./open-files.ts";
import { openForReading } from "./open-for-reading.ts";
import { openForWriting, openInPlace } from "./open-for-writing.ts";
import { StorageError, storageFault } from "./storage-fault.ts";

/** A statement with its values. Plain data: it can be given to another thread. */
export interface Query {
  sql: string;
  args: InArgs;
}

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

  private constructor(database: Database, file: string | undefined) {
    this.#database = database;
    if (file !== undefined && file !== ":memory:") this.#files = new OpenFiles(file);
  }

  /** Opens a file, or `:memory:`. With `create` one that is not there is made. */
  static toWrite(file: string, { create }: { create: boolean }): SqliteConnection {
    return new SqliteConnection(openForWriting(file, create), file);
  }

  /** Opens a file that exists: nothing is written to it, and whoever else has it open is in nobody's way. */
  static toRead(file: string): SqliteConnection {
    return new SqliteConnection(openForReading(file), undefined);
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
      this.#isParted = true;
      this.#part();
      files.clearFromBesideAnother();
    }
    if (!files.belongTogether()) throw new StorageError("replaced");
    try {
      this.#database = openInPlace(files.file);
    } catch (error) {
      throw new StorageError("replaced", false, { cause: error });
    }
    if (this.#refusesWrites) this.refuseWrites();
    this.#files = new OpenFiles(files.file);
    this.#isParted = false;
    this.#reopened++;
  }

  /** Ends the connection. What is in its WAL is moved into its file, wherever that is by now. */
  #part(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
    try {
      if (!this.#files) return;
      // SQLite removes a WAL by its path: not that of a database that was put there meanwhile.
      if (this.#files.areForeign()) this.#database.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1);
      this.#database.run("PRAGMA wal_checkpoint(TRUNCATE)");
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

/** Whether a statement surely changes nothing. */
export function isRead({ sql }: Query): boolean {
  return /^\s*select\b/i.test(sql);
}

function toBinding(value: InValue): SQLQueryBindings {
  if (value instanceof Date) return value.getTime();
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return value as SQLQueryBindings;
}
