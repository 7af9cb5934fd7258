import type { Client } from "@libsql/client";
import type { Migration } from "./migrations.ts";
import { orUnreadable } from "./rows.ts";

/** The highest id that a table ever had. */
export interface Counter {
  name: string;
  seq: bigint;
}

/** The counters of a database, of tables that have had a row. Throws UnreadableRowsError. */
export async function readCounters(client: Client): Promise<Counter[]> {
  const read = "select name, cast(seq as text) from sqlite_sequence order by name";
  const { rows } = await orUnreadable("sqlite_sequence", () => client.execute(read));
  return rows.map((row) => ({ name: String(row[0]), seq: BigInt(String(row[1])) }));
}

/** What says that a migration was done. */
export type Mark = Pick<Migration, "tag"> & { position: number; appliedAt: number };

/** The migrations that were done in a database, in their order. Throws UnreadableRowsError. */
export async function readMarks(client: Client): Promise<Mark[]> {
  const read = "select position, tag, applied_at from migrations order by position";
  const { rows } = await orUnreadable("the table migrations", () => client.execute(read));
  return rows.map((row) => ({ position: Number(row[0]), tag: String(row[1]), appliedAt: Number(row[2]) }));
}
