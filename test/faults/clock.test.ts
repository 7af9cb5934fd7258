/** Somebody sets the machine's clock, or a machine without a battery starts with a wrong one and corrects it. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { bearer, createFileApp, fetchMap, type TestApp, type TestBrowser } from "../harness.ts";
import { put } from "../vault/inspect.ts";

const [second, hour, day] = [1000, 60 * 60 * 1000, 24 * 60 * 60 * 1000];

let app: TestApp;
let admin: TestBrowser;
let id: number;
let masterKey: string;
let secretsPath: string;
beforeEach(async () => {
  app = await createFileApp({ ADMIN_PASSWORD: "the admin's password" });
  admin = app.browser();
  await admin.post("/admin/sign-in", { password: "the admin's password" });
  ({ id, masterKey } = await admin.createRoot("shop"));
  secretsPath = `/admin/projects/${id}/environments/prod/secrets`;
});
afterEach(() => app.close());

const statusOf = async (path: string) => (await admin.get(path)).status;

describe("a clock that is set back", () => {
  test("keeps nothing unsealed for longer", async () => {
    app.clock.advance(200 * second);
    app.clock.set(-hour);
    expect(await statusOf(secretsPath)).toBe(200);
    app.clock.advance(99 * second);
    expect(await statusOf(secretsPath)).toBe(200);
    app.clock.advance(second);
    const sealed = await admin.get(secretsPath);
    expect([sealed.status, sealed.headers.get("Location")]).toEqual([303, `/admin/projects/${id}`]);
    expect(app.sessions.sweep()).toBe(1);
  });

  test("lets the page count down from what is really left", async () => {
    app.clock.advance(200 * second);
    app.clock.set(-hour);
    expect(await admin.open(secretsPath)).toContain('data-countdown="100000"');
  });

  test("keeps no session for longer", async () => {
    app.clock.set(-30 * day);
    app.clock.advance(hour - second);
    expect(await statusOf("/admin/projects")).toBe(200);
    app.clock.advance(second);
    const over = await admin.get("/admin/projects");
    expect([over.status, over.headers.get("Location")]).toEqual([303, "/admin/sign-in"]);
  });

  test("holds up nobody who was to wait for a moment", async () => {
    const guesser = app.browser();
    const guess = () => guesser.post("/admin/sign-in", { password: "wrong" });
    let refused = await guess();
    while (refused.status !== 429) refused = await guess();
    app.clock.set(-10 * day);
    refused = await guess();
    const wait = Number(refused.headers.get("Retry-After"));
    expect([refused.status, wait <= 60 * 60]).toEqual([429, true]);
    app.clock.advance(wait * second);
    expect((await guess()).status).toBe(401);
  });

  test("loses neither writes nor reads, and the audit stays a chain in the order of what was done", async () => {
    const token = await admin.createToken(id, "prod", "write");
    expect((await put(app, token, "A", "before")).status).toBe(201);
    await fetchMap(app, token);
    await app.usage.flush();
    app.clock.set(-3 * day);
    expect((await put(app, token, "A", "after")).status).toBe(200);
    expect(await fetchMap(app, token)).toEqual({ A: "after" });
    await app.usage.flush();
    const options = { masterKeys: [masterKey], keepsVersions: true, clock: () => app.clock.now };
    expect((await verifyDatabase({ file: app.file, env: {} }, options)).faults).toEqual([]);
    for (const page of [
      `${secretsPath}/A/history`,
      `/admin/projects/${id}/audit`,
      `/admin/projects/${id}/service-tokens`,
    ])
      expect(await statusOf(page)).toBe(200);
    // The secret is what was written last, whatever its time says.
    expect((await put(app, token, "A", "again")).status).toBe(200);
    expect(await fetchMap(app, token)).toEqual({ A: "again" });
  });

  test("leaves a rotation all or nothing, and the service tokens working", async () => {
    const token = await admin.createToken(id, "prod", "write");
    expect((await put(app, token, "A", "before")).status).toBe(201);
    app.clock.set(-400 * day);
    const fields = { currentMasterKey: masterKey, newMasterKey: "" };
    const rotated = await (await admin.post(`/admin/projects/${id}/rotate`, fields)).text();
    const newKey = /id="master-key"[^>]*>([^<]+)</.exec(rotated)?.[1] ?? "";
    expect(await fetchMap(app, token)).toEqual({ A: "before" });
    const options = { masterKeys: [newKey], keepsVersions: true, clock: () => app.clock.now };
    expect((await verifyDatabase({ file: app.file, env: {} }, options)).faults).toEqual([]);
  });

  test("makes a service token as good as the clock says: its end is a date", async () => {
    const token = await admin.createToken(id, "prod", "read", { expiresInDays: "1" });
    const status = async () => (await app.request("/api/secrets", { headers: bearer(token) })).status;
    app.clock.set(day);
    expect(await status()).toBe(401);
    app.clock.set(-second);
    expect(await status()).toBe(200);
  });
});

test("a clock that is set forward seals at once what it says is over", async () => {
  app.clock.set(300 * second);
  expect(await statusOf(secretsPath)).toBe(303);
  expect(await statusOf("/admin/projects")).toBe(200);
  app.clock.set(hour);
  expect((await admin.get("/admin/projects")).headers.get("Location")).toBe("/admin/sign-in");
});
