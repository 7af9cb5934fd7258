import { afterEach, beforeEach, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client, ResultSet } from "@libsql/client";
import { type ForeignWatch, foreignWrites } from "../../src/database/foreign-writes.ts";
import { SqliteClient } from "../../src/database/sqlite-client.ts";
import { temporaryFolder } from "../server-process.ts";

let folder: ReturnType<typeof temporaryFolder>;
let file: string;
let own: CountingClient;
let other: Client;
let watch: ForeignWatch | undefined;

/** Says how often it was asked, and does not see for some time what others write. */
class CountingClient extends SqliteClient {
  asked = 0;
  /** How often it is still asked in vain. */
  inVain = 0;
  #answer: ResultSet | undefined;

  override async execute(...statement: Parameters<SqliteClient["execute"]>) {
    this.asked++;
    if (this.#answer === undefined || this.inVain-- <= 0) this.#answer = await super.execute(...statement);
    return this.#answer;
  }
}

beforeEach(async () => {
  folder = temporaryFolder();
  file = join(folder.path, "a.db");
  own = new CountingClient(file);
  other = new SqliteClient(file);
  await own.batch(["create table t (n integer)"]);
});
afterEach(() => {
  watch?.stop();
  own.close();
  other.close();
  folder[Symbol.dispose]();
});

/** Watches the file, and counts what is told of. */
async function start(path = file): Promise<Told> {
  const told = { times: 0 };
  watch = foreignWrites(path, own).watch(() => {
    told.times++;
  });
  // It says so once at the beginning: something may have been written before.
  while (told.times === 0) await Bun.sleep(1);
  return told;
}

const insert = (by: Client) => by.batch(["insert into t values (1)"]);

/** Lets the file system tell of something. */
const touch = () => writeFileSync(`${file}-touched`, "");

/** Waits until the database was asked, from now on: twice, as one look may have begun before. */
async function looked(): Promise<void> {
  for (const until = own.asked + 2; own.asked < until; await Bun.sleep(20)) touch();
}

interface Told {
  times: number;
}

/** Whether it is told of within some seconds: longer than anybody looks after the file system has told something. */
async function isTold(told: Told, before: number): Promise<boolean> {
  for (let turn = 0; turn < 3000 && told.times === before; turn++) await Bun.sleep(1);
  return told.times > before;
}

/** Writes, which is told of; again where a busy disk took longer for it than anybody looks. */
async function insertByOther(told: Told): Promise<void> {
  const before = told.times;
  do await insert(other);
  while (!(await isTold(told, before)));
}

test("a write by another connection is told of, and one's own is not", async () => {
  const told = await start();
  for (let i = 0; i < 3; i++) {
    await insert(own);
    await looked();
  }
  expect(told.times).toBe(1);
  await insertByOther(told);
  await looked();
  expect(told.times).toBe(2);
});

test("a write that others see only some time after the file has changed is told of", async () => {
  const told = await start();
  own.inVain = Number.POSITIVE_INFINITY;
  await insert(other);
  await looked();
  expect(told.times).toBe(1);
  // As on a slow disk: what is in the WAL is on its way to the disk, and then there is no further event.
  do {
    own.inVain = 4;
    touch();
    // Again where the machine stood still for as long as anybody looks.
  } while (!(await isTold(told, 1)));
});

test("nothing is asked of the database while nothing is written, nor once the watch is stopped", async () => {
  const told = await start();
  let before: number;
  do {
    before = own.asked;
    // Longer than any pause between two looks.
    await Bun.sleep(300);
  } while (own.asked > before);
  await insertByOther(told);
  watch?.stop();
  const later = await start();
  await insertByOther(later);
  expect(told.times).toBe(2);
});

test("where nothing is told, somebody has to look more often", async () => {
  await start();
  expect(watch?.lookEvery).toBe(15_000);
  const noFolder = foreignWrites(join(folder.path, "none", "a.db"), own).watch(() => {});
  const server = foreignWrites(undefined, own).watch(() => {});
  expect([noFolder.lookEvery, server.lookEvery]).toEqual([2000, 2000]);
  noFolder.stop();
  server.stop();
});
