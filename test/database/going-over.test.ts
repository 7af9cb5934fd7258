/** Several connections that go over from one file to another that has come in its place: none is in another's way. */

import { constants } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, cpSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { migrate } from "../../src/database/migrate.ts";
import { migrations } from "../../src/database/migrations.ts";
import { identityOf, OpenFiles } from "../../src/database/open-files.ts";
import { openForReading } from "../../src/database/open-for-reading.ts";
import { openForWriting } from "../../src/database/open-for-writing.ts";
import { SqliteClient } from "../../src/database/sqlite-client.ts";
import { WriteThread } from "../../src/database/write-thread.ts";
import { failureOf } from "../failure.ts";
import { temporaryFolder } from "../server-process.ts";

let folder: ReturnType<typeof temporaryFolder>;
let file: string;
/** A copy of the database, empty, in one file. */
let copy: string;
let client: SqliteClient;
beforeEach(async () => {
  folder = temporaryFolder();
  file = join(folder.path, "test.db");
  copy = join(folder.path, "copy.db");
  client = new SqliteClient(file);
  await migrate(client, migrations, 0);
  client.close();
  cpSync(file, copy);
  client = new SqliteClient(file);
});
afterEach(() => {
  client.close();
  folder[Symbol.dispose]();
});

const insert = (name: string): [string, string[]] => [
  "insert into environments (name, created_at) values (?, 0)",
  [name],
];
const add = (...names: string[]) => client.batch(names.map(insert));
const select = "select name from environments order by id";
const names = async () => (await client.execute(select)).rows.map(({ name }) => name);
const side = () => ["-wal", "-shm"].map((ending) => identityOf(file + ending));

test("the WAL of the database that has come is not taken away by the last who closes the former one", async () => {
  const former = openForWriting(file, false).database;
  renameSync(copy, file);
  await add("acknowledged");
  const before = side();
  former.close();
  expect(side()).toEqual(before);
  expect([await names(), client.reopened]).toEqual([["acknowledged"], 1]);
});

test("nor by who has read the former one while it was at rest", async () => {
  client.close();
  const former = openForReading(file);
  renameSync(copy, file);
  client = new SqliteClient(file);
  await add("acknowledged");
  const before = side();
  former.close();
  expect(side()).toEqual(before);
});

test("a former WAL is taken away from beside another file by one at a time", async () => {
  const other = openForWriting(file, false).database;
  await add("gone");
  const former = side();
  // As who takes it away, and may have a WAL of the new file there at any moment.
  other.run("BEGIN IMMEDIATE");
  renameSync(copy, file);
  expect(await client.look()).toMatchObject({ kind: "replaced", mayBeWritten: false });
  expect(side()).toEqual(former);
  other.run("ROLLBACK");
  expect([await client.look(), await names()]).toEqual([undefined, []]);
  expect(side().some((identity, i) => identity === undefined || identity === former[i])).toBe(false);
  other.close();
});

test("who has waited for that leaves there what has come meanwhile", async () => {
  await add("gone");
  const former = new OpenFiles(file);
  renameSync(copy, file);
  const wal = `${file}-wal`;
  former.leave((clear) => {
    for (const path of [wal, `${file}-shm`]) rmSync(path);
    writeFileSync(wal, "of what has come");
    clear();
  });
  expect(await Bun.file(wal).text()).toBe("of what has come");
  rmSync(wal);
});

test("what is in a WAL that was taken away is waited for until it is in the file", async () => {
  const other = openForWriting(file, false).database;
  other.run("BEGIN");
  expect(other.query(select).all()).toEqual([]);
  await add("acknowledged");
  for (const ending of ["-wal", "-shm"]) rmSync(file + ending);
  expect(await client.look()).toMatchObject({ kind: "replaced" });
  other.run("COMMIT");
  other.close();
  expect([await client.look(), await names()]).toEqual([undefined, ["acknowledged"]]);
});

test("what is left beside a file by those who all part at once is in nobody's way", async () => {
  const last = openForWriting(file, false).database;
  // As if it had found this one still there.
  last.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1);
  const second = new SqliteClient(file);
  await add("acknowledged");
  rmSync(`${file}-wal`);
  for (const one of [client, second]) expect(await one.look()).toMatchObject({ kind: "replaced" });
  last.close();
  expect(identityOf(`${file}-shm`)).toBeDefined();
  expect([await client.look(), await names()]).toEqual([undefined, ["acknowledged"]]);
  await add("after");
  // It does not take the index that is there now for the one that was left.
  expect([await second.look(), (await second.execute(select)).rows.length]).toEqual([undefined, 2]);
  second.close();
});

describe("a thread that writes", () => {
  const write = async (former: OpenFiles) => {
    const thread = new WriteThread(file, () => former.identities);
    const [sql, args] = insert("lost");
    const failure = await failureOf(thread.run({ kind: "single", query: { sql, args } }));
    thread.close();
    return failure;
  };

  test("opens no file that has come in the place of its owner's, beside whose WAL that lies", async () => {
    await add("gone");
    const former = new OpenFiles(file);
    const bytes = await Bun.file(copy).bytes();
    renameSync(copy, file);
    expect(await write(former)).toMatchObject({ kind: "replaced", mayBeWritten: false });
    expect(await Bun.file(file).bytes()).toEqual(bytes);
    expect(await names()).toEqual([]);
  });

  test("opens no WAL that has come in the place of its owner's", async () => {
    await add("acknowledged");
    const here = new OpenFiles(file);
    rmSync(`${file}-shm`);
    expect(await write(here)).toMatchObject({ kind: "replaced", mayBeWritten: false });
    expect(await names()).toEqual(["acknowledged"]);
  });
});

test("a file is the same one, whatever is written to it or said of it, and a new one of its name is another", async () => {
  const path = join(folder.path, "file");
  await Bun.write(path, "one");
  const identity = identityOf(path);
  await Bun.write(Bun.file(path), "two");
  chmodSync(path, 0o600);
  renameSync(path, `${path}-renamed`);
  expect(identityOf(`${path}-renamed`)).toBe(identity);
  await Bun.write(path, "three");
  expect([identity, undefined]).not.toContain(identityOf(path));
  expect(identityOf(join(path, "below a file"))).toBeUndefined();
});
