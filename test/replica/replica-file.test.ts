import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeReplica } from "../../src/database/replica/files.ts";
import { lineageOf } from "../../src/database/replica/lineage.ts";
import { ReplicaFile } from "../../src/database/replica/replica-file.ts";
import { createFileApp } from "../harness.ts";
import { temporaryFolder } from "../server-process.ts";

/** A replica as a server leaves it: one file, with its mark. */
async function replicaIn(folder: string): Promise<ReplicaFile> {
  const app = await createFileApp();
  const browser = app.browser();
  const { id } = await browser.createRoot("shop");
  for (let i = 0; i < 40; i++) await browser.save(id, "prod", { [`NAME_${i}`]: "value ".repeat(200) });
  const file = new ReplicaFile(join(folder, "replica.db"));
  await app.db.$client.execute({ sql: "VACUUM INTO ?", args: [file.path] });
  const lineage = await lineageOf(app.db.$client);
  app.close();
  if (!lineage) throw new Error("it has no lineage");
  file.mark(lineage, undefined);
  return file;
}

test("a replica is served as it was left", async () => {
  using folder = temporaryFolder();
  const file = await replicaIn(folder.path);
  expect(await file.fault()).toBeUndefined();
  // And again: looking at it changes nothing.
  expect(await file.fault()).toBeUndefined();
});

test("one whose pages were overwritten is not, wherever they are", async () => {
  using folder = temporaryFolder();
  const file = await replicaIn(folder.path);
  const bytes = new Uint8Array(await Bun.file(file.path).arrayBuffer());
  const pages = bytes.length / 4096;
  // Of a table that the lineage is not read from, too: the header of a page of it.
  using database = new Database(file.path, { readonly: true });
  const { rootpage } = database
    .query("SELECT rootpage FROM sqlite_master WHERE name = 'secret_versions'")
    .get() as {
    rootpage: number;
  };
  expect(rootpage).toBeLessThan(pages);
  bytes.fill(0xff, (rootpage - 1) * 4096, (rootpage - 1) * 4096 + 64);
  writeFileSync(file.path, bytes);
  expect(await file.fault()).toBe("damaged");
});

test("one that is not there, was never complete, or is behind what it was, is not", async () => {
  using folder = temporaryFolder();
  const file = await replicaIn(folder.path);
  const mark = `${file.path}-mark`;
  const marked = await Bun.file(mark).text();
  const lineage = JSON.parse(marked) as { origin: string; head: { id: number; hash: string } };
  writeFileSync(mark, JSON.stringify({ ...lineage, head: { ...lineage.head, id: lineage.head.id + 1 } }));
  expect(await file.fault()).toBe("damaged");
  writeFileSync(mark, JSON.stringify({ ...lineage, origin: "00".repeat(32) }));
  expect(await file.fault()).toBe("damaged");
  for (const text of ["", "{", "null"]) {
    writeFileSync(mark, text);
    expect(await file.fault()).toBe("incomplete");
  }
  file.mark(lineage, undefined);
  expect(await file.fault()).toBeUndefined();
  removeReplica(file.path);
  expect(await file.fault()).toBe("missing");
});
