import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Database } from "../../src/database/connect.ts";
import { isUniqueViolation, isWriteConflict } from "../../src/database/constraint.ts";
import { migrate } from "../../src/database/migrate.ts";
import { migrations } from "../../src/database/migrations.ts";
import { failureOf } from "../failure.ts";
import { type Sqld, startSqld } from "../sqld.ts";

let server: Sqld;
let db: Database;

beforeAll(async () => {
  server = await startSqld();
  db = connect({ databaseUrl: server.url, databaseAuthToken: undefined });
  await migrate(db.$client, migrations, 0);
});

afterAll(async () => {
  db.$client.close();
  await server[Symbol.asyncDispose]();
});

describe("a database on a libSQL server", () => {
  test("is migrated once", async () => {
    expect(await migrate(db.$client, migrations, 0)).toEqual([]);
  });

  test("takes a batch as a whole or not at all, and says what was in its way", async () => {
    const insert = (id: number) => ({
      sql: "INSERT INTO environments (id, name, created_at) VALUES (?, ?, 0)",
      args: [id, `e${id}`],
    });
    const error = await failureOf(db.$client.batch([insert(1), insert(2), insert(1)]));
    expect(isUniqueViolation(error, "environments")).toBe(true);
    expect(isWriteConflict(error)).toBe(true);
    const { rows } = await db.$client.execute("SELECT count(*) AS n FROM environments");
    expect(rows[0]?.n).toBe(0);
  });

  test("checks foreign keys", async () => {
    const { rows } = await db.$client.execute("PRAGMA foreign_keys");
    expect(rows[0]?.foreign_keys).toBe(1);
  });
});
