import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { eventHash } from "../../src/vault/audit.ts";
import {
  type AuditFilter,
  deletedProjects,
  exportAudit,
  readAuditPage,
  recentActors,
} from "../../src/vault/audit-query.ts";
import { unsealRoot } from "../../src/vault/root-keys.ts";
import type { UnlockedRoot } from "../../src/vault/unlock.ts";
import { createTestApp, type TestApp, type TestBrowser } from "../harness.ts";
import { rotate } from "./rotation-world.ts";

let app: TestApp;
let admin: TestBrowser;
let shop: { id: number; masterKey: string };
let api: number;
let bank: { id: number; masterKey: string };

beforeEach(async () => {
  app = await createTestApp();
  admin = app.browser();
  shop = await admin.createRoot("shop");
  api = await admin.createChild("api", shop.id);
  bank = await admin.createRoot("bank");
  await admin.save(shop.id, "dev", { SHOP_KEY: "1" });
  app.clock.advance(60_000);
  await admin.save(api, "prod", { API_KEY: "1" });
  await admin.save(bank.id, "prod", { BANK_KEY: "1" });
  await admin.createToken(api, "prod", "read", { name: "KEY of the deploy" });
});
afterEach(() => app.close());

const open = (root: typeof shop): Promise<UnlockedRoot> =>
  unsealRoot(app.vault, root.id, root.masterKey, { id: "test", address: "", requestId: "" });

/** Action, project and name of what is found, the newest first. */
async function found(filter: AuditFilter, roots: UnlockedRoot[] = []) {
  const { events } = await readAuditPage(app.vault, roots, filter, { limit: 1000 });
  return events.map(({ action, projectName, name, hidden }) => [
    action,
    projectName,
    hidden ? "hidden" : name,
  ]);
}

describe("a filter", () => {
  test("by project, environment, action and actor finds what has all of them", async () => {
    expect(await found({ projectIds: [api] })).toEqual([
      ["service-token.create", "api", "KEY of the deploy"],
      ["secret.set", "api", "hidden"],
      ["project.create", "api", null],
    ]);
    expect(await found({ projectIds: [shop.id, api], environment: "dev" })).toEqual([
      ["secret.set", "shop", "hidden"],
    ]);
    expect(await found({ projectIds: [] })).toEqual([]);
    expect((await found({ action: "project.create" })).map(([, name]) => name)).toEqual([
      "bank",
      "api",
      "shop",
    ]);
    expect(await found({ actor: "system", environment: "prod" })).toEqual([["environment.add", null, null]]);
    expect(await found({ actor: "nobody" })).toEqual([]);
  });

  test("by time takes the first moment and leaves out the last", async () => {
    const start = app.clock.now;
    expect(await found({ from: start, projectIds: [shop.id, api], action: "secret.set" })).toHaveLength(1);
    expect(await found({ until: start, projectIds: [shop.id, api], action: "secret.set" })).toHaveLength(1);
    expect(await found({ from: start + 1 })).toEqual([]);
    expect(await found({ from: start - 60_000, until: start, action: "secret.set" })).toHaveLength(1);
  });
});

describe("names of secrets", () => {
  test("are told of the trees that are unsealed, and of no other", async () => {
    const [inShop] = [await open(shop)];
    const names = async (roots: UnlockedRoot[]) =>
      (await found({ action: "secret.set" }, roots)).map(([, , name]) => name);
    expect(await names([])).toEqual(["hidden", "hidden", "hidden"]);
    expect(await names([inShop])).toEqual(["hidden", "API_KEY", "SHOP_KEY"]);
    expect(await names([inShop, await open(bank)])).toEqual(["BANK_KEY", "API_KEY", "SHOP_KEY"]);
  });

  test("are searched where they are told: what is hidden is not found by its name", async () => {
    const names = async (name: string, roots: UnlockedRoot[]) =>
      (await found({ name }, roots)).map(([, , told]) => told);
    expect(await names("key", [])).toEqual(["KEY of the deploy"]);
    expect(await names("key", [await open(bank)])).toEqual(["KEY of the deploy", "BANK_KEY"]);
    expect(await names("BANK_KEY", [await open(shop)])).toEqual([]);
    for (const wild of ["%", "_", "\\", "'", "K_Y"]) {
      expect([wild, await names(wild, [await open(bank)])]).toEqual([wild, wild === "_" ? ["BANK_KEY"] : []]);
    }
  });

  test("are told no longer by a root key that was rotated away", async () => {
    const former = await open(shop);
    const input = { currentMasterKey: shop.masterKey, newMasterKey: "a passphrase for later" };
    const { root } = await rotate(app, shop.id, input);
    const names = async (roots: UnlockedRoot[]) =>
      (await found({ action: "secret.set" }, roots)).map(([, , name]) => name);
    expect(await names([former, await open(bank)])).toEqual(["BANK_KEY", "hidden", "hidden"]);
    expect(await names([root])).toEqual(["hidden", "API_KEY", "SHOP_KEY"]);
    expect(await found({ name: "SHOP" }, [former])).toEqual([]);
  });

  test("of a project that was deleted are told to nobody, and the project is still found", async () => {
    await admin.post(`/admin/projects/${api}/delete`, { confirmName: "api" });
    const root = await open(shop);
    expect(await found({ projectIds: [api], action: "secret.set" }, [root])).toEqual([
      ["secret.set", "api", "hidden"],
    ]);
    expect(await deletedProjects(app.vault)).toEqual([{ id: api, name: "api" }]);
  });
});

test("pages follow each other without a gap or a repetition, also while events come", async () => {
  const seen: number[] = [];
  for (let before: number | undefined, i = 0; i < 20; i++) {
    const page = await readAuditPage(app.vault, [], {}, { before, limit: 3 });
    seen.push(...page.events.map(({ id }) => id));
    await admin.save(bank.id, "dev", { LATE: String(i) });
    if (page.older === null) break;
    before = page.older;
  }
  expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => seen.length - i));
});

/** Appends sign-ins in one go, far more than any test would make by hand; their hashes are none. */
async function appendSignIns(count: number): Promise<void> {
  await app.db.run(sql`
    insert into audit_events (id, at, actor, action, address, request_id, hash)
    with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})
    select (select max(id) from audit_events) + i, ${app.clock.now}, 'anonymous', 'session.sign-in', '', '',
      zeroblob(32)
    from n`);
}

test("a search that finds little ends after 200,000 events and says where to go on", async () => {
  await appendSignIns(200_010);
  const filter = { action: "project.create" as const };
  const first = await readAuditPage(app.vault, [], filter, { limit: 100 });
  expect([first.events.length, first.complete]).toEqual([0, false]);
  const second = await readAuditPage(app.vault, [], filter, { before: first.older ?? 0, limit: 100 });
  expect([second.events.length, second.older, second.complete]).toEqual([3, null, true]);
  // Along the index of one project there is nothing to wade through.
  expect(await found({ projectIds: [api] })).toEqual([]);
  let exported = 0;
  for await (const events of exportAudit(app.vault, () => [], filter)) exported += events.length;
  expect(exported).toBe(3);
});

describe("an export", () => {
  const all = async (roots: UnlockedRoot[], filter: AuditFilter = {}) =>
    (await Array.fromAsync(exportAudit(app.vault, () => roots, filter))).flat();

  test("has every event once, oldest first, in portions", async () => {
    await appendSignIns(2500);
    const events = await all([]);
    expect(events.map(({ id }) => id)).toEqual(events.map((_, i) => i + 1));
    expect(events.length).toBeGreaterThan(2500);
    expect(await all([], { action: "session.sign-in" })).toHaveLength(2500);
  });

  test("lets its reader check the chain where nothing is hidden", async () => {
    let last: Uint8Array<ArrayBuffer> = new Uint8Array(32);
    for (const { hash, hidden: _hidden, projectExists: _exists, ...event } of await all([
      await open(shop),
      await open(bank),
    ])) {
      last = eventHash(last, event);
      expect(hash?.toHex()).toBe(last.toHex());
    }
  });

  test("tells neither a name nor a hash any more once its reader's key has ended", async () => {
    await appendSignIns(2500);
    await admin.save(shop.id, "prod", { LAST: "1" });
    let held = [await open(shop), await open(bank)];
    const portions: { names: (string | null)[]; hashes: number }[] = [];
    for await (const events of exportAudit(app.vault, () => held, {})) {
      const secrets = events.filter(({ action }) => action === "secret.set");
      portions.push({
        names: secrets.map(({ name }) => name),
        hashes: events.filter(({ hash }) => hash !== null).length,
      });
      held = held.slice(1);
    }
    expect(portions).toEqual([
      { names: ["SHOP_KEY", "API_KEY", "BANK_KEY"], hashes: 1000 },
      { names: [], hashes: 0 },
      { names: [null], hashes: 0 },
    ]);
  });

  test("tells no hash any more once a key of its reader was rotated away", async () => {
    await appendSignIns(2500);
    const held = [await open(shop), await open(bank)];
    const hashes: number[] = [];
    const input = { currentMasterKey: shop.masterKey };
    for await (const events of exportAudit(app.vault, () => held, {})) {
      hashes.push(events.filter(({ hash }) => hash !== null).length);
      if (hashes.length === 1) await rotate(app, shop.id, input);
    }
    expect(hashes).toEqual([1000, 0, 0]);
  });

  test("tells no hash from the first hidden name on, since a guess of it could be checked", async () => {
    for (const roots of [[], [await open(shop)], [await open(bank)]]) {
      const events = await all(roots);
      const first = events.findIndex(({ hidden }) => hidden);
      expect(first).toBeGreaterThan(0);
      expect(events.slice(0, first).every(({ hash }) => hash !== null)).toBe(true);
      expect(events.slice(first).every(({ hash }) => hash === null)).toBe(true);
      // Leaving the hidden events out of the file changes nothing.
      const [token] = await all(roots, { action: "service-token.create" });
      expect(token?.hash).toBeNull();
    }
  });
});

test("who acted lately is listed once, the last first", async () => {
  const actors = await recentActors(app.vault, undefined);
  expect(actors).toHaveLength(2);
  expect(actors[1]).toBe("system");
  expect(await recentActors(app.vault, [bank.id])).toEqual(actors.slice(0, 1));
});
