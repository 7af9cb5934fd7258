import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Client, ResultSet } from "@libsql/client";
import { type ForeignWatch, foreignWrites } from "../../src/database/foreign-writes.ts";
import { SqliteClient } from "../../src/database/sqlite-client.ts";
import { temporaryFolder } from "../server-process.ts";

// Each test writes to a disk, and some machines are slow.
setDefaultTimeout(120_000);

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

  /** Waits until it was asked so many times more. */
  async untilAsked(times: number): Promise<void> {
    const until = this.asked + times;
    while (this.asked < until) await Bun.sleep(1);
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
async function start(path = file) {
  const told = { times: 0 };
  watch = foreignWrites(path, own).watch(() => {
    told.times++;
  });
  // It says so once at the beginning: something may have been written before.
  while (told.times === 0) await Bun.sleep(1);
  return told;
}

const insert = (by: Client) => by.batch(["insert into t values (1)"]);

test("a write by another connection is told of, and one's own is not", async () => {
  const told = await start();
  for (let i = 0; i < 3; i++) {
    await insert(own);
    // Twice: one look may have begun before.
    await own.untilAsked(2);
  }
  expect(told.times).toBe(1);
  await insert(other);
  while (told.times < 2) await Bun.sleep(1);
  await own.untilAsked(2);
  expect(told.times).toBe(2);
});

test("a write that others see only some time after the file has changed is told of", async () => {
  const told = await start();
  // As on a slow disk: what is in the WAL is on its way to the disk, and then there is no further event.
  own.inVain = 5;
  await insert(other);
  await own.untilAsked(4);
  expect(told.times).toBe(1);
  while (told.times < 2) await Bun.sleep(1);
});

test("nothing is asked of the database while nothing is written, nor once the watch is stopped", async () => {
  const told = await start();
  let before: number;
  do {
    before = own.asked;
    // Longer than any pause between two looks.
    await Bun.sleep(300);
  } while (own.asked > before);
  await insert(other);
  while (told.times < 2) await Bun.sleep(1);
  watch?.stop();
  const later = await start();
  await insert(other);
  while (later.times < 2) await Bun.sleep(1);
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
