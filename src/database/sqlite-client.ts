import { Database, type SQLQueryBindings, type Statement } from "bun:sqlite";
import type { Client, InArgs, InStatement, InValue, ResultSet, Row } from "@libsql/client";

/**
 * `bun:sqlite` behind libSQL's `Client` interface, so that one machine and many machines run the same
 * code above. Statements are prepared once and reused; a batch is one transaction. There are no
 * interactive transactions: they would hold the only connection across an `await`.
 */
export class SqliteClient implements Client {
  readonly protocol = "file";
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();

  /** Opens a file that exists. WAL with `synchronous=FULL`: what was acknowledged survives a power cut. */
  constructor(file: string) {
    this.#database = new Database(file, { readwrite: true, create: true, strict: true, safeIntegers: false });
    this.#database.run("PRAGMA busy_timeout = 2000");
    this.#database.run("PRAGMA journal_mode = WAL");
    this.#database.run("PRAGMA synchronous = FULL");
    this.#database.run("PRAGMA foreign_keys = ON");
    this.#database.run("PRAGMA secure_delete = ON");
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
    return this.#database.transaction(() => normalized.map((statement) => this.#run(statement))).immediate();
  }

  async migrate(statements: InStatement[]): Promise<ResultSet[]> {
    return this.batch(statements);
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
    this.#database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#database.close();
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
