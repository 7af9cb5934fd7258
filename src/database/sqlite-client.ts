import type { Client, InArgs, InStatement, ResultSet } from "@libsql/client";
import { isRead, toQuery } from "./query.ts";
import { toRow } from "./result-row.ts";
import { type Outcome, SqliteConnection } from "./sqlite-connection.ts";
import { StorageError } from "./storage-fault.ts";
import { type Task, WriteThread } from "./write-thread.ts";

/**
 * `bun:sqlite` behind libSQL's `Client` interface, so that one machine and many machines run the same
 * code above. What reads is done on this thread; what writes is done on a thread of its own, one after the
 * other, so that neither a large batch nor a slow disk holds the event loop. A batch is one transaction.
 * There are no interactive transactions: they would hold the connection across an `await`.
 * Throws StorageError while the file is away, or another one is in its place; that is opened once neither of the two
 * connections has the former one open.
 */
export class SqliteClient implements Client {
  readonly protocol = "file";
  readonly #connection: SqliteConnection;
  /** undefined where nothing is written, or the database is in the memory of its only connection. */
  readonly #writer: WriteThread | undefined;

  /**
   * Opens a file, or `:memory:`.
   *
   * @param access - "read": nothing is written to the file, and whoever else has it open is in nobody's way
   */
  constructor(file: string, access: "read" | "write" = "write") {
    this.#connection =
      access === "read" ? SqliteConnection.toRead(file) : SqliteConnection.toWrite(file, { create: true });
    if (access === "read" || file === ":memory:") return;
    this.#connection.refuseWrites();
    this.#writer = new WriteThread(file, () => this.#connection.files);
  }

  get closed(): boolean {
    return this.#closed;
  }
  #closed = false;

  async execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    const query = toQuery(statement, args);
    const { isReplaced } = this.#connection;
    if (isReplaced) await this.#writer?.letGo();
    if (!this.#writer || isRead(query)) return resultSet(this.#connection.run(query, !isReplaced));
    const [outcome = nothing] = await this.#write(this.#writer, { kind: "single", query });
    return resultSet(outcome);
  }

  async batch(statements: (InStatement | [string, InArgs?])[]): Promise<ResultSet[]> {
    const queries = statements.map((statement) => toQuery(statement));
    if (this.#connection.isReplaced) await this.#writer?.letGo();
    if (!this.#writer || queries.every(isRead)) return this.#connection.batch(queries).map(resultSet);
    return (await this.#write(this.#writer, { kind: "batch", queries })).map(resultSet);
  }

  /** A batch that may rebuild tables: foreign keys are checked once, at its end, before it is committed. */
  async migrate(statements: InStatement[]): Promise<ResultSet[]> {
    const queries = statements.map((statement) => toQuery(statement));
    if (!this.#writer) return this.#connection.migrate(queries).map(resultSet);
    return (await this.#write(this.#writer, { kind: "migration", queries })).map(resultSet);
  }

  async executeMultiple(sql: string): Promise<void> {
    if (!this.#writer) this.#connection.script(sql);
    else await this.#write(this.#writer, { kind: "script", sql });
  }

  /** What is wrong with the files that it has open; undefined where they are at their paths. Opens what has come there. */
  async look(): Promise<StorageError | undefined> {
    if (this.#connection.isReplaced) await this.#writer?.letGo();
    try {
      this.#connection.requireFilesInPlace();
      return undefined;
    } catch (error) {
      if (error instanceof StorageError) return error;
      throw error;
    }
  }

  /** How often it has opened what came in the place of its files: whatever was known of the data may be wrong by then. */
  get reopened(): number {
    return this.#connection.reopened;
  }

  /**
   * Another text whenever somebody else than this client has written to the file since. Asked on the thread that writes:
   * of the two connections it is the one that has done all the writing, so that its own is not counted. Throws StorageError.
   */
  async foreignCommits(): Promise<string> {
    if (!this.#writer) return "";
    // What has come in its place is opened by whoever reads or writes.
    if (this.#connection.isReplaced) throw new StorageError("replaced");
    const [count] = await this.#writer.run({ kind: "foreign-commits" });
    return `${this.#writer.started} ${count?.rows[0]?.[0]}`;
  }

  transaction(): never {
    throw new Error("interactive transactions are not used: write one batch");
  }

  async sync(): Promise<undefined> {
    return undefined;
  }

  reconnect(): void {}

  /** Lets what is being written end, moves the WAL into the database file and closes both. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#writer?.close();
    this.#connection.close();
  }

  async #write(writer: WriteThread, task: Task): Promise<Outcome[]> {
    // What is written is read here next, so this opens what has come in the place of its files before the thread does.
    this.#connection.requireFilesInPlace();
    return writer.run(task);
  }
}

const nothing: Outcome = { columns: [], rows: [], changes: 0, lastInsertRowid: undefined };

function resultSet({ columns, rows: values, changes, lastInsertRowid }: Outcome): ResultSet {
  const rows = values.map((row) => toRow(columns, row));
  return {
    columns,
    columnTypes: columns.map(() => ""),
    rows,
    rowsAffected: changes,
    lastInsertRowid,
    toJSON: () => ({ columns, rows, rowsAffected: changes }),
  };
}
