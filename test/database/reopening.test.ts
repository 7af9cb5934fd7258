/** What the client for a file does when another file comes in the place of the one that it has open. */

import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { cpSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { migrate } from "../../src/database/migrate.ts";
import { migrations } from "../../src/database/migrations.ts";
import { SqliteClient } from "../../src/database/sqlite-client.ts";
import { failureOf } from "../failure.ts";
import { temporaryFolder } from "../server-process.ts";

let folder: ReturnType<typeof temporaryFolder>;
let file: string;
let client: SqliteClient;
beforeEach(async () => {
  folder = temporaryFolder();
  file = join(folder.path, "test.db");
  client = new SqliteClient(file);
  await migrate(client, migrations, 0);
});
afterEach(() => {
  client.close();
  folder[Symbol.dispose]();
});

/** A copy with something done to it, in one file. */
function copyWith(...statements: string[]): string {
  const copy = join(folder.path, "copy.db");
  const source = new Database(file, { readonly: true });
  source.run("VACUUM INTO ?", [copy]);
  source.close();
  const database = new Database(copy);
  for (const statement of statements) database.run(statement);
  database.close();
  return copy;
}

const count = async () => (await client.execute("select count(*) from environments")).rows[0]?.[0];
const add = (name: string) =>
  client.batch([["insert into environments (name, created_at) values (?, 0)", [name]]]);

test("a copy of the same version is opened, and counted as another one", async () => {
  await add("prod");
  const copy = copyWith("insert into environments (name, created_at) values ('dev', 0)");
  await add("gone");
  expect([await count(), client.reopened]).toEqual([2, 0]);
  renameSync(copy, file);
  expect([await count(), client.reopened, await client.look()]).toEqual([2, 1, undefined]);
  await add("staging");
  client.close();
  const database = new Database(file, { readonly: true });
  expect(database.query("select name from environments order by id").values().flat()).toEqual([
    "prod",
    "dev",
    "staging",
  ]);
  database.close();
});

test("a database of another version is not opened: whether that can be is looked at when the server starts", async () => {
  const copy = copyWith("insert into migrations values (99, '0099_future', 0)");
  renameSync(copy, file);
  expect(await client.look()).toMatchObject({ kind: "replaced" });
  expect(await failureOf(count())).toMatchObject({ kind: "replaced" });
  expect(await failureOf(add("prod"))).toMatchObject({ kind: "replaced", mayBeWritten: false });
});

test("half of a copy is not opened, and all of it is as soon as it is there", async () => {
  await add("prod");
  const copy = copyWith();
  const bytes = await Bun.file(copy).bytes();
  const half = `${file}.half`;
  await Bun.write(half, bytes.subarray(0, bytes.length / 2));
  renameSync(half, file);
  expect(await client.look()).toMatchObject({ kind: "replaced" });
  expect(statSync(file).size).toBe(bytes.length / 2);
  cpSync(copy, file);
  expect([await count(), await client.look()]).toEqual([1, undefined]);
});

test("nothing is made where the file was", async () => {
  renameSync(file, `${file}.away`);
  expect(await client.look()).toMatchObject({ kind: "missing" });
  expect(await failureOf(add("prod"))).toMatchObject({ kind: "missing" });
  expect(await count()).toBe(0);
  expect(statSync(file, { throwIfNoEntry: false })).toBeUndefined();
  renameSync(`${file}.away`, file);
  await add("prod");
  expect([await count(), client.reopened]).toEqual([1, 0]);
});

test("what others still have open of the former file gets into no other, and nothing of the new one into theirs", async () => {
  const other = new Database(file);
  try {
    expect(other.query("select count(*) from environments").values()).toEqual([[0]]);
    const copy = copyWith("insert into environments (name, created_at) values ('dev', 0)");
    await add("gone");
    renameSync(copy, file);
    const names = async () =>
      (await client.execute("select name from environments order by id")).rows.map(({ name }) => name);
    expect(await names()).toEqual(["dev"]);
    await add("prod");
    expect(other.query("select name from environments").values()).toEqual([["gone"]]);
    other.run("PRAGMA wal_checkpoint(TRUNCATE)");
    await add("staging");
    expect(await names()).toEqual(["dev", "prod", "staging"]);
    expect((await client.execute("PRAGMA integrity_check")).rows[0]?.[0]).toBe("ok");
  } finally {
    other.close();
  }
});

test("a WAL that is taken away while others have the file open is waited for: nobody writes beside them", async () => {
  const other = new Database(file);
  try {
    await add("acknowledged");
    expect(other.query("select count(*) from environments").values()).toEqual([[1]]);
    rmSync(`${file}-wal`);
    expect(await client.look()).toMatchObject({ kind: "replaced" });
    expect(await failureOf(add("refused"))).toMatchObject({ kind: "replaced", mayBeWritten: false });
  } finally {
    other.close();
  }
  expect([await count(), await client.look()]).toEqual([1, undefined]);
  await add("after");
});

test("a WAL that somebody else has made in the place of the one that was taken away is kept, with what is in it", async () => {
  await add("here");
  await client.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  for (const ending of ["-wal", "-shm"]) rmSync(file + ending);
  // Another program that is killed: what it wrote is in its WAL alone.
  const program = `
    const { Database } = require("bun:sqlite");
    new Database(process.argv[1]).run("insert into environments (name, created_at) values ('elsewhere', 0)");
    process.kill(process.pid, "SIGKILL");`;
  const { signalCode } = Bun.spawnSync([process.execPath, "-e", program, file]);
  expect([signalCode, statSync(`${file}-wal`).size > 0]).toEqual(["SIGKILL", true]);
  expect([await count(), await client.look()]).toEqual([2, undefined]);
  await add("after");
  expect(await count()).toBe(3);
});
