import { Database, type SQLQueryBindings } from "bun:sqlite";
import { createClient, type InValue, type ResultSet } from "@libsql/client/web";

/** What can be stored. Of a BLOB the bytes. */
export type StoredValue = string | number | null | Uint8Array<ArrayBuffer>;

/** A row by the names of its columns. */
export type StoredRow = Record<string, StoredValue>;

/**
 * A database as somebody sees it who can reach it and is not the program: no key, and no foreign key that would hold an
 * honest writer.
 */
export interface Stored {
  /** What a query finds. */
  read(sql: string, ...values: StoredValue[]): Promise<StoredRow[]>;
  /** What several queries find, one after the other, in one go. */
  readAll(queries: readonly string[]): Promise<StoredRow[][]>;
  /** Runs a statement. Returns how many rows it changed. */
  write(sql: string, ...values: StoredValue[]): Promise<number>;
}

/** The database that `DATABASE_URL` names. */
export function storedAt(url: string): Stored {
  return url.startsWith("file:") ? storedIn(url.slice("file:".length)) : storedOn(url);
}

/** A database file, opened anew each time. */
export function storedIn(file: string): Stored {
  const query = (database: Database, sql: string) => database.prepare<StoredRow, SQLQueryBindings[]>(sql);
  return {
    async read(sql, ...values) {
      using database = new Database(file, { readonly: true });
      return query(database, sql).all(...values);
    },
    async readAll(queries) {
      using database = new Database(file, { readonly: true });
      return queries.map((sql) => query(database, sql).all());
    },
    async write(sql, ...values) {
      using database = new Database(file);
      database.run("PRAGMA foreign_keys = OFF");
      return query(database, sql).run(...values).changes;
    },
  };
}

/** A database on a server, by a client of its own, which holds nothing that would have to be closed. */
function storedOn(url: string): Stored {
  const client = createClient({ url });
  return {
    async read(sql, ...values) {
      return rowsOf(await client.execute({ sql, args: values }));
    },
    async readAll(queries) {
      return (await client.batch([...queries], "read")).map(rowsOf);
    },
    async write(sql, ...values) {
      // What it is named for is what nothing else of the client does: to put foreign keys aside for a batch.
      const [result] = await client.migrate([{ sql, args: values }]);
      return result?.rowsAffected ?? 0;
    },
  };
}

function rowsOf({ columns, rows }: ResultSet): StoredRow[] {
  return rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, storedValue(row[i])])));
}

function storedValue(value: InValue | undefined): StoredValue {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (typeof value === "string" || typeof value === "number" || value === null) return value;
  throw new TypeError(`a database holds no ${typeof value}`);
}
