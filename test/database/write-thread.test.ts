import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isBusy, isUniqueViolation, isWriteConflict } from "../../src/database/constraint.ts";
import { SqliteClient } from "../../src/database/sqlite-client.ts";
import { temporaryFolder } from "../server-process.ts";

setDefaultTimeout(120_000);

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

/** How a write failed. */
const failureOf = (writing: Promise<unknown>) =>
  writing.then(
    () => undefined,
    (error: Error & { code?: string }) => error,
  );
const count = async () => (await client.execute("select count(*) as n from notes")).rows[0]?.n;
/** Takes some tenths of a second. */
const long =
  "insert into notes (text) select max(n) from (with recursive c(n) as (select 1 union all select n + 1 from c where n < 500000) select n from c)";

describe("what is written to a file", () => {
  test("is written on another thread: this one goes on meanwhile, and reads what was there before", async () => {
    let isOver = false;
    const writing = client.batch([long]).then(() => {
      isOver = true;
    });
    let before = 0;
    while (!isOver) {
      if ((await count()) === 0) before += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writing;
    expect(await count()).toBe(1);
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
    const writes = Array.from({ length: 1000 }, (_, i) =>
      client.batch([{ sql: "insert into notes (text) values (?)", args: [`${i}`] }]),
    );
    client.close();
    expect(existsSync(`${file}-wal`)).toBe(false);
    const other = new Database(file, { readonly: true });
    expect(other.query("select count(*) from notes").values()).toEqual([[1000]]);
    other.close();
    expect(await Promise.all(writes)).toHaveLength(1000);
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
    await client.batch([${JSON.stringify(long)}]);
    process.stdout.write("written");
  `;
  const child = Bun.spawn({ cmd: [process.execPath, "-e", script], stdout: "pipe", stderr: "inherit" });
  expect(await new Response(child.stdout).text()).toBe("written");
  expect(await child.exited).toBe(0);
  expect(await count()).toBe(1);
});
