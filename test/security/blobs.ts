import { getTableColumns, getTableName, is } from "drizzle-orm";
import { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Bytes } from "../../src/cryptography/bytes.ts";
import * as schema from "../../src/database/schema.ts";
import type { Stored, StoredValue } from "../stored.ts";

/** A row as SQLite gives it, by the names of its columns. */
type Row = Record<string, unknown>;

/** A BLOB of a database, and where it is. */
export interface Blob {
  table: string;
  column: string;
  /** The column that the bytes are for: of what a rotation has staged, the one that it will be put into. */
  target: string;
  /** Whether it waits in `staged_seals`. */
  isStaged: boolean;
  /** Where it is, in words: what the tests compare. */
  place: string;
  /** The row, with the names of its `project` and `environment`, and the `generation` that it is sealed for. */
  row: Row;
  /** The row that it is stored in, as it is there. */
  stored: Row;
  rowid: number;
  bytes: Bytes;
}

/** What is sealed is named so; what is not is told in `plainColumns` of the thief's test. */
export const isSealed = ({ column }: Pick<Blob, "column">) => column.startsWith("sealed_");

/** `table.column` of every BLOB that the schema has, found by looking and not by knowing. */
export function blobColumns(): string[] {
  const tables = Object.values(schema).filter((table) => is(table, SQLiteTable));
  return tables.flatMap((table) =>
    Object.values(getTableColumns(table))
      .filter((column) => column.getSQLType() === "blob")
      .map((column) => `${getTableName(table)}.${column.name}`),
  );
}

/** Which column of a staged row is for which column, by its kind. */
const stagedFor: Readonly<Record<string, readonly [string, string]>> = {
  "environment-key": ["sealed_environment_key", ""],
  version: ["sealed_value", "sealed_note"],
  view: ["sealed_source", "sealed_body"],
  "service-token": ["sealed_key", "sealed_public_key"],
};

/** Every BLOB of every table of a database, staged ones as those of the rows that they are for. */
export async function blobsOf(stored: Stored): Promise<Blob[]> {
  const found = await stored.read("select name from sqlite_master where type = 'table'");
  const tables = found.map(({ name }) => String(name));
  const contents = await stored.readAll(tables.map((table) => `select rowid as rowid, * from "${table}"`));
  const rows = new Map<string, readonly Row[]>(tables.map((table, i) => [table, contents[i] ?? []]));
  const places = new Places(rows);
  return tables.flatMap((table) =>
    (rows.get(table) ?? []).flatMap((row) =>
      Object.entries(row)
        .filter(([, value]) => value instanceof Uint8Array)
        .map(([column, value]) => places.blob(table, column, row, new Uint8Array(value as Uint8Array))),
    ),
  );
}

/** Finds what a row does not say of its place. */
class Places {
  constructor(private readonly rows: ReadonlyMap<string, readonly Row[]>) {}

  blob(table: string, column: string, stored: Row, bytes: Bytes): Blob {
    const isStaged = table === "staged_seals";
    const pair = stagedFor[String(stored.kind)] ?? ["", ""];
    const target = isStaged ? pair[column === "sealed_first" ? 0 : 1] : column;
    const found = isStaged ? this.#stagedFor(stored) : stored;
    const row = this.#complete(found, target, isStaged ? 1 : 0);
    const { project, environment, name, version, public_id } = row;
    const words = [isStaged && "staged", project, environment, target, name, version, public_id];
    const place = words.filter((word) => word !== undefined && word !== false).join(" ");
    return { table, column, target, isStaged, place, row, stored, rowid: Number(stored.rowid), bytes };
  }

  #find(table: string, isIt: (row: Row) => boolean): Row {
    return this.rows.get(table)?.find(isIt) ?? {};
  }

  /** The row that a staged one is to replace something in. */
  #stagedFor({ kind, first_id, second_id }: Row): Row {
    if (kind === "version") return { secret_id: first_id, version: second_id };
    if (kind === "service-token") return this.#find("service_tokens", ({ id }) => id === first_id);
    const isIt = (row: Row) => row.project_id === first_id && row.environment_id === second_id;
    return kind === "view" ? this.#find("views", isIt) : { project_id: first_id, environment_id: second_id };
  }

  #complete(row: Row, target: string, later: number): Row {
    const of =
      row.secret_id === undefined
        ? row
        : { ...this.#find("secrets", ({ id }) => id === row.secret_id), ...row };
    const project = this.#find("projects", ({ id }) => id === of.project_id);
    const environment = this.#find("environments", ({ id }) => id === of.environment_id);
    const keys = this.#find(
      "environment_keys",
      (key) => key.project_id === of.project_id && key.environment_id === of.environment_id,
    );
    // A token's key has a generation of its own; all else that is sealed has that of its place.
    const own = target === "sealed_key" || target === "sealed_root_key" ? of.generation : keys.generation;
    const names = { project: project.name, environment: environment.name, parent_id: project.parent_id };
    return { ...of, ...names, generation: Number(own ?? of.generation) + later };
  }
}

/** Runs statements that are separated by `; `, each with as many of the values as it names. Returns how many rows they changed. */
export async function edit(
  stored: Stored,
  sql: string,
  values: readonly StoredValue[] = [],
): Promise<number> {
  let changes = 0;
  for (const text of sql.split("; ")) {
    const numbered = [...text.matchAll(/\?(\d+)/g)].map(([, number]) => Number(number));
    const count = numbered.length > 0 ? Math.max(...numbered) : text.split("?").length - 1;
    changes += await stored.write(text, ...values.slice(0, count));
  }
  return changes;
}
