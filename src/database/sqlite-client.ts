import { Database, type SQLQueryBindings, type Statement } from "bun:sqlite";
import type { Client, InArgs, InStatement, InValue, ResultSet, Row } from "@libsql/client";
import { isBusy } from "./constraint.ts";
import { openForReading } from "./open-for-reading.ts";

/**
 * `bun:sqlite` behind libSQL's `Client` interface, so that one machine and many machines run the same
 * code above. Statements are prepared once and reused; a batch is one transaction. There are no
 * interactive transactions: they would hold the only connection across an `await`.
 */
export class SqliteClient implements Client {
  readonly protocol = "file";
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();
  #isReadOnly = false;

  /**
   * Opens a file that exists. WAL with `synchronous=FULL`: what was acknowledged survives a power cut.
   *
   * @param access - "read": nothing is written to the file, and whoever else has it open is in nobody's way
   */
  constructor(file: string, access: "read" | "write" = "write") {
    if (access === "read") {
      this.#database = openForReading(file);
      this.#isReadOnly = true;
      return;
    }
    this.#database = new Database(file, { readwrite: true, create: true, strict: true, safeIntegers: false });
    // Several processes may start at once, and there is nothing else to do yet.
    this.#database.run("PRAGMA busy_timeout = 5000");
    this.#database.run("PRAGMA journal_mode = WAL");
    this.#database.run("PRAGMA synchronous = FULL");
    this.#database.run("PRAGMA foreign_keys = ON");
    this.#database.run("PRAGMA secure_delete = ON");
    // Waiting for another process's lock holds the event loop: from here on it is short, and callers try again.
    this.#database.run("PRAGMA busy_timeout = 20");
  }

  get closed(): boolean {
    return this.#closed;
  }
  #closed = false;

  async execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    return this.#run(typeof statement === "string" ? { sql: statement, args: args ?? [] } : statement);
  }

  async batch(statements: (InStatement | [string, InArgs?])[]): Promise<ResultSet[]> {
    const normalized = statements.map((statement) =>
      Array.isArray(statement) ? { sql: statement[0], args: statement[1] ?? [] } : statement,
    );
    const run = this.#database.transaction(() => normalized.map((statement) => this.#run(statement)));
    // What only reads needs no lock, so nobody who writes can keep it waiting.
    return normalized.every(isSelect) ? run.deferred() : run.immediate();
  }

  /** A batch that may rebuild tables: foreign keys are checked once, at its end, before it is committed. */
  async migrate(statements: InStatement[]): Promise<ResultSet[]> {
    this.#database.run("PRAGMA foreign_keys = OFF");
    try {
      const run = this.#database.transaction(() => {
        const results = statements.map((statement) => this.#run(statement));
        const broken = this.#database.query("PRAGMA foreign_key_check").all().length;
        if (broken > 0) throw brokenReferences(broken);
        return results;
      });
      return run.immediate();
    } finally {
      this.#database.run("PRAGMA foreign_keys = ON");
    }
  }

  async executeMultiple(sql: string): Promise<void> {
    this.#database.run(sql);
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
    for (const statement of this.#statements.values()) statement.finalize();
    if (this.#isReadOnly) {
      this.#database.close();
      return;
    }
    try {
      this.#database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (error) {
      // Another process reads or writes: the last one to close will do it.
      if (!isBusy(error)) throw error;
    } finally {
      this.#database.close();
    }
  }

  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      // A bound on memory; statements with a varying number of rows would otherwise pile up.
      if (this.#statements.size >= 500) {
        for (const old of this.#statements.values()) old.finalize();
        this.#statements.clear();
      }
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(input: InStatement): ResultSet {
    const { sql, args = [] } = typeof input === "string" ? { sql: input } : input;
    const statement = this.#prepare(sql);
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
