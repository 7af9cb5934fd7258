import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type FetchInit, type SecretsflyClient, secretsfly, type TokenInfo } from "../../src/client/index.ts";
import { createTestApp, origin, type TestApp, type TestBrowser } from "../harness.ts";
import { failureOf } from "./harness.ts";

let app: TestApp;
let admin: TestBrowser;
let projects = 0;
beforeAll(async () => {
  app = await createTestApp();
  admin = app.browser();
});
afterAll(() => app.close());

interface World {
  client: SecretsflyClient;
  /** Of another client of the same token. */
  sibling: SecretsflyClient;
  reader: SecretsflyClient;
  project: { id: number; name: string };
  /** Method, path and status of each answer. */
  answers: string[];
}

/** A fresh project, with clients whose `fetch` is the app itself. */
async function createWorld(): Promise<World> {
  const name = `shop-${++projects}`;
  const { id } = await admin.createRoot(name);
  const [write, read] = [
    await admin.createToken(id, "prod", "write"),
    await admin.createToken(id, "prod", "read", { expiresInDays: "30" }),
  ];
  const answers: string[] = [];
  const fetch = async (url: string, init: FetchInit) => {
    const response = await app.app.request(url, init);
    answers.push(`${init.method} ${url.slice(origin.length)} ${response.status}`);
    return response;
  };
  const [client, sibling] = [0, 1].map(() => secretsfly({ token: write, baseUrl: origin, fetch }));
  if (!client || !sibling) throw new Error("unreachable");
  const reader = secretsfly({ token: read, baseUrl: origin, fetch });
  return { client, sibling, reader, project: { id, name }, answers };
}

describe("secrets are read", () => {
  test("as a list, by name, and as an object, whatever they are called", async () => {
    const { client } = await createWorld();
    await client.change({ set: { B: "2", A: "1", ["__proto__"]: "3" } });
    const { secrets } = await client.list();
    expect(secrets.map(({ name, value }) => `${name}=${value}`)).toEqual(["A=1", "B=2", "__proto__=3"]);
    const values = await client.values();
    expect(Object.entries(values)).toEqual([
      ["A", "1"],
      ["B", "2"],
      ["__proto__", "3"],
    ]);
    expect(await client.get("B")).toEqual({
      ...{ id: expect.any(Number), name: "B", value: "2", version: 1 },
      etag: expect.stringMatching(/^"[^"]+"$/),
    });
  });

  test("any text comes back as it was", async () => {
    const { client } = await createWorld();
    for (const value of ["", " a\r\nb\t", "\u{1F41D}\u200b", '"$(id)`#\\', "x".repeat(100_000)]) {
      await client.set("A", value);
      expect((await client.get("A")).value).toBe(value);
    }
  });

  test("again only when they have changed, and what is kept cannot be changed", async () => {
    const { client, sibling, answers } = await createWorld();
    await client.set("A", "1");
    const first = await client.list();
    expect(await client.list()).toBe(first);
    expect(answers.splice(0)).toEqual([
      "PUT /api/secrets/A 201",
      "GET /api/secrets 200",
      "GET /api/secrets 304",
    ]);
    await sibling.set("A", "2");
    expect((await client.list()).secrets).toMatchObject([{ value: "2" }]);
    expect(Object.isFrozen(first.secrets) && first.secrets.every(Object.isFrozen)).toBe(true);
    const values = await client.values();
    values.A = "mine";
    expect(await client.values()).toEqual({ A: "2" });
  });

  test("of one that is not there: not-found, with the server's problem", async () => {
    const { client } = await createWorld();
    const error = await failureOf(client.get("NOTHING"));
    expect(error).toMatchObject({
      ...{ failure: "not-found", status: 404, message: expect.stringContaining("There is no such secret") },
      problem: { type: "urn:secretsfly:problem:not-found", title: "Not found" },
    });
  });
});

describe("secrets are written", () => {
  test("one by one", async () => {
    const { client } = await createWorld();
    const created = await client.set("A", "1", { note: "why" });
    expect(created).toMatchObject({ name: "A", version: 1, created: true });
    expect(await client.set("A", "2")).toMatchObject({ id: created.id, version: 2, created: false });
    const { etag } = await client.set("A", "3");
    expect((await client.get("A")).etag).toBe(etag);
    expect(await client.delete("A")).toBeUndefined();
    expect(await client.values()).toEqual({});
    expect(await failureOf(client.delete("A"))).toHaveProperty("failure", "not-found");
  });

  test("several, all or none", async () => {
    const { client } = await createWorld();
    const { secrets, etag } = await client.change({ set: { A: "1", B: "2" } });
    expect(secrets.map(({ name, outcome }) => [name, outcome])).toEqual([
      ["A", "created"],
      ["B", "created"],
    ]);
    expect(etag).toBe((await client.list()).etag);
    const failing = client.change({ set: { A: "9" }, delete: ["NOTHING"] });
    expect(await failureOf(failing)).toHaveProperty("failure", "not-found");
    expect(await client.values()).toEqual({ A: "1", B: "2" });
    const mixed = await client.change({ set: { A: "1" }, delete: ["B"] });
    expect(mixed.secrets.map(({ name, outcome }) => [name, outcome])).toEqual([
      ["A", "unchanged"],
      ["B", "deleted"],
    ]);
  });

  test("or only tried out", async () => {
    const { client, answers } = await createWorld();
    const { secrets } = await client.change({ set: { A: "1" } }, { dryRun: true });
    expect(secrets).toMatchObject([{ name: "A", outcome: "created" }]);
    expect(answers).toEqual(["PATCH /api/secrets?dryRun=true 200"]);
    expect(await client.values()).toEqual({});
  });

  test("only where nobody else has written", async () => {
    const { client, sibling } = await createWorld();
    const { etag } = await client.change({ set: { A: "1" } });
    const next = await client.set("A", "2", { ifMatch: etag });
    const stale = [
      () => client.set("A", "3", { ifMatch: etag }),
      () => client.delete("A", { ifMatch: etag }),
      () => client.change({ set: { A: "3" } }, { ifMatch: etag }),
    ];
    for (const write of stale) {
      expect(await failureOf(write())).toMatchObject({ failure: "conflict", status: 412 });
    }
    await sibling.delete("A", { ifMatch: next.etag });
    expect(await client.values()).toEqual({});
  });

  test("only where there is none of that name yet", async () => {
    const { client } = await createWorld();
    expect(await client.set("A", "1", { create: true })).toHaveProperty("created", true);
    const again = await failureOf(client.set("A", "2", { create: true }));
    expect(again).toMatchObject({ failure: "conflict", status: 412 });
    expect(await client.values()).toEqual({ A: "1" });
  });

  test("not by a token that may only read, and not with a value that cannot be", async () => {
    const { client, reader } = await createWorld();
    expect(await failureOf(reader.set("A", "1"))).toMatchObject({ failure: "forbidden", status: 403 });
    const error = await failureOf(client.set("A", "secret-part\0"));
    expect(error).toMatchObject({ failure: "invalid", status: 422, problem: { errors: [{ field: "A" }] } });
    expect(Bun.inspect(error)).not.toContain("secret-part");
  });
});

test("a token tells what it may do", async () => {
  const { client, reader, project } = await createWorld();
  const expected = { name: "test", project, environment: "prod", rights: "write", expiresAt: null };
  expect(await client.token()).toEqual(expected as TokenInfo);
  const expiresAt = new Date(app.clock.now + 30 * 86_400_000).toISOString();
  expect(await reader.token()).toMatchObject({ rights: "read", expiresAt });
});
