import { afterEach, beforeEach, expect, test } from "bun:test";
import { countExpiringTokens, endsSoon } from "../../src/vault/expiring-tokens.ts";
import { createTestApp, type TestApp, type TestBrowser } from "../harness.ts";

let app: TestApp;
let admin: TestBrowser;
beforeEach(async () => {
  app = await createTestApp();
  admin = app.browser();
});
afterEach(() => app.close());

const day = 24 * 60 * 60 * 1000;

test("tokens are counted by project from two weeks before their end until it", async () => {
  const { id: shop } = await admin.createRoot("shop");
  const { id: bank } = await admin.createRoot("bank");
  await admin.createToken(shop, "dev", "read", { expiresInDays: "20" });
  await admin.createToken(shop, "prod", "write", { expiresInDays: "21" });
  await admin.createToken(bank, "dev", "read", { expiresInDays: "20" });
  await admin.createToken(bank, "dev");
  const counts = async () => [...(await countExpiringTokens(app.vault))].sort(([a], [b]) => a - b);
  app.clock.advance(6 * day - 1);
  expect(await counts()).toEqual([]);
  app.clock.advance(1);
  expect(await counts()).toEqual([
    [shop, 1],
    [bank, 1],
  ]);
  app.clock.advance(day);
  expect(await counts()).toEqual([
    [shop, 2],
    [bank, 1],
  ]);
  await admin.post(`/admin/projects/${bank}/service-tokens/3/revoke`);
  expect(await counts()).toEqual([[shop, 2]]);
  app.clock.advance(13 * day);
  expect(await counts()).toEqual([[shop, 1]]);
  app.clock.advance(day);
  expect(await counts()).toEqual([]);
});

test.each([
  [14 * day, null, true],
  [14 * day + 1, null, false],
  [1, null, true],
  [0, null, false],
  [-1, null, false],
  [day, 5, false],
  [null, null, false],
])("one that ends in %p and was revoked at %p is warned of: %p", (left, revokedAt, warned) => {
  const now = Date.UTC(2026, 0, 1);
  expect(endsSoon({ expiresAt: left === null ? null : now + left, revokedAt }, now)).toBe(warned);
});
