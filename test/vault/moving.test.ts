import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { OpenError, open } from "../../src/cryptography/aead.ts";
import { environmentKeys, environments, projects, secretVersions, views } from "../../src/database/schema.ts";
import { copySecrets } from "../../src/vault/copy-secrets.ts";
import { getEnvironment } from "../../src/vault/environments.ts";
import { openRoot } from "../../src/vault/root-keys.ts";
import { changeSecrets } from "../../src/vault/secrets.ts";
import { authenticate } from "../../src/vault/token-access.ts";
import { readTree } from "../../src/vault/tree.ts";
import { environmentKeyContext, isWritable } from "../../src/vault/unlock.ts";
import { writeTrees } from "../../src/vault/write.ts";
import { WriteQueue } from "../../src/vault/write-queue.ts";
import { failureOf } from "../failure.ts";
import { createTestApp, fetchMap, type TestApp, type TestBrowser } from "../harness.ts";
import { auditOf, disagreements, firstBrokenEvent, history, put } from "./inspect.ts";

let app: TestApp;
let admin: TestBrowser;

beforeEach(async () => {
  app = await createTestApp();
  admin = app.browser();
});
afterEach(() => app.close());

async function move(
  id: number,
  name: string,
  parentId: number,
  by = admin,
): Promise<{ status: number; page: string }> {
  const response = await by.post(`/admin/projects/${id}/edit`, {
    name,
    description: "",
    parentId: `${parentId}`,
  });
  return { status: response.status, page: await response.text() };
}

/**
 * shop ─ api ─ worker and depot ─ stock; each has in prod a secret by its name, and `WHERE` but for the worker.
 * Both roots are unsealed in `admin`.
 */
async function twoTrees() {
  const roots = { shop: await admin.createRoot("shop"), depot: await admin.createRoot("depot") };
  const api = await admin.createChild("api", roots.shop.id);
  const worker = await admin.createChild("worker", api);
  const stock = await admin.createChild("stock", roots.depot.id);
  const ids = { shop: roots.shop.id, api, worker, depot: roots.depot.id, stock };
  const tokens: Record<string, string> = {};
  for (const [name, id] of Object.entries(ids)) {
    await admin.save(id, "prod", { [name]: name, ...(name !== "worker" && { WHERE: name }) });
    tokens[name] = await admin.createToken(id, "prod", "write");
  }
  const keys = { shop: roots.shop.masterKey, depot: roots.depot.masterKey };
  return { ...ids, keys, tokens: tokens as Record<keyof typeof ids, string> };
}

async function writable(token: string) {
  const place = await (await authenticate(app.vault, token, { address: "", requestId: "" })).unlock();
  if (!isWritable(place)) throw new Error("a write token is needed");
  return place;
}

const rootOf = async (id: number) =>
  (await app.db.select({ rootId: projects.rootId }).from(projects).where(eq(projects.id, id)))[0]?.rootId;

describe("moving a project to another root", () => {
  test("gives it and everything below it what is inherited there; tokens and values stay as they are", async () => {
    const { api, worker, stock, depot, tokens } = await twoTrees();
    const reader = await admin.createToken(worker, "prod");
    const versions = await app.db.select().from(secretVersions);
    expect((await move(api, "api", stock)).status).toBe(303);
    expect(await fetchMap(app, tokens.api)).toEqual({
      WHERE: "api",
      api: "api",
      depot: "depot",
      stock: "stock",
    });
    for (const token of [tokens.worker, reader]) {
      expect(await fetchMap(app, token)).toEqual({
        WHERE: "api",
        api: "api",
        depot: "depot",
        stock: "stock",
        worker: "worker",
      });
    }
    expect(await app.db.select().from(secretVersions)).toEqual(versions);
    expect([await rootOf(api), await rootOf(worker)]).toEqual([depot, depot]);
    expect(
      await disagreements(app, [tokens.shop, tokens.depot, tokens.stock, tokens.api, tokens.worker]),
    ).toEqual([]);
  });

  test("puts it under the new root's key: writes from above reach it, the old tree's do not", async () => {
    const { shop, api, worker, depot, stock, tokens, keys } = await twoTrees();
    await move(api, "api", stock);
    expect((await put(app, tokens.depot, "depot", "changed")).status).toBe(200);
    expect((await put(app, tokens.worker, "worker", "changed")).status).toBe(200);
    expect((await admin.save(shop, "prod", { shop: "changed" })).status).toBe(303);
    expect(await fetchMap(app, tokens.worker)).toEqual({
      WHERE: "api",
      api: "api",
      depot: "changed",
      stock: "stock",
      worker: "changed",
    });
    const other = app.browser();
    await other.unseal(shop, keys.shop);
    expect((await other.save(worker, "prod", { A: "by the old key" })).status).toBe(303);
    expect(await fetchMap(app, tokens.worker)).not.toHaveProperty("A");
    await other.unseal(depot, keys.depot);
    expect((await other.save(worker, "prod", { A: "by the new key" })).status).toBe(303);
    expect(await fetchMap(app, tokens.worker)).toHaveProperty("A", "by the new key");
    expect(await admin.open(`/admin/projects/${worker}`)).toMatch(/depot[\s\S]*stock[\s\S]*api/);
  });

  test("leaves nothing that a key of the old parent opens", async () => {
    const { api, shop, stock, tokens } = await twoTrees();
    const [old, now] = [await writable(tokens.shop), await writable(tokens.stock)];
    const wrapped = async () => {
      const rows = await app.db.select().from(environmentKeys).where(eq(environmentKeys.projectId, api));
      return rows.find(({ environmentId }) => environmentId === old.environment.id);
    };
    const context = environmentKeyContext(api, "prod", 1);
    const before = await wrapped();
    expect((await open(old.keys.childKey, before?.sealedEnvironmentKey as never, context)).length).toBe(32);
    await move(api, "api", stock);
    const after = await wrapped();
    const opening = open(old.keys.childKey, after?.sealedEnvironmentKey as never, context);
    expect(await failureOf(opening)).toBeInstanceOf(OpenError);
    expect((await open(now.keys.childKey, after?.sealedEnvironmentKey as never, context)).length).toBe(32);
    expect(await rootOf(shop)).toBe(shop);
  });

  test("and back again gives it what it had", async () => {
    const { api, shop, stock, tokens } = await twoTrees();
    const before = await fetchMap(app, tokens.worker);
    await move(api, "api", stock);
    expect((await move(api, "api", shop)).status).toBe(303);
    expect(await fetchMap(app, tokens.worker)).toEqual(before);
    expect(await disagreements(app, [tokens.shop, tokens.api, tokens.worker])).toEqual([]);
  });

  test("is refused with the reason where one of the two is sealed", async () => {
    const { api, shop, depot, stock, tokens } = await twoTrees();
    const before = await fetchMap(app, tokens.worker);
    await admin.post(`/admin/projects/${depot}/seal`);
    const refused = await move(api, "api", stock);
    expect(refused.status).toBe(422);
    expect(refused.page).toContain("depot is sealed. Unseal depot too");
    expect((await move(stock, "stock", shop)).status).toBe(303);
    expect(await admin.open(`/admin/projects/${stock}`)).toContain(
      "Nothing was saved. This project is sealed.",
    );
    expect([await rootOf(api), await rootOf(stock)]).toEqual([shop, depot]);
    expect(await fetchMap(app, tokens.worker)).toEqual(before);
  });

  test("is refused for a root, and to where its name is taken", async () => {
    const { api, shop, depot, stock } = await twoTrees();
    const root = await move(depot, "depot", shop);
    expect([root.status, root.page.includes("A root project has a master key of its own")]).toEqual([
      422,
      true,
    ]);
    await admin.createChild("API", stock);
    const taken = await move(api, "api", stock);
    expect([taken.status, taken.page.includes("There is already a project of this name here.")]).toEqual([
      422,
      true,
    ]);
    expect(await rootOf(api)).toBe(shop);
  });

  test("is told of for the project and for the root that it left", async () => {
    const { api, shop, stock } = await twoTrees();
    await move(api, "api", stock);
    const events = await auditOf(app);
    expect(firstBrokenEvent(events)).toBeUndefined();
    expect(events.filter(({ action }) => action === "project.move")).toMatchObject([
      { projectId: shop, projectName: "shop", name: "api" },
      { projectId: api, projectName: "api", name: null },
    ]);
  });
});

describe("environments that only one of the two trees has", () => {
  /** Another process whose settings name one environment more, with both roots unsealed as is asked. */
  async function withStaging(unseal: readonly ("shop" | "depot")[]) {
    const trees = await twoTrees();
    const later = await app.sibling({ AVAILABLE_ENVIRONMENTS: "dev,staging,prod" });
    const other = later.browser();
    for (const name of unseal) await other.unseal(trees[name], trees.keys[name]);
    return { ...trees, later, other };
  }

  async function rowsIn(name: string): Promise<number[]> {
    const rows = await app.db
      .select({ id: environmentKeys.projectId })
      .from(environmentKeys)
      .innerJoin(environments, eq(environments.id, environmentKeys.environmentId))
      .where(eq(environments.name, name));
    return rows.map(({ id }) => id).sort((a, b) => a - b);
  }

  test("the subtree gets keys in what the new tree has more, with what it inherits there", async () => {
    const { api, worker, depot, stock, later, other, keys, shop, tokens } = await withStaging(["depot"]);
    await other.save(stock, "staging", { NEW: "of stock" });
    // Unsealed where staging is unknown, so that the old tree has no keys in it.
    expect(await rowsIn("staging")).toEqual([depot, stock]);
    await admin.unseal(shop, keys.shop);
    expect((await move(api, "api", stock)).status).toBe(303);
    expect(await rowsIn("staging")).toEqual([api, worker, depot, stock].sort((a, b) => a - b));
    expect((await other.save(api, "staging", { OWN: "of api" })).status).toBe(303);
    const token = await other.createToken(worker, "staging", "write");
    expect(await fetchMap(later, token)).toEqual({ NEW: "of stock", OWN: "of api" });
    expect(await disagreements(app, [tokens.depot, tokens.stock, tokens.api, tokens.worker])).toEqual([]);
    later.close();
  });

  test("what has secrets or tokens in one that the new tree lacks stays, with the reason", async () => {
    const { api, worker, shop, depot, stock, later, other, keys } = await withStaging(["shop"]);
    await other.save(worker, "staging", { A: "1" });
    const refused = await move(api, "api", stock);
    expect(refused.status).toBe(422);
    expect(refused.page).toContain(
      "There are secrets or service tokens here in staging, for which depot has no keys. Name staging in the setting AVAILABLE_ENVIRONMENTS again, then seal and unseal depot",
    );
    // A deleted secret has its history still.
    await other.post(`/admin/projects/${worker}/environments/staging/secrets/A/delete`);
    expect((await move(api, "api", stock)).status).toBe(422);
    expect(await rootOf(worker)).toBe(shop);
    await other.unseal(depot, keys.depot);
    expect((await move(api, "api", stock)).status).toBe(303);
    expect(await rowsIn("staging")).toEqual([shop, api, worker, depot, stock].sort((a, b) => a - b));
    later.close();
  });

  test("a live token there is a reason, a revoked one is none, and empty ones are given up", async () => {
    const { api, worker, shop, depot, stock, later, other, keys } = await withStaging(["shop"]);
    await other.createToken(worker, "staging");
    expect((await move(api, "api", stock)).status).toBe(422);
    const page = await other.open(`/admin/projects/${worker}/service-tokens`);
    const ids = [...page.matchAll(/service-tokens\/(\d+)\/revoke/g)].map(([, id]) => Number(id));
    await other.post(`/admin/projects/${worker}/service-tokens/${Math.max(...ids)}/revoke`);
    expect((await move(api, "api", stock)).status).toBe(303);
    expect(await rowsIn("staging")).toEqual([shop]);
    // When the new root's tree gets staging, what moved there does.
    expect((await other.unseal(depot, keys.depot)).status).toBe(303);
    expect(await rowsIn("staging")).toEqual([shop, api, worker, depot, stock].sort((a, b) => a - b));
    expect(await app.db.all("pragma foreign_key_check")).toEqual([]);
    later.close();
  });
});

describe("writes at the same time as a move", () => {
  test("by another process, to either tree, are not lost", async () => {
    const trees = await twoTrees();
    const { api, shop, depot, stock, keys, tokens } = trees;
    const elsewhere = await app.sibling();
    // However slow the machine is: each waits for the others.
    for (const { vault } of [app, elsewhere]) vault.writes = new WriteQueue(60_000);
    const other = elsewhere.browser();
    await other.unseal(shop, keys.shop);
    await other.unseal(depot, keys.depot);
    const writes = Array.from({ length: 20 }, (_, i) =>
      put(i % 2 ? app : elsewhere, i % 4 < 2 ? tokens.shop : tokens.stock, `N_${i}`, `${i}`),
    );
    const moves = [move(api, "api", stock), move(api, "api", stock, other)];
    expect((await Promise.all(writes)).map(({ status }) => status)).toEqual(writes.map(() => 201));
    const answers = (await Promise.all(moves)).map(({ status }) => status);
    expect(answers).toContain(303);
    expect(await rootOf(api)).toBe(depot);
    for (let i = 0; i < 20; i++) {
      const token = i % 4 < 2 ? tokens.shop : tokens.stock;
      expect(await fetchMap(app, token)).toHaveProperty(`N_${i}`, `${i}`);
      expect(await history(app, token, `N_${i}`)).toHaveLength(1);
    }
    expect(
      await disagreements(app, [tokens.shop, tokens.depot, tokens.stock, tokens.api, tokens.worker]),
    ).toEqual([]);
    expect(firstBrokenEvent(await auditOf(app))).toBeUndefined();
    elsewhere.close();
  });

  test("one to the project itself, under way while another process moves it, is written where it is then", async () => {
    const { api, shop, depot, stock, keys, tokens } = await twoTrees();
    const elsewhere = await app.sibling();
    const other = elsewhere.browser();
    await other.unseal(shop, keys.shop);
    await other.unseal(depot, keys.depot);
    const place = await writable(tokens.api);
    let attempts = 0;
    const [changed] = await changeSecrets(app.vault, place, async (tree) => {
      attempts += 1;
      if (attempts === 1) expect((await move(api, "api", stock, other)).status).toBe(303);
      else expect(tree.rootId).toBe(depot);
      return [{ kind: "set", name: "LATE", value: "in time" }];
    });
    expect([attempts, changed?.outcome]).toEqual([2, "created"]);
    expect(await fetchMap(app, tokens.worker)).toMatchObject({ LATE: "in time", stock: "stock" });
    expect(await disagreements(app, [tokens.depot, tokens.stock, tokens.api, tokens.worker])).toEqual([]);
    expect(await history(app, tokens.api, "LATE")).toHaveLength(1);
    const gone = changeSecrets(app.vault, place, [{ kind: "delete", name: "NEVER" }]);
    expect(await failureOf(gone)).toMatchObject({ code: "not-found" });
    elsewhere.close();
  });

  test("one that also needs the key of the root that the project left is told to try again", async () => {
    const { api, shop, stock, keys, tokens } = await twoTrees();
    const place = await writable(tokens.api);
    const actor = { id: "session:test", address: "", requestId: "" };
    const root = await openRoot(app.vault, shop, keys.shop, "masterKey", actor);
    const dev = await getEnvironment(app.vault, "dev");
    await admin.save(api, "dev", { COPIED: "1" });
    await move(api, "api", stock);
    const copy = copySecrets(app.vault, root, place, dev, ["COPIED"]);
    expect(await failureOf(copy)).toMatchObject({ code: "busy" });
    expect(await fetchMap(app, tokens.api)).not.toHaveProperty("COPIED");
  });

  test("a write to two trees is computed again when either has changed since it was read", async () => {
    const { shop, depot, tokens } = await twoTrees();
    const elsewhere = await app.sibling();
    const seen: number[][] = [];
    const actor = { id: "session:test", address: "", requestId: "" };
    await writeTrees(app.vault, [depot, shop, shop], actor, async (read) => {
      seen.push([...read.keys()]);
      if (seen.length === 1) await put(elsewhere, tokens.shop, "A", "1");
      if (seen.length === 2) await put(elsewhere, tokens.depot, "A", "1");
      const description = `attempt ${seen.length}`;
      const statements = [app.db.update(projects).set({ description }).where(eq(projects.id, shop))];
      return { statements, events: [], result: undefined };
    });
    expect(seen).toEqual([
      [shop, depot],
      [shop, depot],
      [shop, depot],
    ]);
    expect((await readTree(app.db, shop)).projects.get(shop)?.description).toBe("attempt 3");
    elsewhere.close();
  });

  test("moves that cross each other end, and never make a circle", async () => {
    const { api, stock, shop, depot, tokens } = await twoTrees();
    const answers = await Promise.all([move(api, "api", stock), move(stock, "stock", api)]);
    expect(answers.map(({ status }) => status)).toContain(303);
    const [down] = [await rootOf(api), await rootOf(stock)];
    expect(await rootOf(stock)).toBe(down as number);
    const order =
      down === depot
        ? [tokens.depot, tokens.stock, tokens.api, tokens.worker]
        : [tokens.shop, tokens.api, tokens.worker, tokens.stock];
    expect(await disagreements(app, order)).toEqual([]);

    const others = await Promise.all([
      admin.createChild("left", shop).then((id) => move(id, "left", depot)),
      admin.createChild("right", depot).then((id) => move(id, "right", shop)),
    ]);
    expect(others.map(({ status }) => status)).toEqual([303, 303]);
    expect(await app.db.select().from(views)).toHaveLength(14);
  });
});
