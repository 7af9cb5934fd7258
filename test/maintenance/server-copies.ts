import { Database } from "bun:sqlite";
import { generateKeyPairSync, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Client, createClient } from "@libsql/client/web";

/** What the tables of a database are called, but SQLite's own. */
const tablesOfFile = (database: Database) =>
  database
    .query("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name")
    .values()
    .map(([name]) => String(name));

/** A row as text that says of each column how it is stored, and all of its bytes. */
const shown = (columns: readonly string[]) =>
  columns
    .map((column) => `typeof("${column}") || ' ' || hex(coalesce("${column}", ''))`)
    .join(` || ', ' || `);

/** What is long by its hash alone. */
function short([row]: unknown[]): string {
  const text = String(row);
  return text.length > 1000 ? `${text.length} ${Bun.SHA256.hash(text, "hex")}` : text;
}

/** Every row of every table, in the order of their texts, and the counters of ids. */
export type Everything = Record<string, unknown[]>;

/** All that a file holds. */
export function everythingIn(file: string): Everything {
  using database = new Database(file, { readonly: true });
  const all: Everything = {};
  for (const table of [...tablesOfFile(database), "sqlite_sequence"]) {
    const columns = database.query(`select name from pragma_table_info('${table}')`).values().flat();
    const query = `select ${shown(columns as string[])} from "${table}"`;
    all[table] = database.query(query).values().map(short).sort();
  }
  return all;
}

/** All that a server holds, of the tables that are named; read in pages, as large as a server gives them. */
export async function everythingOn(
  client: Client,
  tables: readonly string[],
  page = 1000,
): Promise<Everything> {
  const all: Everything = {};
  for (const table of tables) {
    const info = await client.execute(`select name from pragma_table_info('${table}')`);
    const columns = info.rows.map((row) => String(row[0]));
    const found: unknown[] = [];
    for (let more = true; more; ) {
      const query = `select ${shown(columns)} from "${table}" limit ${page} offset ${found.length}`;
      const { rows } = await client.execute(query);
      found.push(...rows.map((row) => short([row[0]])));
      more = rows.length === page;
    }
    all[table] = found.sort();
  }
  return all;
}

/** A client of a server. `using` closes it. */
export function clientOf(url: string, authToken?: string): Client & Disposable {
  const client = createClient({ url, ...(authToken !== undefined && { authToken }) });
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

/** An Ed25519 key of which a server has the public half, in a file. */
export interface ServerKey {
  publicFile: string;
  /** A token of this key: `{}` permits everything, `{ a: "ro" }` only to read. */
  token(claims?: Record<string, unknown>): string;
}

/** Makes a key for a server, with its file in a folder. */
export function makeServerKey(folder: string): ServerKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const publicFile = join(folder, `${crypto.randomUUID()}.pem`);
  writeFileSync(publicFile, publicKey.export({ type: "spki", format: "pem" }));
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = (claims = {}) => {
    const text = `${part({ alg: "EdDSA", typ: "JWT" })}.${part(claims)}`;
    return `${text}.${sign(null, Buffer.from(text), privateKey).toString("base64url")}`;
  };
  return { publicFile, token };
}
