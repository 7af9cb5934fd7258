import type { Client, InValue, Value } from "@libsql/client";
import type { WrittenStatement } from "./batch.ts";
import type { Table } from "./tables.ts";

/** Rows that could not be read to their end; the cause says why. */
export class UnreadableRowsError extends Error {
  override readonly name = "UnreadableRowsError";
}

/** What a column of a row holds, as SQLite has it: how it is stored, and its bytes, or its text; of a number its digits. */
interface Cell {
  type: string;
  content: string | Uint8Array<ArrayBuffer>;
}

/** Some rows of a table, one after the other as its key has them. */
export interface Portion {
  rows: readonly (readonly Cell[])[];
}

/**
 * A portion is this many rows or bytes at most, but one row at least: much less than a server takes or gives at once
 * (10 MB), and with less than 32,766 values, which is how many a statement may have.
 */
const rowsAPortion = 1000;
const bytesAPortion = 1.5 * 1024 * 1024;

const quoted = (name: string) => `"${name}"`;

/** The bytes of a row, nearly: texts are counted by characters. */
const sizeOf = ({ columns }: Table) =>
  columns.map((column) => `coalesce(length(${quoted(column)}), 0)`).join(" + ");

/**
 * All rows of a table, exactly as they are stored, in portions and in the order of its key.
 *
 * @throws UnreadableRowsError
 */
export async function* portionsOf(client: Client, table: Table): AsyncGenerator<Portion> {
  try {
    for (let after: bigint | undefined; ; ) {
      const last = await endOfPortion(client, table, after);
      if (last === undefined) return;
      yield await readPortion(client, table, after, last);
      after = last;
    }
  } catch (error) {
    if (error instanceof UnreadableRowsError) throw error;
    throw new UnreadableRowsError(`the table ${table.name} cannot be read`, { cause: error });
  }
}

/** The key of the last row of the portion behind a row; undefined where there is none. */
async function endOfPortion(
  client: Client,
  table: Table,
  after: bigint | undefined,
): Promise<bigint | undefined> {
  const [key, from] = [quoted(table.key), quoted(table.name)];
  const { rows } = await client.execute({
    sql: `select cast(${key} as text), ${sizeOf(table)} from ${from}
      ${after === undefined ? "" : `where ${key} > ?`} order by ${key} limit ${rowsAPortion}`,
    args: after === undefined ? [] : [after],
  });
  let bytes = 0;
  const tooMany = rows.findIndex((row, i) => {
    bytes += Number(row[1]);
    return i > 0 && bytes > bytesAPortion;
  });
  const last = tooMany === -1 ? rows.at(-1) : rows[tooMany - 1];
  return last && BigInt(String(last[0]));
}

async function readPortion(
  client: Client,
  { name, columns, key }: Table,
  after: bigint | undefined,
  last: bigint,
): Promise<Portion> {
  const cells = columns.map((column) => `typeof(${quoted(column)}), ${contentOf(client, quoted(column))}`);
  const { rows } = await client.execute({
    sql: `select ${cells.join(", ")} from ${quoted(name)}
      where ${after === undefined ? "" : `${quoted(key)} > ? and `}${quoted(key)} <= ? order by ${quoted(key)}`,
    args: after === undefined ? [last] : [after, last],
  });
  return {
    rows: rows.map((row) => columns.map((_, i) => cellOf(String(row[2 * i]), row[2 * i + 1], name))),
  };
}

/** A number that JavaScript cannot hold would be refused or changed by a driver, so that numbers come as text. */
function contentOf(client: Client, column: string): string {
  // A driver of a file makes something of a text that is no UTF-8. A server has none such, and bytes take it long.
  if (client.protocol === "file") return `cast(${column} as blob)`;
  return `case typeof(${column}) when 'blob' then ${column} else cast(${column} as text) end`;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function cellOf(type: string, content: Value | undefined, table: string): Cell {
  if (typeof content === "string") return { type, content };
  if (type === "null") return { type, content: "" };
  const bytes = new Uint8Array(content as ArrayBuffer);
  if (type === "blob") return { type, content: bytes };
  try {
    return { type, content: utf8.decode(bytes) };
  } catch (error) {
    throw new UnreadableRowsError(`a text in the table ${table} is no UTF-8`, { cause: error });
  }
}

/** The statement that writes a portion into a table of the same columns. */
export function insertInto({ name, columns }: Table, { rows }: Portion): WrittenStatement {
  const row = `(${columns.map(() => "?").join(", ")})`;
  return {
    sql: `insert into ${quoted(name)} (${columns.map(quoted).join(", ")}) values ${rows.map(() => row).join(", ")}`,
    args: rows.flatMap((cells) => cells.map(inValue)),
  };
}

function inValue({ type, content }: Cell): InValue {
  if (type === "null") return null;
  if (type === "integer") return BigInt(content as string);
  return type === "real" ? Number(content) : content;
}

/**
 * How many rows several tables have together, and the bytes of the largest one of each.
 *
 * @throws UnreadableRowsError
 */
export function measure(
  client: Client,
  tables: readonly Table[],
): Promise<{ rows: number; largest: number }> {
  return orUnreadable("the tables", async () => {
    const asked = tables.map(
      (table) =>
        `select count(*) as rows, coalesce(max(${sizeOf(table)}), 0) as largest from ${quoted(table.name)}`,
    );
    const { rows } = await client.execute(
      `select coalesce(sum(rows), 0), coalesce(max(largest), 0) from (${asked.join(" union all ")})`,
    );
    return { rows: Number(rows[0]?.[0]), largest: Number(rows[0]?.[1]) };
  });
}

/** Reads something. Throws UnreadableRowsError for whatever it throws. */
export async function orUnreadable<T>(what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new UnreadableRowsError(`${what} cannot be read`, { cause: error });
  }
}
