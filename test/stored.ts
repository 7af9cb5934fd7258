import { Database, type SQLQueryBindings } from "bun:sqlite";
import { type Client, createClient, type InValue } from "@libsql/client/web";

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
  /** Runs a statement. Returns how many rows it changed. */
  write(sql: string, ...values: StoredValue[]): Promise<number>;
}

/** The database that `DATABASE_URL` names. */
export function storedAt(url: string): Stored {
  return url.startsWith("file:") ? storedIn(url.slice("file:".length)) : storedOn(url);
}

/** A database file, opened anew for each statement. */
export function storedIn(file: string): Stored {
  return {
    async read(sql, ...values) {
      using database = new Database(file, { readonly: true });
      return database.prepare<StoredRow, SQLQueryBindings[]>(sql).all(...values);
    },
    async write(sql, ...values) {
      using database = new Database(file);
      database.run("PRAGMA foreign_keys = OFF");
      return database.prepare(sql).run(...values).changes;
    },
  };
}

/** A database on a server, by a client of its own. */
function storedOn(url: string): Stored {
  const using = async <T>(use: (client: Client) => Promise<T>): Promise<T> => {
    const client = createClient({ url });
    try {
      return await use(client);
    } finally {
      client.close();
    }
  };
  return {
    read: (sql, ...values) =>
      using(async (client) => {
        const { columns, rows } = await client.execute({ sql, args: values });
        return rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, storedValue(row[i])])));
      }),
    // What it is named for is what nothing else of the client does: to put foreign keys aside for a batch.
    write: (sql, ...values) =>
      using(async (client) => {
        const [result] = await client.migrate([{ sql, args: values }]);
        return result?.rowsAffected ?? 0;
      }),
  };
}

function storedValue(value: InValue | undefined): StoredValue {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (typeof value === "string" || typeof value === "number" || value === null) return value;
  throw new TypeError(`a database holds no ${typeof value}`);
}
