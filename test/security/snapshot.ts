import { Database } from "bun:sqlite";
import { sha256 } from "../../src/cryptography/hash.ts";

/**
 * Table → a hash of all its rows, so that a test can say "nothing was written". The counters of reads are
 * left out: they are no answer's business.
 */
export function snapshot({ file }: { file: string }): Record<string, string> {
  const database = new Database(file, { readonly: true });
  const tables = database.prepare("select name from sqlite_master where type = 'table'").values().flat();
  const hashes = tables.map((table) => {
    const rows = database.prepare(`select * from "${String(table)}"`).all() as Record<string, unknown>[];
    const plain = rows.map(({ reads: _reads, last_used_at: _lastUsedAt, ...row }) =>
      Object.entries(row).map(([column, value]) => [
        column,
        value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value,
      ]),
    );
    return [String(table), sha256(JSON.stringify(plain)).toHex()];
  });
  database.close();
  return Object.fromEntries(hashes);
}
