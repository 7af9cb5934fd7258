import { Database, type SQLQueryBindings } from "bun:sqlite";
import { closeSync, fsyncSync, openSync } from "node:fs";
import type { Client } from "@libsql/client";
import type { WrittenStatement } from "./batch.ts";
import { readCounters, readMarks } from "./marks.ts";
import { createMigrations, markOf, stepsOf } from "./migrate.ts";
import { migrations } from "./migrations.ts";
import { type AddPortion, copyTables, findDifference, type TellProgress } from "./row-copy.ts";
import { insertInto, measure } from "./rows.ts";
import { SqliteClient } from "./sqlite-client.ts";
import { tablesOf } from "./tables.ts";

/** What was read of a file is not what was written to it. */
class MiswrittenError extends Error {
  override readonly name = "MiswrittenError";
}

/**
 * Writes all rows of a database into a new file, for its owner alone (0600), in the schema of the migrations that were
 * done there, and reads them again. When it returns, the file is on disk; where it throws, a part of it may be.
 *
 * @param client - what it reads has to be of one moment
 * @param file - must not exist
 * @throws UnreadableRowsError for the database, MiswrittenError and what the file system and SQLite throw for the file
 */
export async function copyRowsToFile(client: Client, file: string, tell: TellProgress): Promise<void> {
  const [marks, counters] = [await readMarks(client), await readCounters(client)];
  const done = migrations.slice(0, marks.length);
  const tables = await tablesOf(done);
  const { rows: total } = await measure(client, tables);
  using target = new NewDatabase(file);
  target.run({ sql: createMigrations, args: [] });
  for (const { position, tag, appliedAt } of marks) target.run(markOf(position, tag, appliedAt));
  for (const step of done.flatMap(stepsOf)) target.run(step);
  // A migration may have put something there.
  for (const { name } of tables) target.run({ sql: `delete from "${name}"`, args: [] });
  const add: AddPortion = (table, portion) => target.run(insertInto(table, portion));
  const digests = await copyTables(client, tables, add, (rows) => tell("copied", rows, total));
  target.run({ sql: "delete from sqlite_sequence", args: [] });
  for (const { name, seq } of counters)
    target.run({ sql: "insert into sqlite_sequence (name, seq) values (?, ?)", args: [name, seq] });
  target.finish();
  const copy = new SqliteClient(file, "read");
  try {
    const wrong = await findDifference(copy, tables, digests, (rows) => tell("compared", rows, total));
    if (wrong !== undefined) throw new MiswrittenError(`the table ${wrong} was not written as it was read`);
  } finally {
    copy.close();
  }
}

/** A file that is being made, and that nobody knows of before it is whole: nothing of it has to survive a fault. */
class NewDatabase implements Disposable {
  readonly #descriptor: number;
  readonly #database: Database;

  constructor(file: string) {
    this.#descriptor = openSync(file, "wx", 0o600);
    this.#database = new Database(file, { readwrite: true, create: false, strict: true });
    this.#database.run("PRAGMA journal_mode = OFF");
    this.#database.run("PRAGMA synchronous = OFF");
  }

  run({ sql, args }: WrittenStatement): void {
    this.#database.run(sql, args as SQLQueryBindings[]);
  }

  /** Makes it last. */
  finish(): void {
    this.#database.close();
    fsyncSync(this.#descriptor);
  }

  [Symbol.dispose](): void {
    this.#database.close();
    closeSync(this.#descriptor);
  }
}
