import { constants, type Database, type SQLQueryBindings, type Statement } from "bun:sqlite";
import type { Client, InArgs, InStatement, InValue, ResultSet, Row } from "@libsql/client";
import { isBusy } from "./constraint.ts";
import { OpenFiles } from "./open-files.ts";
import { openForReading } from "./open-for-reading.ts";
import { openForWriting, openInPlace } from "./open-for-writing.ts";
import { StorageError, storageFault } from "./storage-fault.ts";

/**
 * `bun:sqlite` behind libSQL's `Client` interface, so that one machine and many machines run the same
 * code above. Statements are prepared once and reused; a batch is one transaction. There are no
 * interactive transactions: they would hold the only connection across an `await`.
 *
 * A file that is moved or removed while it is open is still read, and never written: nobody would find again what was
 * acknowledged. Once it is back, or another one is in its place, it is opened anew. Throws StorageError meanwhile.
 */
export class SqliteClient implements Client {
  readonly protocol = "file";
  #database: Database;
  readonly #statements = new Map<string, Statement>();
  /** undefined: of a database that is only read, or in memory, nobody asks what its files are. */
  #files: OpenFiles | undefined;
  /** The former connection is closed, and there is no other yet. */
  #isParted = false;
  #reopened = 0;

  /**
   * Opens a file.
   *
   * @param access - "read": nothing is written to the file, and whoever else has it open is in nobody's way
   */
  constructor(file: string, access: "read" | "write" = "write") {
    this.#database = access === "read" ? openForReading(file) : openForWriting(file);
    if (access === "write" && file !== ":memory:") this.#files = new OpenFiles(file);
  }

  get closed(): boolean {
    return this.#closed;
  }
  #closed = false;

  async execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    const normalized = typeof statement === "string" ? { sql: statement, args: args ?? [] } : statement;
    const writes = !isSelect(normalized);
    const database = this.#open(writes);
    const result = this.#run(database, normalized);
    if (writes) this.#requireFiles(true);
    return result;
  }

  async batch(statements: (InStatement | [string, InArgs?])[]): Promise<ResultSet[]> {
    const normalized = statements.map((statement) =>
      Array.isArray(statement) ? { sql: statement[0], args: statement[1] ?? [] } : statement,
    );
    // What only reads needs no lock, so nobody who writes can keep it waiting.
    const writes = !normalized.every(isSelect);
    const database = this.#open(writes);
    const run = database.transaction(() => {
      const results = normalized.map((statement) => this.#run(database, statement));
      // As late as can be: what is rolled back here was certainly not written.
      if (writes) this.#requireFiles(false);
      return results;
    });
    if (!writes) return run.deferred();
    const results = run.immediate();
    this.#requireFiles(true);
    return results;
  }

  /** A batch that may rebuild tables: foreign keys are checked once, at its end, before it is committed. */
  async migrate(statements: InStatement[]): Promise<ResultSet[]> {
    const database = this.#open(true);
    database.run("PRAGMA foreign_keys = OFF");
    try {
      const run = database.transaction(() => {
        const results = statements.map((statement) => this.#run(database, statement));
        const broken = database.query("PRAGMA foreign_key_check").all().length;
        if (broken > 0) throw brokenReferences(broken);
        return results;
      });
      return run.immediate();
    } finally {
      database.run("PRAGMA foreign_keys = ON");
    }
  }

  async executeMultiple(sql: string): Promise<void> {
    this.#open(true).run(sql);
  }

  /** What is wrong with the files that it has open; undefined where they are at their paths. Opens what has come there. */
  look(): StorageError | undefined {
    try {
      this.#open(true);
      return undefined;
    } catch (error) {
      if (error instanceof StorageError) return error;
      throw error;
    }
  }

  /** How often it has opened what came in the place of its files: whatever was known of the data may be wrong by then. */
  get reopened(): number {
    return this.#reopened;
  }

  transaction(): never {
    throw new Error("interactive transactions are not used: write one batch");
  }

  async sync(): Promise<undefined> {
    return undefined;
  }

  reconnect(): void {}

  /** Moves the WAL into the database file and closes both. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#isParted) this.#part();
  }

  /** The connection. Throws StorageError where there is none, or where it must not be written to. */
  #open(toWrite: boolean): Database {
    const state = this.#closed ? undefined : this.#files?.state();
    if (state === "replaced" || (state === "there" && this.#isParted)) this.#reopen();
    else if (state === "missing" && (toWrite || this.#isParted)) throw new StorageError("missing");
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
      // Another process reads or writes: the last one to close will do it. A disk that fails loses nothing by it.
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

  #run(database: Database, input: InStatement): ResultSet {
    const { sql, args = [] } = typeof input === "string" ? { sql: input } : input;
    const statement = this.#prepare(database, sql);
    const bindings = Array.isArray(args) ? args.map(toBinding) : {};
    const parameters = Array.isArray(bindings) ? bindings : [];
    if (statement.columnNames.length > 0) {
      const columns = statement.columnNames;
      const rows = statement.values(...parameters).map((values) => toRow(columns, values));
      return resultSet(columns, rows, 0, undefined);
    }
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return resultSet([], [], changes, BigInt(lastInsertRowid));
  }
}

/** As SQLite would say it of one statement. */
function brokenReferences(rows: number): Error {
  const error = new Error(`FOREIGN KEY constraint failed: ${rows} rows after a migration`);
  return Object.assign(error, { code: "SQLITE_CONSTRAINT_FOREIGNKEY" });
}

function isSelect(statement: InStatement): boolean {
  return /^\s*select\b/i.test(typeof statement === "string" ? statement : statement.sql);
}

function toBinding(value: InValue): SQLQueryBindings {
  if (value instanceof Date) return value.getTime();
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return value as SQLQueryBindings;
}

/** A row is read by index (drizzle) or by name. */
function toRow(columns: string[], values: unknown[]): Row {
  const row = values as unknown as Row;
  columns.forEach((column, i) => {
    row[column] = values[i] as Row[string];
  });
  return row;
}

function resultSet(
  columns: string[],
  rows: Row[],
  rowsAffected: number,
  lastInsertRowid: bigint | undefined,
): ResultSet {
  return {
    columns,
    columnTypes: columns.map(() => ""),
    rows,
    rowsAffected,
    lastInsertRowid,
    toJSON: () => ({ columns, rows, rowsAffected }),
  };
}
