import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { count } from "drizzle-orm";
import {
  environmentKeys,
  projects,
  rootKeys,
  secrets,
  secretVersions,
  serviceTokens,
  views,
} from "../../src/database/schema.ts";
import { bearer, createTestApp, type Fields, fetchMap, type TestApp, type TestBrowser } from "../harness.ts";
import { auditOf, disagreements, history, put } from "./inspect.ts";

let app: TestApp;
let admin: TestBrowser;

beforeEach(async () => {
  app = await createTestApp();
  admin = app.browser();
});
afterEach(() => app.close());

async function create(fields: Fields): Promise<{ status: number; page: string }> {
  const response = await admin.post("/admin/projects", { description: "", ...fields });
  return { status: response.status, page: await response.text() };
}

async function edit(id: number, fields: Fields): Promise<{ status: number; page: string }> {
  const response = await admin.post(`/admin/projects/${id}/edit`, { description: "", ...fields });
  return { status: response.status, page: await response.text() };
}

const remove = (id: number, confirmName: string) =>
  admin.post(`/admin/projects/${id}/delete`, { confirmName });

const rows = () => app.db.select().from(projects);

describe("creating a project", () => {
  test("stores a root without a parent and a child below it, with keys in every environment", async () => {
    const { id: root } = await admin.createRoot("shop");
    const child = await admin.createChild("api", root);
    expect(await rows()).toMatchObject([
      { id: root, parentId: null, rootId: root, name: "shop", createdAt: app.clock.now },
      { id: child, parentId: root, rootId: root, name: "api" },
    ]);
    expect(await app.db.select({ keys: count() }).from(environmentKeys)).toEqual([{ keys: 4 }]);
    expect(await app.db.select({ views: count() }).from(views)).toEqual([{ views: 4 }]);
  });

  test("trims the name and refuses an empty, an endless and an unprintable one", async () => {
    await admin.createRoot("  shop  ", "a passphrase of some length");
    for (const name of ["", "   ", "x".repeat(101), "a\nb", "a\u0000b", "a\u202eb"]) {
      expect((await create({ name, parentId: "", masterKey: "" })).status).toBe(422);
    }
    expect((await rows()).map(({ name }) => name)).toEqual(["shop"]);
  });

  test("refuses a sibling's name whatever its case, and allows it elsewhere", async () => {
    const { id: root } = await admin.createRoot("shop");
    const child = await admin.createChild("Émile", root);
    expect((await create({ name: "SHOP", parentId: "", masterKey: "" })).status).toBe(422);
    const refused = await create({ name: "éMILE", parentId: String(root) });
    expect(refused.status).toBe(422);
    expect(refused.page).toContain("There is already a project of this name here.");
    expect((await create({ name: "Émile", parentId: String(child) })).status).toBe(303);
    expect((await create({ name: "Émile", parentId: "", masterKey: "" })).status).toBe(200);
  });

  test("refuses a parent that is not there, a number that is none, and a key of its own for a child", async () => {
    const { id: root } = await admin.createRoot("shop");
    expect((await create({ name: "api", parentId: "77" })).status).toBe(422);
    expect((await create({ name: "api", parentId: "one" })).status).toBe(422);
    const own = await create({
      name: "api",
      parentId: String(root),
      masterKey: "a passphrase of some length",
    });
    expect(own.status).toBe(422);
    expect(await rows()).toHaveLength(1);
  });

  test("under somebody's root needs that root unsealed in this very session", async () => {
    const { id: root } = await admin.createRoot("shop");
    const stranger = app.browser();
    const response = await stranger.post("/admin/projects", { name: "mine", parentId: String(root) });
    expect([response.status, response.headers.get("Location")]).toEqual([303, `/admin/projects/${root}`]);
    expect(await rows()).toHaveLength(1);
  });

  test("twenty times at once gives twenty projects and no number twice", async () => {
    const { id: root } = await admin.createRoot("shop");
    const ids = await Promise.all(Array.from({ length: 20 }, (_, i) => admin.createChild(`p${i}`, root)));
    expect(new Set(ids).size).toBe(20);
    const twice = await Promise.all([1, 2].map(() => create({ name: "same", parentId: String(root) })));
    expect(twice.map(({ status }) => status).sort()).toEqual([303, 422]);
  });

  test("below a parent that has secrets begins with them", async () => {
    const { id: root } = await admin.createRoot("shop");
    await admin.save(root, "prod", { A: "root" });
    const child = await admin.createChild("api", root);
    const tokens = [
      await admin.createToken(root, "prod", "write"),
      await admin.createToken(child, "prod", "write"),
    ];
    expect(await fetchMap(app, tokens[1] as string)).toEqual({ A: "root" });
    expect(await disagreements(app, tokens)).toEqual([]);
  });
});

describe("editing a project", () => {
  test("changes name and description, of a root too, and leaves everything else", async () => {
    const { id: root } = await admin.createRoot("shop");
    const child = await admin.createChild("api", root);
    const token = await admin.createToken(child, "prod");
    app.clock.advance(1000);
    expect((await edit(root, { name: "store", description: "of everything" })).status).toBe(303);
    expect((await edit(child, { name: "API", description: "", parentId: String(root) })).status).toBe(303);
    expect(await rows()).toMatchObject([
      { id: root, name: "store", description: "of everything", updatedAt: app.clock.now },
      { id: child, name: "API", parentId: root, updatedAt: app.clock.now },
    ]);
    expect(await fetchMap(app, token)).toEqual({});
  });

  test("refuses a sibling's name, and allows its own in another case", async () => {
    const { id: root } = await admin.createRoot("shop");
    const [child] = [await admin.createChild("api", root), await admin.createChild("web", root)];
    expect((await edit(child, { name: "WEB" })).status).toBe(422);
    expect((await edit(child, { name: "Api" })).status).toBe(303);
    await app.browser().createRoot("other");
    expect((await edit(root, { name: "Other" })).status).toBe(422);
  });

  test("needs the root unsealed", async () => {
    const { id: root } = await admin.createRoot("shop");
    await admin.post(`/admin/projects/${root}/seal`);
    expect((await edit(root, { name: "store" })).status).toBe(303);
    expect(await rows()).toMatchObject([{ name: "shop" }]);
  });
});

describe("moving a project", () => {
  /** shop ─ api ─ worker, shop ─ web; each has a secret by its name, and `WHERE`. */
  async function tree() {
    const { id: shop, masterKey } = await admin.createRoot("shop");
    const api = await admin.createChild("api", shop);
    const worker = await admin.createChild("worker", api);
    const web = await admin.createChild("web", shop);
    const ids = { shop, api, worker, web };
    const tokens: Record<string, string> = {};
    for (const [name, id] of Object.entries(ids)) {
      await admin.save(id, "prod", { [name]: name, ...(name !== "worker" && { WHERE: name }) });
      tokens[name] = await admin.createToken(id, "prod", "write");
    }
    return { ...ids, masterKey, tokens: tokens as Record<keyof typeof ids, string> };
  }

  test("rebuilds what it and everything below it get; their tokens go on working", async () => {
    const { api, web, worker, shop, tokens } = await tree();
    expect((await edit(api, { name: "api", parentId: String(web) })).status).toBe(303);
    expect(await fetchMap(app, tokens.api)).toEqual({ WHERE: "api", api: "api", shop: "shop", web: "web" });
    expect(await fetchMap(app, tokens.worker)).toHaveProperty("web", "web");
    await admin.save(web, "prod", { web: "changed" });
    expect(await fetchMap(app, tokens.worker)).toHaveProperty("web", "changed");
    expect((await put(app, tokens.web, "web", "by the new parent's token")).status).toBe(200);
    expect(await fetchMap(app, tokens.worker)).toHaveProperty("web", "by the new parent's token");

    expect((await edit(worker, { name: "worker", parentId: String(shop) })).status).toBe(303);
    expect(await fetchMap(app, tokens.worker)).toEqual({ WHERE: "shop", shop: "shop", worker: "worker" });
    expect((await put(app, tokens.worker, "worker", "moved")).status).toBe(200);
    expect(await disagreements(app, [tokens.shop, tokens.web, tokens.api, tokens.worker])).toEqual([]);
  });

  test("takes the former parent's write token its way in", async () => {
    const { api, worker, web, tokens } = await tree();
    expect((await edit(worker, { name: "worker", parentId: String(web) })).status).toBe(303);
    const before = await fetchMap(app, tokens.worker);
    expect((await put(app, tokens.api, "NEW", "of api")).status).toBe(201);
    expect(await fetchMap(app, tokens.worker)).toEqual(before);
    expect(before).not.toHaveProperty(String(api));
    expect(before).toHaveProperty("WHERE", "web");
  });

  test("below itself is refused, as is a root's move, and one to another tree", async () => {
    const { shop, api, worker } = await tree();
    const { id: other } = await app.browser().createRoot("other");
    const refusals = [
      await edit(api, { name: "api", parentId: String(worker) }),
      await edit(api, { name: "api", parentId: String(api) }),
      await edit(shop, { name: "shop", parentId: String(other) }),
      await edit(shop, { name: "shop", parentId: String(api) }),
      await edit(api, { name: "api", parentId: String(other) }),
      await edit(api, { name: "api", parentId: "999" }),
    ];
    expect(refusals.map(({ status }) => status)).toEqual(refusals.map(() => 422));
    expect(refusals[0]?.page).toContain("that would be a circle");
    expect(await rows()).toMatchObject([{ parentId: null }, { parentId: shop }, { parentId: api }, {}, {}]);
  });

  test("to where its name is taken is refused", async () => {
    const { web, worker, tokens } = await tree();
    await admin.createChild("Worker", web);
    expect((await edit(worker, { name: "worker", parentId: String(web) })).status).toBe(422);
    expect(await fetchMap(app, tokens.worker)).toHaveProperty("WHERE", "api");
  });

  test("against a move in the other direction at the same time never makes a circle", async () => {
    const { api, web, tokens } = await tree();
    const both = await Promise.all([
      edit(api, { name: "api", parentId: String(web) }),
      edit(web, { name: "web", parentId: String(api) }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([303, 422]);
    const [above, below] = both[0].status === 303 ? [tokens.web, tokens.api] : [tokens.api, tokens.web];
    expect(await disagreements(app, [tokens.shop, above, below])).toEqual([]);
  });

  test("while an environment is hidden takes that one along too", async () => {
    const { shop, api, web, masterKey } = await tree();
    await admin.save(shop, "dev", { A: "shop" });
    await admin.save(web, "dev", { A: "web" });
    await admin.save(api, "dev", { B: "api" });
    const devTokens = [
      await admin.createToken(shop, "dev", "write"),
      await admin.createToken(web, "dev", "write"),
      await admin.createToken(api, "dev", "write"),
    ];
    const hidden = await app.sibling({ AVAILABLE_ENVIRONMENTS: "prod" });
    const other = hidden.browser();
    await other.unseal(shop, masterKey);
    const moved = await other.post(`/admin/projects/${api}/edit`, { name: "api", parentId: String(web) });
    expect(moved.status).toBe(303);
    hidden.close();
    expect(await fetchMap(app, devTokens[2] as string)).toEqual({ A: "web", B: "api" });
    expect((await admin.save(web, "dev", { A: "again" })).status).toBe(303);
    expect(await fetchMap(app, devTokens[2] as string)).toEqual({ A: "again", B: "api" });
    expect(await disagreements(app, devTokens)).toEqual([]);
  });
});

describe("deleting a project", () => {
  test("needs its exact name typed", async () => {
    const { id: root } = await admin.createRoot("shop");
    for (const name of ["", "Shop", "shop "]) expect((await remove(root, name)).status).toBe(422);
    expect(await rows()).toHaveLength(1);
  });

  test("takes everything below it out of the database and leaves everything else", async () => {
    const { id: root } = await admin.createRoot("shop");
    const api = await admin.createChild("api", root);
    const worker = await admin.createChild("worker", api);
    const web = await admin.createChild("web", root);
    for (const id of [root, api, worker, web]) {
      await admin.save(id, "prod", { A: "one" });
      await admin.save(id, "prod", { A: "two" });
    }
    const gone = [await admin.createToken(api, "prod"), await admin.createToken(worker, "prod", "write")];
    const kept = [
      await admin.createToken(root, "prod", "write"),
      await admin.createToken(web, "prod", "write"),
    ];
    expect((await remove(api, "api")).status).toBe(303);
    for (const token of gone) {
      const refused = await app.request("/api/secrets", { headers: bearer(token) });
      expect(refused.status).toBe(401);
      expect((await put(app, token, "A", "three")).status).toBe(401);
    }
    const counts = async (table: typeof views | typeof environmentKeys | typeof secrets) =>
      (await app.db.select({ rows: count() }).from(table))[0]?.rows;
    expect((await rows()).map(({ name }) => name)).toEqual(["shop", "web"]);
    expect([await counts(views), await counts(environmentKeys), await counts(secrets)]).toEqual([4, 4, 2]);
    expect(await app.db.select({ rows: count() }).from(secretVersions)).toEqual([{ rows: 4 }]);
    expect(await app.db.select({ rows: count() }).from(serviceTokens)).toEqual([{ rows: 2 }]);
    expect(await app.db.all("pragma foreign_key_check")).toEqual([]);
    expect(await disagreements(app, kept)).toEqual([]);
    const deleted = (await auditOf(app)).filter(({ action }) => action === "project.delete");
    expect(deleted.map(({ projectName }) => projectName)).toEqual(["api", "worker"]);
  });

  test("of a root leaves nothing but the audit, and its key opens nothing any more", async () => {
    const { id: root, masterKey } = await admin.createRoot("shop");
    await admin.save(root, "prod", { A: "1" });
    expect((await remove(root, "shop")).status).toBe(303);
    for (const table of [projects, rootKeys, environmentKeys, views, secrets, secretVersions]) {
      expect(await app.db.select().from(table)).toEqual([]);
    }
    expect((await admin.unseal(root, masterKey)).status).toBe(404);
    expect((await admin.get(`/admin/projects/${root}`)).status).toBe(404);
    expect((await auditOf(app)).some(({ projectName }) => projectName === "shop")).toBe(true);
  });

  test("frees its name and never its number: the next one of that name is sealed to others", async () => {
    const { id: first } = await admin.createRoot("shop");
    const other = app.browser();
    await remove(first, "shop");
    const { id: second } = await other.createRoot("shop");
    expect(second).toBeGreaterThan(first);
    expect((await admin.save(second, "prod", { A: "1" })).status).toBe(303);
    expect(await app.db.select().from(secrets)).toEqual([]);
    const child = await other.createChild("api", second);
    await other.save(child, "prod", { A: "1" });
    await other.post(`/admin/projects/${child}/delete`, { confirmName: "api" });
    const next = await other.createChild("api", second);
    await other.save(next, "prod", { A: "1" });
    expect(next).toBeGreaterThan(child);
    expect((await app.db.select({ id: secrets.id }).from(secrets)).map(({ id }) => id)).toEqual([2]);
  });

  test("needs the root unsealed", async () => {
    const { id: root } = await admin.createRoot("shop");
    await admin.post(`/admin/projects/${root}/seal`);
    expect((await remove(root, "shop")).status).toBe(303);
    expect(await rows()).toHaveLength(1);
  });
});

describe("environments of the settings", () => {
  const keysIn = async (environment: string) =>
    (
      await app.db.all<{ projectId: number }>(
        `select project_id as projectId from environment_keys
       join environments on environments.id = environment_id where name = '${environment}' order by 1`,
      )
    ).map(({ projectId }) => projectId);

  test("one that is added later gets its keys in the whole tree when the root is next unsealed", async () => {
    const { id: root, masterKey } = await admin.createRoot("shop");
    const child = await admin.createChild("api", root);
    const grandchild = await admin.createChild("worker", child);
    const later = await app.sibling({ AVAILABLE_ENVIRONMENTS: "dev,staging,prod" });
    const other = later.browser();
    expect(await keysIn("staging")).toEqual([]);
    expect(await other.open(`/admin/projects/${root}`)).toContain("staging");
    expect((await other.unseal(root, masterKey)).status).toBe(303);
    expect(await keysIn("staging")).toEqual([root, child, grandchild]);
    await other.save(root, "staging", { A: "new" });
    const token = await other.createToken(grandchild, "staging");
    expect(await fetchMap(later, token)).toEqual({ A: "new" });
    expect((await other.unseal(root, masterKey)).status).toBe(303);
    expect(await fetchMap(later, token)).toEqual({ A: "new" });
    later.close();
  });

  test("one that is removed is hidden, keeps its data, and comes back with it", async () => {
    const { id: root, masterKey } = await admin.createRoot("shop");
    await admin.save(root, "dev", { A: "1" });
    const token = await admin.createToken(root, "dev", "write");
    const without = await app.sibling({ AVAILABLE_ENVIRONMENTS: "prod" });
    const other = without.browser();
    await other.unseal(root, masterKey);
    expect(await other.open(`/admin/projects/${root}`)).not.toContain("environments/dev");
    expect((await other.get(`/admin/projects/${root}/environments/dev/secrets`)).status).toBe(404);
    expect((await other.save(root, "dev", { A: "2" })).status).toBe(404);
    without.close();
    expect(await fetchMap(app, token)).toEqual({ A: "1" });
    expect((await admin.save(root, "dev", { A: "3" })).status).toBe(303);
    expect(await history(app, token, "A")).toHaveLength(2);
  });

  test("a project that is created while one is hidden has keys in it when it comes back", async () => {
    const { id: root, masterKey } = await admin.createRoot("shop");
    await admin.save(root, "dev", { A: "root" });
    const without = await app.sibling({ AVAILABLE_ENVIRONMENTS: "prod" });
    const other = without.browser();
    await other.unseal(root, masterKey);
    const child = await other.createChild("api", root);
    without.close();
    expect((await admin.unseal(root, masterKey)).status).toBe(303);
    expect(await keysIn("dev")).toEqual([root, child]);
    expect((await admin.save(child, "dev", { B: "child" })).status).toBe(303);
    expect(await fetchMap(app, await admin.createToken(child, "dev"))).toEqual({ A: "root", B: "child" });
  });

  test("are in the order of the settings", async () => {
    const { id: root } = await admin.createRoot("shop");
    const other = await app.sibling({ AVAILABLE_ENVIRONMENTS: "prod,dev" });
    const orders = [
      await admin.open(`/admin/projects/${root}`),
      await other.browser().open(`/admin/projects/${root}`),
    ];
    expect(
      orders.map((page) => page.indexOf("environments/dev/") < page.indexOf("environments/prod/")),
    ).toEqual([true, false]);
    other.close();
  });
});
