import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { WriteQueue } from "../../src/vault/write-queue.ts";
import { bearer, createFileApp, createTestApp, fetchMap, type TestApp, TestBrowser } from "../harness.ts";
import { databaseUrlIn, type ServerProcess, startServer, temporaryFolder } from "../server-process.ts";
import { auditOf, disagreements, firstBrokenEvent, history, put, sendJson } from "./inspect.ts";

// Many tests run at once, and some machines are slow.
setDefaultTimeout(240_000);

const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));

/** Status → how often it was answered. */
async function statuses(responses: readonly Promise<Response>[]): Promise<Record<string, number>> {
  const answers = await Promise.all(responses);
  return Object.fromEntries(
    [...Map.groupBy(answers, ({ status }) => status)].map(([status, same]) => [status, same.length]),
  );
}

const named = (prefix: string, n: number) =>
  Object.fromEntries(times(n, (i) => [`${prefix}_${i}`, `value ${i} of ${prefix}`]));

/** What is to be written waits for others as long as a slow machine takes. */
function waitLong(...apps: readonly TestApp[]): void {
  for (const { vault } of apps) vault.writes = new WriteQueue(240_000);
}

/** The audit is whole, and it tells of as many sets of secrets as there are. */
async function expectWholeAudit(app: TestApp, sets: number): Promise<void> {
  const events = await auditOf(app);
  expect(firstBrokenEvent(events)).toBeUndefined();
  expect(events.filter(({ action }) => action === "secret.set")).toHaveLength(sets);
}

describe("fifty writers to one environment in one process", () => {
  let app: TestApp;
  let admin: TestBrowser;
  beforeEach(async () => {
    app = await createTestApp();
    admin = app.browser();
  });
  afterEach(() => app.close());

  test("by service token lose nothing and fail nothing", async () => {
    const { id } = await admin.createRoot("shop");
    const token = await admin.createToken(id, "prod", "write");
    const writes = times(50, (i) => put(app, token, `TOKEN_${i}`, `value ${i} of TOKEN`));
    expect(await statuses(writes)).toEqual({ 201: 50 });
    expect(await fetchMap(app, token)).toEqual(named("TOKEN", 50));
    expect(await disagreements(app, [token])).toEqual([]);
    await expectWholeAudit(app, 50);
  });

  test("by admin form and by service token at once, with their own and with the same names", async () => {
    const { id } = await admin.createRoot("shop");
    const token = await admin.createToken(id, "prod", "write");
    const forms = times(25, (i) =>
      admin.save(id, "prod", { [`FORM_${i}`]: `value ${i} of FORM`, SHARED: `form ${i}` }),
    );
    const puts = times(25, (i) => put(app, token, "SHARED", `token ${i}`));
    expect(await statuses(forms)).toEqual({ 303: 25 });
    for (const response of await Promise.all(puts)) expect([200, 201]).toContain(response.status);
    const versions = await history(app, token, "SHARED");
    expect(versions.map(({ value }) => value).sort()).toEqual(
      [...times(25, (i) => `form ${i}`), ...times(25, (i) => `token ${i}`)].sort(),
    );
    expect(await fetchMap(app, token)).toEqual({
      ...named("FORM", 25),
      SHARED: versions.at(-1)?.value as string,
    });
    expect(await disagreements(app, [token])).toEqual([]);
    await expectWholeAudit(app, 75);
  });

  test("with two apps on one database, in parent, child and sibling", async () => {
    const { id: root } = await admin.createRoot("shop");
    const [api, web] = [await admin.createChild("api", root), await admin.createChild("web", root)];
    const other = await app.sibling();
    waitLong(app, other);
    const tokens = await Promise.all([root, api, web].map((id) => admin.createToken(id, "prod", "write")));
    const writes = times(48, (i) =>
      put(i % 2 ? app : other, tokens[i % 3] as string, `N_${i}`, `value ${i} of N`),
    );
    expect(await statuses(writes)).toEqual({ 201: 48 });
    expect(await disagreements(app, tokens)).toEqual([]);
    const all = named("N", 48);
    const seen = await Promise.all(tokens.slice(1).map((token) => fetchMap(other, token)));
    expect({ ...seen[0], ...seen[1] }).toEqual(all);
    await expectWholeAudit(app, 48);
    other.close();
  });

  test("setting and deleting one name end in one order that everybody sees", async () => {
    const { id } = await admin.createRoot("shop");
    const token = await admin.createToken(id, "prod", "write");
    const other = await app.sibling();
    waitLong(app, other);
    const remove = (by: TestApp) =>
      by.request("/api/secrets/A", { method: "DELETE", headers: bearer(token) });
    const answers = await Promise.all(
      times(30, (i) =>
        i % 3 === 2 ? remove(i % 2 ? app : other) : put(i % 2 ? app : other, token, "A", `${i}`),
      ),
    );
    for (const [i, { status }] of answers.entries()) {
      expect(i % 3 === 2 ? [204, 404] : [200, 201]).toContain(status);
    }
    const deletions = answers.filter(({ status }) => status === 204).length;
    const versions = await history(app, token, "A");
    expect(versions).toHaveLength(20 + deletions);
    expect(versions.filter(({ value }) => value === null)).toHaveLength(deletions);
    expect(await disagreements(app, [token])).toEqual([]);
    other.close();
  });

  test("several changes at once stay together", async () => {
    const { id } = await admin.createRoot("shop");
    const token = await admin.createToken(id, "prod", "write");
    const patches = times(20, (i) =>
      sendJson(app, token, "PATCH", "/api/secrets", { set: { LEFT: `${i}`, RIGHT: `${i}` } }),
    );
    const reads = Promise.all(times(60, () => fetchMap(app, token)));
    expect(await statuses(patches)).toEqual({ 200: 20 });
    for (const { LEFT, RIGHT } of await reads) expect(LEFT).toBe(RIGHT as string);
    const { LEFT, RIGHT } = await fetchMap(app, token);
    expect(LEFT).toBe(RIGHT as string);
  });

  test("a revoked token fails on its very next request, here and in another app on the database", async () => {
    const { id } = await admin.createRoot("shop");
    const other = await app.sibling();
    const token = await admin.createToken(id, "prod", "write");
    for (const one of [app, other]) expect(await fetchMap(one, token)).toEqual({});
    expect((await admin.post(`/admin/projects/${id}/service-tokens/1/revoke`)).status).toBe(303);
    for (const one of [app, other]) {
      expect((await one.request("/api/secrets", { headers: bearer(token) })).status).toBe(401);
      expect((await put(one, token, "A", "1")).status).toBe(401);
      expect((await one.request("/api/token", { headers: bearer(token) })).status).toBe(401);
    }
    other.close();
  });
});

describe("while somebody else holds the lock of the file", () => {
  let app: TestApp;
  let other: Database;
  beforeEach(async () => {
    app = await createFileApp();
    // The driver waits for a lock without letting anything else happen in this process.
    await app.db.run("pragma busy_timeout = 20");
    app.vault.writes = new WriteQueue(400);
    other = new Database(app.file);
  });
  afterEach(() => {
    other.close();
    app.close();
  });

  test("fetches and pages go on, and a write is answered as busy with nothing written", async () => {
    const admin = app.browser();
    const { id, masterKey } = await admin.createRoot("shop");
    await admin.save(id, "prod", { A: "1" });
    const token = await admin.createToken(id, "prod", "write");
    const events = await auditOf(app);
    other.run("begin immediate");
    expect(await fetchMap(app, token)).toEqual({ A: "1" });
    for (const path of ["", "/service-tokens", "/environments/prod/secrets"]) {
      expect((await admin.get(`/admin/projects/${id}${path}`)).status).toBe(200);
    }
    expect(await (await app.request("/api/status")).json()).toEqual({ db: "up" });
    const refused = await put(app, token, "A", "2");
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "1"]);
    expect((await admin.save(id, "prod", { A: "2" })).status).toBe(503);
    expect((await app.browser().unseal(id, masterKey)).status).toBe(503);
    other.run("rollback");
    expect(await auditOf(app)).toEqual(events);
    expect((await put(app, token, "A", "2")).status).toBe(200);
    expect(await disagreements(app, [token])).toEqual([]);
  });
});

describe("two processes on one database", () => {
  /** Looks into the database with the program's own code, once the processes have ended. */
  async function inspect(folder: string, look: (app: TestApp) => Promise<void>): Promise<void> {
    const app = await createTestApp({ DATABASE_URL: await databaseUrlIn(folder) });
    try {
      await look(app);
    } finally {
      app.close();
    }
  }

  /**
   * As a client who tries again what is answered as busy: on a slow machine others may be in the way for longer than a
   * server waits.
   */
  function persistent(server: ServerProcess): ServerProcess {
    const request: ServerProcess["request"] = async (path, init) => {
      for (;;) {
        const response = await server.request(path, init);
        if (response.status !== 503) return response;
      }
    };
    return { ...server, request, browser: () => new TestBrowser(request) };
  }

  /** Two processes that start at the same time in an empty folder, and an admin of each who has unsealed `shop`. */
  async function startBoth(folder: string) {
    const servers = await Promise.all([startServer(folder), startServer(folder)]);
    const [a, b] = [persistent(servers[0]), persistent(servers[1])];
    const [adminA, adminB] = [a.browser(), b.browser()];
    const { id: root, masterKey } = await adminA.createRoot("shop");
    expect((await adminB.unseal(root, masterKey)).status).toBe(303);
    return { a, b, adminA, adminB, root };
  }

  /** Both end, and neither has logged a fault, but that the other had the lock for long. */
  async function stopBoth(...servers: readonly ServerProcess[]): Promise<void> {
    const ends = await Promise.all(servers.map((server) => server.stop()));
    expect(ends.map(({ exitCode }) => exitCode)).toEqual(servers.map(() => 0));
    const lines = ends.flatMap(({ stderr }) => stderr.split("\n"));
    const faults = lines.filter((line) => /"level":(?:40|50|60)/.test(line));
    expect(faults.filter((line) => !line.includes('"fault":"locked"'))).toEqual([]);
  }

  test("each with twenty-five writers by token and twenty-five by form lose nothing and fail nothing", async () => {
    using folder = temporaryFolder();
    const { a, b, adminA, adminB, root } = await startBoth(folder.path);
    await using _a = a;
    await using _b = b;
    const token = await adminA.createToken(root, "prod", "write");
    const puts = [
      ...times(25, (i) => put(a, token, `A_${i}`, `value ${i} of A`)),
      ...times(25, (i) => put(b, token, `B_${i}`, `value ${i} of B`)),
    ];
    expect(await statuses(puts)).toEqual({ 201: 50 });
    const forms = [
      ...times(25, (i) => adminA.save(root, "prod", { [`FA_${i}`]: `value ${i} of FA`, SHARED: `a${i}` })),
      ...times(25, (i) => adminB.save(root, "prod", { [`FB_${i}`]: `value ${i} of FB`, SHARED: `b${i}` })),
    ];
    expect(await statuses(forms)).toEqual({ 303: 50 });
    const map = await fetchMap(a, token);
    expect(await fetchMap(b, token)).toEqual(map);
    const { SHARED, ...others } = map;
    expect(others).toEqual({ ...named("A", 25), ...named("B", 25), ...named("FA", 25), ...named("FB", 25) });
    await stopBoth(a, b);
    await inspect(folder.path, async (app) => {
      expect(await disagreements(app, [token])).toEqual([]);
      const versions = await history(app, token, "SHARED");
      expect(versions.at(-1)?.value).toBe(SHARED as string);
      expect(versions.map(({ value }) => value).sort()).toEqual(
        [...times(25, (i) => `a${i}`), ...times(25, (i) => `b${i}`)].sort(),
      );
      await expectWholeAudit(app, 150);
    });
  });

  test("writing, moving, creating and revoking all over the tree agree in the end", async () => {
    using folder = temporaryFolder();
    const { a, b, adminA, adminB, root } = await startBoth(folder.path);
    await using _a = a;
    await using _b = b;
    const api = await adminA.createChild("api", root);
    const worker = await adminB.createChild("worker", api);
    const web = await adminA.createChild("web", root);
    const ids = [root, web, api, worker];
    const tokens = await Promise.all(ids.map((id) => adminB.createToken(id, "prod", "write")));
    const doomed = await adminA.createToken(api, "prod", "write");
    const writes = times(40, (i) => {
      const [server, admin] = i % 2 ? [a, adminA] : [b, adminB];
      const place = (i >> 1) % 4;
      return i % 5
        ? put(server, tokens[place] as string, `N_${i}`, `value ${i} of N`)
        : admin.save(ids[place] as number, "prod", { [`N_${i}`]: `value ${i} of N` });
    });
    const moves = times(4, (i) =>
      (i % 2 ? adminA : adminB).post(`/admin/projects/${api}/edit`, {
        name: "api",
        description: `${i}`,
        parentId: String(i % 2 ? root : web),
      }),
    );
    const children = times(6, (i) => (i % 2 ? adminA : adminB).createChild(`child ${i}`, worker));
    expect(await statuses(writes)).toEqual({ 201: 32, 303: 8 });
    expect(await statuses(moves)).toEqual({ 303: 4 });
    const newIds = await Promise.all(children);
    expect(new Set([...ids, ...newIds]).size).toBe(10);

    const tokensPage = await adminA.open(`/admin/projects/${api}/service-tokens`);
    const tokenIds = [...tokensPage.matchAll(/service-tokens\/(\d+)\/revoke/g)].map(([, id]) => Number(id));
    expect((await put(b, doomed, "LAST", "1")).status).toBe(201);
    await adminA.post(`/admin/projects/${api}/service-tokens/${Math.max(...tokenIds)}/revoke`);
    for (const server of [b, a]) expect((await put(server, doomed, "LAST", "2")).status).toBe(401);

    const below = await Promise.all(newIds.map((id) => adminB.createToken(id, "prod", "write")));
    await stopBoth(a, b);
    await inspect(folder.path, async (app) => {
      expect(await disagreements(app, [...tokens, ...below])).toEqual([]);
      await expectWholeAudit(app, 41);
    });
  });
});
