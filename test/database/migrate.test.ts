import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { MigrationError, migrate } from "../../src/database/migrate.ts";
import { type Migration, migrations } from "../../src/database/migrations.ts";
import { SqliteClient } from "../../src/database/sqlite-client.ts";
import { failureOf } from "../failure.ts";
import { databaseIn, runServer, startServer, temporaryFolder } from "../server-process.ts";
import { fixtureFile } from "./fixtures/fixture.ts";

let folder: ReturnType<typeof temporaryFolder>;
let client: SqliteClient;

beforeEach(() => {
  folder = temporaryFolder();
  client = new SqliteClient(join(folder.path, "test.db"));
});
afterEach(() => {
  client.close();
  folder[Symbol.dispose]();
});

const now = 1_700_000_000_000;
const first: Migration = { tag: "0000_first", sql: "create table a (n integer unique)" };
const second: Migration = {
  tag: "0001_second",
  sql: "create table b (n integer);--> statement-breakpoint\ninsert into b values (1)",
};

const tables = async () =>
  (await client.execute("select name from sqlite_master where type = 'table' order by name")).rows.map(
    ({ name }) => name,
  );
const marks = async () => (await client.execute("select * from migrations order by position")).rows;

describe("migrations", () => {
  test("bring an empty database to the newest schema, with a mark each", async () => {
    expect(await migrate(client, migrations, now)).toEqual(migrations.map(({ tag }) => tag));
    expect(await tables()).toContain("secret_versions");
    expect(await marks()).toMatchObject(
      migrations.map(({ tag }, position) => ({ position, tag, applied_at: now })),
    );
  });

  test("are applied once", async () => {
    await migrate(client, migrations, now);
    expect(await migrate(client, migrations, now + 1)).toEqual([]);
    expect((await marks()).every((mark) => mark.applied_at === now)).toBe(true);
  });

  test("that are new are added to those that are there", async () => {
    await migrate(client, [first], now);
    await client.execute("insert into a values (7)");
    expect(await migrate(client, [first, second], now)).toEqual(["0001_second"]);
    expect((await client.execute("select n from a")).rows[0]?.n).toBe(7);
    expect((await client.execute("select n from b")).rows[0]?.n).toBe(1);
  });

  test("of a newer program are refused by name, and nothing is touched", async () => {
    await migrate(client, [first, second], now);
    const error = await failureOf(migrate(client, [first], now));
    expect(error).toBeInstanceOf(MigrationError);
    expect(error?.message).toContain("newer secretsfly (it has the migration 0001_second)");
    expect(await tables()).toEqual(["a", "b", "migrations"]);
    expect(await failureOf(migrate(client, [second], now))).toBeInstanceOf(MigrationError);
  });

  test("of another program are refused before any of ours is applied after them", async () => {
    await migrate(client, [{ ...first, tag: "0000_elsewhere" }], now);
    const error = await failureOf(migrate(client, [first, second], now));
    expect(error).toBeInstanceOf(MigrationError);
    expect(error?.message).toContain("0000_elsewhere");
    expect(await tables()).toEqual(["a", "migrations"]);
    expect(await marks()).toMatchObject([{ tag: "0000_elsewhere" }]);
  });

  test("that fail leave nothing of themselves, and work once they are mended", async () => {
    const broken = { tag: "0001_second", sql: `${second.sql};--> statement-breakpoint\ncreate nonsense` };
    const error = await failureOf(migrate(client, [first, broken], now));
    expect(error).toBeInstanceOf(MigrationError);
    expect(error?.message).toBe(
      'the migration 0001_second failed, and the database is what it was before it: near "nonsense": syntax error',
    );
    expect(await tables()).toEqual(["a", "migrations"]);
    expect(await marks()).toMatchObject([{ tag: "0000_first" }]);
    expect(await migrate(client, [first, second], now)).toEqual(["0001_second"]);
  });

  test("that find duplicate rows fail aloud: only their own mark may be there already", async () => {
    await migrate(client, [first], now);
    const duplicate = { tag: "0001_duplicate", sql: "insert into a values (1), (1)" };
    const error = await failureOf(migrate(client, [first, duplicate, second], now));
    expect(error?.message).toContain("UNIQUE constraint failed: a.n");
    expect(await tables()).toEqual(["a", "migrations"]);
    expect(await marks()).toHaveLength(1);
  });

  test("that leave rows without what they refer to are undone, and told", async () => {
    const tables = "create table b (id integer primary key, a integer references c (id))";
    const rows =
      "create table c (id integer primary key);--> statement-breakpoint\ninsert into b values (1, 2)";
    await migrate(client, [first], now);
    const broken = { tag: "0001_broken", sql: `${tables};--> statement-breakpoint\n${rows}` };
    expect((await failureOf(migrate(client, [first, broken], now)))?.message).toContain(
      "0001_broken failed, and the database is what it was before it: FOREIGN KEY constraint failed: 1 rows",
    );
    expect(await marks()).toHaveLength(1);
  });

  test("that are killed in the middle leave the database as it was, and start again", async () => {
    const file = join(folder.path, "test.db");
    await migrate(client, [first], now);
    await client.execute("insert into a values (7)");
    client.close();
    const before = readFileSync(file);
    // It has no end, so that it is always killed in its middle.
    const endless =
      "with recursive n(i) as (select 1 union all select i + 1 from n) insert into b select i from n";
    const sql = `${second.sql};--> statement-breakpoint\n${endless}`;
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "migrate-process.ts"), file], {
      stdin: new Blob([JSON.stringify([first, { tag: second.tag, sql }])]),
    });
    // More than the cache holds, so that a part of the migration is in the WAL by then.
    while (!((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 16 * 1024 * 1024)) {
      expect(child.exitCode).toBeNull();
      await Bun.sleep(5);
    }
    child.kill("SIGKILL");
    await child.exited;
    expect(readFileSync(file).equals(before)).toBe(true);
    client = new SqliteClient(file);
    expect(await tables()).toEqual(["a", "migrations"]);
    expect(await migrate(client, [first, second], now)).toEqual([second.tag]);
    expect((await client.execute("select n from a")).rows[0]?.n).toBe(7);
    expect((await client.execute("select n from b")).rows.map(({ n }) => n)).toEqual([1]);
  });

  test.each(["wal", "delete"])(
    "of a newer program are refused by a server, which changes no byte of a database in mode %p",
    async (mode) => {
      using place = temporaryFolder();
      const file = databaseIn(place.path);
      mkdirSync(dirname(file));
      copyFileSync(fixtureFile(migrations.at(-1)?.tag ?? ""), file);
      using database = new Database(file);
      database.run("insert into migrations values (99, '0099_of_tomorrow', 1)");
      database.run(`pragma journal_mode = ${mode}`);
      database.close();
      chmodSync(file, 0o640);
      const before = readFileSync(file);
      const { stderr, exitCode } = await runServer(place.path);
      expect([exitCode, stderr]).toEqual([
        1,
        "secretsfly: this database was written by a newer secretsfly (it has the migration 0099_of_tomorrow); start that version, or restore a backup\n",
      ]);
      expect(readFileSync(file).equals(before)).toBe(true);
      expect(statSync(file).mode & 0o777).toBe(0o640);
      expect(readdirSync(dirname(file))).toEqual(["secretsfly.db"]);
    },
  );

  test("run by two connections at once are applied once each", async () => {
    const other = new SqliteClient(join(folder.path, "test.db"));
    const applied = await Promise.all([
      migrate(client, [first, second], now),
      migrate(other, [first, second], now),
    ]);
    expect(applied.flat().sort()).toEqual(["0000_first", "0001_second"]);
    expect(await marks()).toHaveLength(2);
    other.close();
  });

  test("run by four processes that start at once in an empty folder let all four start", async () => {
    using empty = temporaryFolder();
    const servers = await Promise.all([1, 2, 3, 4].map(() => startServer(empty.path)));
    const answers = await Promise.all(
      servers.map(async ({ request }) => (await request("/api/status")).json()),
    );
    const ends = await Promise.all(servers.map(({ stop }) => stop()));
    expect(answers).toEqual([1, 2, 3, 4].map(() => ({ db: "up" })));
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    // Each migration by one of them, but not all by the same one.
    const lines = ends.flatMap(({ stderr }) => stderr.split("\n"));
    const told = lines.filter((line) => line.includes("migrated the database"));
    const applied = told.flatMap((line) => (JSON.parse(line) as { applied: string[] }).applied);
    expect(applied.sort()).toEqual(migrations.map(({ tag }) => tag).sort());
  });
});
