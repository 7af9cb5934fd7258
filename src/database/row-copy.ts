import { createHash } from "node:crypto";
import type { Client } from "@libsql/client";
import { type Portion, portionsOf } from "./rows.ts";
import type { Table } from "./tables.ts";

/** Is told how far a copy is: how many of how many rows are written, or have been read again. */
export type TellProgress = (step: "copied" | "compared", rows: number, of: number) => void;

/** Writes rows somewhere. */
export type AddPortion = (table: Table, portion: Portion) => unknown;

/** Of each table by its name: how many rows it has, and a SHA-256 of all that is in them. */
export type Digests = ReadonlyMap<string, string>;

/**
 * Gives away all rows of a database, and sums them up.
 *
 * @param tell - told of how many are done, after each portion
 * @param add - writes them somewhere
 * @throws UnreadableRowsError, and what `add` throws
 */
export async function copyTables(
  client: Client,
  tables: readonly Table[],
  add: AddPortion,
  tell: (rows: number) => void,
): Promise<Digests> {
  const digests = new Map<string, string>();
  let done = 0;
  for (const table of tables) {
    const sum = new Sum();
    for await (const portion of portionsOf(client, table)) {
      await add(table, portion);
      sum.add(portion);
      done += portion.rows.length;
      tell(done);
    }
    digests.set(table.name, sum.digest());
  }
  return digests;
}

/**
 * Sums up all rows of a database.
 *
 * @throws UnreadableRowsError
 */
export function sumUp(client: Client, tables: readonly Table[]): Promise<Digests> {
  return copyTables(
    client,
    tables,
    () => {},
    () => {},
  );
}

/**
 * The name of the first table that has other rows than were copied; undefined where there is none.
 *
 * @throws UnreadableRowsError
 */
export async function findDifference(
  client: Client,
  tables: readonly Table[],
  copied: Digests,
  tell: (rows: number) => void,
): Promise<string | undefined> {
  const found = await copyTables(client, tables, () => {}, tell);
  return tables.find(({ name }) => found.get(name) !== copied.get(name))?.name;
}

class Sum {
  #rows = 0;
  readonly #hash = createHash("sha256");

  add({ rows }: Portion): void {
    this.#rows += rows.length;
    for (const cells of rows)
      for (const { type, content } of cells) this.#hash.update(`${type} ${content.length} `).update(content);
  }

  digest(): string {
    return `${this.#rows} ${this.#hash.digest("hex")}`;
  }
}
