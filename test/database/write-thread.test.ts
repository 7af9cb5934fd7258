import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isBusy, isUniqueViolation, isWriteConflict } from "../../src/database/constraint.ts";
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
  await client.execute(
    "create table notes (id integer primary key, text text unique not null, held integer check (held = 1))",
  );
});
afterEach(() => {
  client.close();
  folder[Symbol.dispose]();
});

const count = async () => (await client.execute("select count(*) as n from notes")).rows[0]?.n;
/** Takes some tenths of a second, or a multiple of that. */
const long = (times = 1) =>
  `insert into notes (text) select max(n) from (with recursive c(n) as (select 1 union all select n + 1 from c where n < ${times * 500_000}) select n from c)`;

describe("what is written to a file", () => {
  test("is written on another thread: this one goes on meanwhile, and reads what was there before", async () => {
    let before = 0;
    let written = 0;
    // On a busy machine the other thread may be done before this one has its turns: longer then.
    for (let times = 1; before <= 20 && times <= 16; times *= 2) {
      before = 0;
      let isOver = false;
      const writing = client.batch([long(times)]).then(() => {
        isOver = true;
      });
      while (!isOver) {
        if ((await count()) === written) before += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await writing;
      written += 1;
      expect(await count()).toBe(written);
    }
    expect(before).toBeGreaterThan(20);
  });

  test("is written in the order in which it was asked for, and each is read as soon as it is told of", async () => {
    const told: number[] = [];
    const write = async (n: number) => {
      await client.batch([{ sql: "insert into notes (id, text) values (?, ?)", args: [n, `${n}`] }]);
      expect(await count()).toBeGreaterThanOrEqual(n);
      told.push(n);
    };
    await Promise.all(Array.from({ length: 200 }, (_, i) => write(i + 1)));
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(await count()).toBe(200);
  });

  test("fails with SQLite's own words, name and code, as if it were on this one", async () => {
    await client.execute("insert into notes (id, text) values (1, 'one')");
    const taken = await failureOf(client.batch(["insert into notes (text) values ('one')"]));
    expect([taken?.name, taken?.code]).toEqual(["SQLiteError", "SQLITE_CONSTRAINT_UNIQUE"]);
    expect([isUniqueViolation(taken, "notes"), isUniqueViolation(taken, "other")]).toEqual([true, false]);
    const unheld = await failureOf(client.batch(["insert into notes (text, held) values ('two', 0)"]));
    expect([isWriteConflict(unheld), isUniqueViolation(unheld)]).toEqual([true, false]);
    const foreign = new Database(file);
    foreign.run("BEGIN IMMEDIATE");
    const busy = await failureOf(client.execute("insert into notes (text) values ('three')"));
    expect([isBusy(busy), isWriteConflict(busy)]).toEqual([true, false]);
    foreign.close();
    await client.execute("insert into notes (text) values ('three')");
    expect(await count()).toBe(2);
  });

  test("cannot be given as something that only reads", async () => {
    for (const sql of ["select 1; insert into notes (text) values ('one')", " \n SELECT 1"])
      await client.execute(sql);
    expect(await count()).toBe(0);
    const hidden = "with n as (select 'one' as text) insert into notes (text) select text from n";
    await client.execute(hidden);
    expect(await count()).toBe(1);
  });

  test("is whole when the client is closed behind it", async () => {
    /** How many of so many writes the file holds once the client is closed; undefined where it is not complete. */
    const closeBehind = async (writes: number) => {
      client.close();
      client = new SqliteClient(file);
      await client.execute("delete from notes");
      const all = Array.from({ length: writes }, (_, i) =>
        client.batch([{ sql: "insert into notes (text) values (?)", args: [`${i}`] }]),
      );
      client.close();
      const isComplete = !existsSync(`${file}-wal`);
      using other = new Database(file, { readonly: true });
      const held = isComplete ? other.query("select count(*) from notes").values() : undefined;
      expect(await Promise.all(all)).toHaveLength(writes);
      return held;
    };
    // No more than 2 s are waited for them, and a busy disk may take longer: then fewer, until the test's own time is over.
    let held: unknown;
    let writes = 1000;
    do {
      writes = Math.max(2, Math.floor(writes / 2));
      held = await closeBehind(writes);
    } while (held === undefined);
    expect(held).toEqual([[writes]]);
    const late = await failureOf(client.batch(["insert into notes (text) values ('late')"]));
    expect(late?.message).toBe("the database is closed");
  });

  test("is nothing at all where the file is gone by then", async () => {
    const other = new SqliteClient(join(folder.path, "other.db"));
    folder[Symbol.dispose]();
    const failure = await failureOf(other.batch(["create table t (n)"]));
    expect(failure).toMatchObject({ name: "StorageError", kind: "missing", mayBeWritten: false });
    other.close();
  });
});

test("a process that only waits for a write lives until it is written, and ends by itself", async () => {
  const script = `
    const { SqliteClient } = await import(${JSON.stringify(join(import.meta.dir, "../../src/database/sqlite-client.ts"))});
    const client = new SqliteClient(${JSON.stringify(file)});
    await client.batch([${JSON.stringify(long())}]);
    process.stdout.write("written");
  `;
  const child = Bun.spawn({ cmd: [process.execPath, "-e", script], stdout: "pipe", stderr: "inherit" });
  expect(await new Response(child.stdout).text()).toBe("written");
  expect(await child.exited).toBe(0);
  expect(await count()).toBe(1);
});
