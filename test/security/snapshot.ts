import { sha256 } from "../../src/cryptography/hash.ts";
import type { TestApp } from "../harness.ts";

/**
 * Table → a hash of all its rows, so that a test can say "nothing was written". The counters of reads are
 * left out: they are no answer's business.
 */
export async function snapshot({ stored }: Pick<TestApp, "stored">): Promise<Record<string, string>> {
  const tables = await stored.read("select name from sqlite_master where type = 'table'");
  const contents = await stored.readAll(tables.map(({ name }) => `select * from "${name}"`));
  const hashes = tables.map(({ name }, i) => {
    const rows = contents[i] ?? [];
    const plain = rows.map(({ reads: _reads, last_used_at: _lastUsedAt, ...row }) =>
      Object.entries(row).map(([column, value]) => [
        column,
        value instanceof Uint8Array ? value.toHex() : value,
      ]),
    );
    return [String(name), sha256(JSON.stringify(plain)).toHex()] as const;
  });
  return Object.fromEntries(hashes);
}
