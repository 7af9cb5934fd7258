import { connectInMemory } from "./connect.ts";
import { migrate } from "./migrate.ts";
import type { Migration } from "./migrations.ts";

/** A table, as far as its rows have to be copied. */
export interface Table {
  name: string;
  /** All that a row is made of, with its number first where no column is that. */
  columns: readonly string[];
  /** The column that numbers the rows; `rowid` where the table declares none. */
  key: string;
}

/**
 * The tables that migrations make, in the order of their names, but the one that the program's migrations are noted in.
 */
export async function tablesOf(migrations: readonly Migration[]): Promise<Table[]> {
  const { $client } = connectInMemory();
  try {
    await migrate($client, migrations, 0);
    const { rows } = await $client.execute(`select t.name, c.name, c.type, c.pk,
        (select count(*) from pragma_table_info(t.name) where pk > 0) from sqlite_master t
      join pragma_table_info(t.name) c
      where t.type = 'table' and t.name not like 'sqlite\\_%' escape '\\' and t.name <> 'migrations'
      order by t.name, c.cid`);
    const columns = rows.map((row) => ({
      table: String(row[0]),
      name: String(row[1]),
      // With any other type, or beside another one, it is SQLite's own number no longer.
      isKey: /^integer$/i.test(String(row[2])) && row[3] === 1 && row[4] === 1,
    }));
    return [...Map.groupBy(columns, ({ table }) => table)].map(([name, own]) => {
      const key = own.find(({ isKey }) => isKey)?.name;
      const names = own.map((column) => column.name);
      return { name, columns: key === undefined ? ["rowid", ...names] : names, key: key ?? "rowid" };
    });
  } finally {
    $client.close();
  }
}
