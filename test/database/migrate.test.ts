import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { MigrationError, migrate } from "../../src/database/migrate.ts";
import { type Migration, migrations } from "../../src/database/migrations.ts";
import { SqliteClient } from "../../src/database/sqlite-client.ts";
import { startServer, temporaryFolder } from "../server-process.ts";

// Many tests run at once, and some machines are slow.
setDefaultTimeout(60_000);

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

/** How a promise was rejected. */
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as Error,
  );

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
    const error = await failure(migrate(client, [first], now));
    expect(error).toBeInstanceOf(MigrationError);
    expect(error?.message).toContain("newer secretsfly (it has the migration 0001_second)");
    expect(await tables()).toEqual(["a", "b", "migrations"]);
    expect(await failure(migrate(client, [second], now))).toBeInstanceOf(MigrationError);
  });

  test("that fail leave nothing of themselves, and work once they are mended", async () => {
    const broken = { tag: "0001_second", sql: `${second.sql};--> statement-breakpoint\ncreate nonsense` };
    expect(await failure(migrate(client, [first, broken], now))).toBeInstanceOf(Error);
    expect(await tables()).toEqual(["a", "migrations"]);
    expect(await marks()).toMatchObject([{ tag: "0000_first" }]);
    expect(await migrate(client, [first, second], now)).toEqual(["0001_second"]);
  });

  test("that find duplicate rows fail aloud: only their own mark may be there already", async () => {
    await migrate(client, [first], now);
    const duplicate = { tag: "0001_duplicate", sql: "insert into a values (1), (1)" };
    const error = await failure(migrate(client, [first, duplicate, second], now));
    expect(error?.message).toContain("UNIQUE constraint failed: a.n");
    expect(await tables()).toEqual(["a", "migrations"]);
    expect(await marks()).toHaveLength(1);
  });

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
    expect(ends.filter(({ stderr }) => stderr.includes("migrated the database"))).toHaveLength(1);
  });
});
