import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Database } from "../../src/database/connect.ts";
import { isUniqueViolation, isWriteConflict } from "../../src/database/constraint.ts";
import { migrate } from "../../src/database/migrate.ts";
import { migrations } from "../../src/database/migrations.ts";
import { connectToSnapshot } from "../../src/database/server-snapshot.ts";
import { readVersions } from "../../src/vault/history.ts";
import { failureOf } from "../failure.ts";
import { createTestApp, fetchMap } from "../harness.ts";
import { type Sqld, startSqld } from "../sqld.ts";
import { disagreements, openPlace, put } from "../vault/inspect.ts";

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

  test("gives BLOBs as bytes, by position and by name, as a file does", async () => {
    const read = "SELECT x'0102' AS bytes, 'text' AS text, NULL AS empty";
    const [batched] = await db.$client.batch([read], "read");
    const moment = await connectToSnapshot({ databaseUrl: server.url, databaseAuthToken: undefined });
    const results = [await db.$client.execute(read), batched, await moment.$client.execute(read)];
    moment.$client.close();
    for (const result of results) {
      const row = result?.rows[0] as unknown as Record<string, unknown>;
      expect([row[0], row.bytes]).toEqual([new Uint8Array([1, 2]), new Uint8Array([1, 2])]);
      expect([row[1], row.empty]).toEqual(["text", null]);
    }
  });

  test("checks foreign keys", async () => {
    const { rows } = await db.$client.execute("PRAGMA foreign_keys");
    expect(rows[0]?.foreign_keys).toBe(1);
  });
});

test("an answer of a server is not compressed: what is sealed would not get smaller", async () => {
  const asked: (string | null)[] = [];
  using listener = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch({ headers }) {
      asked.push(headers.get("Accept-Encoding"));
      return new Response(null, { status: 500 });
    },
  });
  const { $client } = connect({ databaseUrl: listener.url.origin, databaseAuthToken: undefined });
  expect(await failureOf($client.execute("select 1"))).toHaveProperty("code", "SERVER_ERROR");
  expect(new Set(asked)).toEqual(new Set(["identity"]));
});

describe("what a server bounds", () => {
  const environments = { AVAILABLE_ENVIRONMENTS: "prod" };

  test("is told of a row that is too large: nothing is written, here or below", async () => {
    const app = await createTestApp({ DATABASE_URL: server.url, ...environments });
    const admin = app.browser();
    const { id } = await admin.createRoot("shop");
    const token = await admin.createToken(id, "prod", "write");
    const below = await admin.createToken(await admin.createChild("api", id), "prod", "write");
    const large = "x".repeat(1_000_000);
    // What is inherited is a part of what a child holds, and of its row.
    expect((await put(app, below, "OWN", large)).status).toBe(201);
    expect((await put(app, token, "ONE", large)).status).toBe(201);
    const answer = await put(app, token, "TWO", large);
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({
      detail: expect.stringContaining("The database server takes no row as large as this would make"),
    });
    const form = await admin.save(id, "prod", { TWO: large });
    expect([form.status, (await form.text()).includes("takes no row as large")]).toEqual([413, true]);
    expect(Object.keys(await fetchMap(app, token))).toEqual(["ONE"]);
    expect(Object.keys(await fetchMap(app, below))).toEqual(["ONE", "OWN"]);
    expect(await disagreements(app, [token, below])).toEqual([]);
    app.close();
  });

  test("in an answer is no bound on the children of a project, nor on the versions that are looked at", async () => {
    await using frugal = await startSqld({ args: ["--max-response-size", "1MB"] });
    const app = await createTestApp({ DATABASE_URL: frugal.url, ...environments });
    const admin = app.browser();
    const { id } = await admin.createRoot("shop");
    const children: string[] = [];
    for (let i = 0; i < 5; i++)
      children.push(await admin.createToken(await admin.createChild(`child ${i}`, id), "prod", "write"));
    const token = await admin.createToken(id, "prod", "write");
    const large = "x".repeat(200_000);
    // Each view holds it twice, as it was written and as apps get it: the children's are 2 MB together.
    for (let i = 1; i <= 6; i++)
      expect((await put(app, token, "LARGE", `${i}${large}`)).status).toBeLessThan(300);
    for (const child of children) expect(await fetchMap(app, child)).toEqual({ LARGE: `6${large}` });
    const versions = await readVersions(app.vault, await openPlace(app, token), "LARGE", [1, 2, 3, 4, 5, 6]);
    expect(versions.map(({ value }) => value?.[0])).toEqual(["1", "2", "3", "4", "5", "6"]);
    app.close();
  });
});
