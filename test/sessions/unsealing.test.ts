/** Who sees a project unsealed, and for how long: through the app, by the clock that the test moves. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { createTestApp, origin, type TestApp, type TestBrowser } from "../harness.ts";

let app: TestApp;
let admin: TestBrowser;
let shop: { id: number; masterKey: string };
beforeEach(async () => {
  app = await createTestApp({ ADMIN_MASTER_KEY_EXPIRATION: "60", ADMIN_SESSION_EXPIRATION: "600" });
  admin = app.browser();
  shop = await admin.createRoot("shop");
  await admin.save(shop.id, "dev", { A_SECRET: "its value" });
});
afterEach(() => app.close());

const secretsPath = (id: number) => `/admin/projects/${id}/environments/dev/secrets?decrypt=true`;

/** Whether a browser is shown the secrets of a project. */
async function seesSecrets(browser: TestBrowser, id = shop.id): Promise<boolean> {
  const response = await browser.get(secretsPath(id));
  if (response.status === 200) return (await response.text()).includes("its value");
  expect([response.status, response.headers.get("Location")]).toEqual([303, `/admin/projects/${id}`]);
  return false;
}

test("a key works until its time is over, and from then on not, though the sweeper has not run", async () => {
  app.clock.advance(59_999);
  expect(await seesSecrets(admin)).toBe(true);
  app.clock.advance(1);
  expect(await seesSecrets(admin)).toBe(false);
  expect((await admin.save(shop.id, "dev", { LATE: "x" })).status).toBe(303);
  expect((await admin.post(`/admin/projects/${shop.id}/delete`, { confirmName: "shop" })).status).toBe(303);
  await admin.unseal(shop.id, shop.masterKey);
  const page = await admin.open(secretsPath(shop.id));
  expect(page).toContain("A_SECRET");
  expect(page).not.toContain("LATE");
});

test("the sweeper drops what is over", () => {
  app.clock.advance(59_999);
  expect(app.sessions.sweep()).toBe(0);
  app.clock.advance(1);
  expect(app.sessions.sweep()).toBe(1);
});

test("using a key does not prolong it", async () => {
  for (let i = 0; i < 3; i++) {
    expect(await seesSecrets(admin)).toBe(true);
    app.clock.advance(20_000);
  }
  expect(await seesSecrets(admin)).toBe(false);
});

test("a session ends after its time, however much it was used", async () => {
  app.clock.advance(599_999);
  await admin.unseal(shop.id, shop.masterKey);
  expect(await seesSecrets(admin)).toBe(true);
  app.clock.advance(1);
  expect(await seesSecrets(admin)).toBe(false);
});

test("another browser sees the project sealed until it gives the master key itself", async () => {
  const colleague = app.browser();
  expect(await seesSecrets(colleague)).toBe(false);
  expect((await colleague.unseal(shop.id, "a wrong passphrase")).status).toBe(422);
  expect(await seesSecrets(colleague)).toBe(false);
  await colleague.unseal(shop.id, shop.masterKey);
  expect(await seesSecrets(colleague)).toBe(true);
  await colleague.post(`/admin/projects/${shop.id}/seal`);
  expect(await seesSecrets(colleague)).toBe(false);
  expect(await seesSecrets(admin)).toBe(true);
});

test("a copied cookie is the session; a changed one, or one of a session that ended, is none", async () => {
  const copied = { headers: { Cookie: admin.cookie } };
  expect((await app.request(secretsPath(shop.id), copied)).status).toBe(200);
  for (const cookie of [`${admin.cookie}x`, admin.cookie.replace("=", "=x"), `__Host-${admin.cookie}`]) {
    const response = await app.request(secretsPath(shop.id), { headers: { Cookie: cookie } });
    expect(response.status).toBe(303);
  }
  await admin.post("/admin/sign-out");
  expect((await app.request(secretsPath(shop.id), copied)).status).toBe(303);
});

test("one root's key opens no other root", async () => {
  const colleague = app.browser();
  const bank = await colleague.createRoot("bank");
  expect(await seesSecrets(admin, bank.id)).toBe(false);
  expect((await admin.unseal(bank.id, shop.masterKey)).status).toBe(422);
});

test("unsealing a child unseals its tree, and sealing it seals the tree", async () => {
  const child = await admin.createChild("child", shop.id);
  const colleague = app.browser();
  await colleague.unseal(child, shop.masterKey);
  expect(await seesSecrets(colleague)).toBe(true);
  await colleague.post(`/admin/projects/${child}/seal`);
  expect(await seesSecrets(colleague)).toBe(false);
});

test("a project that is created after a deletion is not opened by a key that was held of the deleted one", async () => {
  const colleague = app.browser();
  const elsewhere = await app.sibling();
  const other = elsewhere.browser();
  for (const browser of [colleague, other]) await browser.unseal(shop.id, shop.masterKey);
  await admin.post(`/admin/projects/${shop.id}/delete`, { confirmName: "shop" });
  for (const browser of [admin, colleague, other]) {
    expect((await browser.get(secretsPath(shop.id))).status).toBe(404);
  }
  const stranger = app.browser();
  const { id, masterKey } = await stranger.createRoot("shop");
  expect(id).not.toBe(shop.id);
  await stranger.save(id, "dev", { A_SECRET: "its value" });
  for (const browser of [admin, colleague, other]) {
    expect(await seesSecrets(browser, id)).toBe(false);
    expect((await browser.unseal(id, shop.masterKey)).status).toBe(422);
  }
  await other.unseal(id, masterKey);
  expect(await seesSecrets(other, id)).toBe(true);
  elsewhere.close();
});

test("a key that was held when the root key was replaced opens nothing any more", async () => {
  expect(await seesSecrets(admin)).toBe(true);
  // What a rotation in another process leaves behind for this one.
  await app.db.run(sql`update root_keys set generation = generation + 1`);
  const response = await admin.get(secretsPath(shop.id));
  expect([response.status, response.headers.get("Location")]).toEqual([303, `/admin/projects/${shop.id}`]);
  const page = await admin.open(`/admin/projects/${shop.id}`);
  expect(page).toContain("Unseal it with the new one");
  expect(page).not.toContain("its value");
  expect(page).not.toContain("A_SECRET");
  expect((await admin.save(shop.id, "dev", { LATE: "x" })).status).toBe(303);
});

test("keys do not outlive the server: what it forgets at its end is sealed", async () => {
  app.sessions.clear();
  expect(await seesSecrets(admin)).toBe(false);
});

describe("seal everything", () => {
  test("drops every key of this session and no other's, and tells of each", async () => {
    const bank = await admin.createRoot("bank");
    const colleague = app.browser();
    await colleague.unseal(shop.id, shop.masterKey);
    const response = await admin.post("/admin/seal");
    expect([response.status, response.headers.get("Location")]).toEqual([303, "/admin/projects"]);
    expect(await admin.open("/admin/projects")).toContain("Everything is sealed.");
    expect([await seesSecrets(admin), await seesSecrets(admin, bank.id)]).toEqual([false, false]);
    expect(await seesSecrets(colleague)).toBe(true);
    const { rows } = await app.db.$client.execute(
      "select project_name, actor from audit_events where action = 'project.seal' order by id",
    );
    expect(rows.map((row) => row.project_name)).toEqual(["shop", "bank"]);
    await admin.post("/admin/seal");
    const again = await app.db.$client.execute("select 1 from audit_events where action = 'project.seal'");
    expect(again.rows).toHaveLength(2);
  });

  test("leads back to where it came from, and only to a page of ours that needs no key", async () => {
    const leadsTo = async (referer: string) =>
      (await admin.post("/admin/seal", {}, { Referer: referer })).headers.get("Location");
    const here = `${origin}/admin/projects/${shop.id}`;
    expect(await leadsTo(`${here}/service-tokens?x=1`)).toBe(`/admin/projects/${shop.id}/service-tokens`);
    expect(await leadsTo(`${here}/audit`)).toBe(`/admin/projects/${shop.id}/audit`);
    expect(await leadsTo(`${here}/environments/dev/secrets?decrypt=true`)).toBe(`/admin/projects/${shop.id}`);
    expect(await leadsTo(here)).toBe(`/admin/projects/${shop.id}`);
    expect(await leadsTo(`${origin}/admin/audit?actor=x`)).toBe("/admin/audit");
    for (const elsewhere of [
      `https://evil.example/admin/projects/${shop.id}`,
      "https://evil.example",
      `${origin}//evil.example`,
      `${origin}/admin/projects/1evil`,
      `${origin}/admin/projects/..//evil.example`,
      "not an address",
      "",
    ]) {
      expect(await leadsTo(elsewhere)).toBe("/admin/projects");
    }
  });

  test("without a session there is nothing to seal, and none begins", async () => {
    const stranger = app.browser();
    expect((await stranger.post("/admin/seal")).status).toBe(303);
    expect(stranger.cookie).toBe("");
  });
});

describe("after an unseal", () => {
  const names = () => `/admin/projects/${shop.id}/environments/dev/secrets`;
  const afterUnseal = async (browser = admin, root = shop) =>
    (await browser.unseal(root.id, root.masterKey)).headers.get("Location");

  test("the page that was asked for is next, once, and without its values", async () => {
    await admin.post(`/admin/projects/${shop.id}/seal`);
    await admin.get(`${names()}?decrypt=true&q=A`);
    expect(await afterUnseal()).toBe(`${names()}?q=A`);
    expect(await afterUnseal()).toBe(`/admin/projects/${shop.id}`);
  });

  test("a page of its child is, and one of another root is not", async () => {
    const bank = await admin.createRoot("bank");
    const child = await admin.createChild("child", shop.id);
    await admin.post("/admin/seal");
    await admin.get(`/admin/projects/${child}/environments/dev/secrets`);
    expect(await afterUnseal(admin, bank)).toBe(`/admin/projects/${bank.id}`);
    expect(await afterUnseal()).toBe(`/admin/projects/${child}/environments/dev/secrets`);
  });

  test("the newest one counts, a refused key keeps it, and after ten minutes it is forgotten", async () => {
    await admin.post("/admin/seal");
    await admin.get(names());
    await admin.get(names().replace("dev", "prod"));
    await admin.unseal(shop.id, "a wrong passphrase");
    expect(await afterUnseal()).toBe(names().replace("dev", "prod"));
    await admin.post("/admin/seal");
    const longer = await createTestApp({ ADMIN_SESSION_EXPIRATION: "3600" });
    const other = longer.browser();
    const root = await other.createRoot("shop");
    await other.post("/admin/seal");
    await other.get(`/admin/projects/${root.id}/environments/dev/secrets`);
    longer.clock.advance(10 * 60 * 1000);
    expect(await afterUnseal(other, root)).toBe(`/admin/projects/${root.id}`);
    longer.close();
  });

  test("a form that was refused, another session, or one that has ended leads nowhere", async () => {
    await admin.post("/admin/seal");
    await admin.save(shop.id, "dev", { LATE: "x" });
    expect(await afterUnseal()).toBe(`/admin/projects/${shop.id}`);
    await admin.post("/admin/seal");
    await admin.get(names());
    const colleague = app.browser();
    await colleague.get(names());
    expect(await afterUnseal(colleague)).toBe(`/admin/projects/${shop.id}`);
    await admin.post("/admin/sign-out");
    expect(await afterUnseal()).toBe(`/admin/projects/${shop.id}`);
  });
});
