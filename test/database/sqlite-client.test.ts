import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SqliteClient } from "../../src/database/sqlite-client.ts";
import { temporaryFolder } from "../server-process.ts";

let folder: ReturnType<typeof temporaryFolder>;
let file: string;
let client: SqliteClient;

beforeEach(async () => {
  folder = temporaryFolder();
  file = join(folder.path, "test.db");
  client = new SqliteClient(file);
  await client.execute("create table notes (id integer primary key, text text unique not null, body blob)");
});
afterEach(() => {
  client.close();
  folder[Symbol.dispose]();
});

const texts = async () =>
  (await client.execute("select text from notes order by id")).rows.map(({ text }) => text);

describe("the client for a file", () => {
  test("returns rows that are read by name and by position", async () => {
    await client.execute("insert into notes (text) values (?)", ["one"]);
    const { columns, rows } = await client.execute({
      sql: "select id, text from notes where id = ?",
      args: [1],
    });
    expect(columns).toEqual(["id", "text"]);
    expect([rows[0]?.id, rows[0]?.text, rows[0]?.[0], rows[0]?.[1], rows[0]?.length]).toEqual([
      1,
      "one",
      1,
      "one",
      2,
    ]);
  });

  test("tells how many rows a statement touched and the id of the last", async () => {
    const inserted = await client.execute("insert into notes (text) values ('one'), ('two')");
    expect([inserted.rowsAffected, inserted.lastInsertRowid]).toEqual([2, 2n]);
    expect((await client.execute("update notes set text = text || '!'")).rowsAffected).toBe(2);
    const returned = await client.execute("delete from notes returning text");
    expect(returned.rows.map(({ text }) => text)).toEqual(["one!", "two!"]);
  });

  test("keeps bytes, empty texts, null and numbers as they are", async () => {
    const body = crypto.getRandomValues(new Uint8Array(100_000));
    await client.execute("insert into notes values (?, ?, ?)", [2 ** 52 + 1, "", body]);
    await client.execute("insert into notes values (?, ?, ?)", [1, "\u{feff}é😀\n", null]);
    await client.execute("insert into notes values (?, ?, ?)", [3, "buffer", new Uint8Array([1, 2]).buffer]);
    const { rows } = await client.execute("select * from notes order by id");
    expect(rows.map(({ id, text }) => [id, text])).toEqual([
      [1, "\u{feff}é😀\n"],
      [3, "buffer"],
      [2 ** 52 + 1, ""],
    ]);
    expect(rows[0]?.body).toBeNull();
    expect(new Uint8Array(rows[1]?.body as ArrayBuffer)).toEqual(new Uint8Array([1, 2]));
    expect(new Uint8Array(rows[2]?.body as ArrayBuffer)).toEqual(body);
  });

  test("runs a batch whole or not at all", async () => {
    const results = await client.batch([
      "insert into notes (text) values ('one')",
      { sql: "insert into notes (text) values (?)", args: ["two"] },
      ["select count(*) as n from notes", []],
    ]);
    expect(results[2]?.rows[0]?.n).toBe(2);
    const failing = client.batch([
      "insert into notes (text) values ('three')",
      "delete from notes where text = 'one'",
      "insert into notes (text) values ('two')",
    ]);
    expect(await failing.catch((error: { code: string }) => error.code)).toBe("SQLITE_CONSTRAINT_UNIQUE");
    expect(await texts()).toEqual(["one", "two"]);
    await client.batch(["insert into notes (text) values ('four')"]);
    expect(await texts()).toEqual(["one", "two", "four"]);
  });

  test("rejects and does not throw, for SQL that is none as well", async () => {
    for (const attempt of [
      () => client.execute("selec 1"),
      () => client.execute("select * from nowhere"),
      () => client.batch(["select 1", "selec 1"]),
    ]) {
      expect(
        await attempt().then(
          () => "ran",
          () => "rejected",
        ),
      ).toBe("rejected");
    }
    expect(() => client.transaction()).toThrow("batch");
  });

  test("refuses named arguments, since none are used here", async () => {
    const named = client.execute({ sql: "insert into notes (text) values (:text)", args: { text: "one" } });
    expect(
      await named.then(
        () => "ran",
        () => "rejected",
      ),
    ).toBe("rejected");
    expect(await texts()).toEqual([]);
  });

  test("stays within bounds however many different statements come, and they all work", async () => {
    for (let i = 0; i < 1100; i++) {
      const { rows } = await client.execute(`select ${i} as n, text from notes`);
      expect(rows).toEqual([]);
    }
    const batch = await client.batch(Array.from({ length: 600 }, (_, i) => `select ${i} + 1 as n`));
    expect(batch.map(({ rows }) => rows[0]?.n)).toEqual(Array.from({ length: 600 }, (_, i) => i + 1));
    expect((await client.execute("select 0 as n, text from notes")).rows).toEqual([]);
  });

  test("sees what another connection changed through the statements that it reuses", async () => {
    const select = "select id, text from notes";
    expect((await client.execute(select)).rows).toEqual([]);
    const other = new Database(file);
    other.run("insert into notes (text) values ('theirs')");
    expect((await client.execute(select)).rows).toHaveLength(1);
    other.run("alter table notes add column extra text default 'more'");
    other.run("create index by_text on notes (text)");
    expect((await client.execute(select)).rows).toMatchObject([{ id: 1, text: "theirs" }]);
    expect((await client.execute("select extra from notes")).rows).toMatchObject([{ extra: "more" }]);
    other.close();
  });

  test("is durable, checks foreign keys, overwrites what is deleted and works in WAL", async () => {
    const pragma = async (name: string) => (await client.execute(`pragma ${name}`)).rows[0]?.[0];
    expect(
      await Promise.all(["journal_mode", "synchronous", "foreign_keys", "secure_delete"].map(pragma)),
    ).toEqual(["wal", 2, 1, 1]);
  });

  test("leaves one complete file when it is closed, and does nothing afterwards", async () => {
    await client.execute("insert into notes (text) values ('kept')");
    expect(existsSync(`${file}-wal`)).toBe(true);
    client.close();
    client.close();
    expect([client.closed, existsSync(`${file}-wal`), existsSync(`${file}-shm`)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(
      await client.execute("select 1").then(
        () => "ran",
        () => "rejected",
      ),
    ).toBe("rejected");
    const other = new Database(file, { readonly: true });
    expect(other.query("select text from notes").values()).toEqual([["kept"]]);
    other.close();
  });

  test("closes while another connection still reads", async () => {
    const other = new Database(file);
    const reading = other.query("select text from notes").iterate();
    reading.next();
    await client.execute("insert into notes (text) values ('kept')");
    client.close();
    expect(client.closed).toBe(true);
    other.close();
  });
});
