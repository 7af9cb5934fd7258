import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { systemRandom } from "../../../src/cryptography/bytes.ts";
import { generateMasterKey } from "../../../src/cryptography/master-key.ts";
import { serviceTokens } from "../../../src/database/schema.ts";
import { bearer, createTestApp, fetchMap, type TestApp, type TestBrowser } from "../../harness.ts";

let app: TestApp;
let admin: TestBrowser;
let root: number;
let child: number;
let masterKey: string;
let token: string;

beforeEach(async () => {
  app = await createTestApp();
  admin = app.browser();
  ({ id: root, masterKey } = await admin.createRoot("shop"));
  child = await admin.createChild("api", root);
  await admin.save(root, "prod", { HOST: "db.internal" });
  await admin.save(child, "prod", { URL: "https://${HOST}" });
  token = await admin.createToken(child, "prod", "read", { name: "worker, Frankfurt" });
});
afterEach(() => app.close());

const path = () => `/admin/projects/${root}/rotate`;
const keyOn = (page: string) => /id="master-key">([^<]+)</.exec(page)?.[1];
const suggestedOn = (page: string) => /id="suggested-master-key">([^<]+)</.exec(page)?.[1];
const values = (id: number) => `/admin/projects/${id}/environments/prod/secrets?decrypt=true`;

describe("the page of the master key", () => {
  test("says what a rotation does, and offers a fresh key to keep first, sealed or not", async () => {
    const stranger = app.browser();
    const pages = await Promise.all([admin.get(path()), stranger.get(path()), stranger.get(path())]);
    const texts = await Promise.all(pages.map((response) => response.text()));
    for (const [i, text] of texts.entries()) {
      expect(pages[i]?.status).toBe(200);
      expect(pages[i]?.headers.get("Cache-Control")).toBe("no-store");
      for (const part of ["2 versions", "4 views", "2 projects", "2 environments", "1 service token"])
        expect(text).toContain(part);
      expect(text).toContain("worker, Frankfurt");
      const suggested = suggestedOn(text) ?? "";
      expect(suggested).toMatch(/^sfmk_[0-9A-Za-z]{49}$/);
      // Any three letters may be in a key that is made by chance.
      const others = text.replaceAll(suggested, "");
      for (const secret of ["HOST", "URL", "db.internal", masterKey]) expect(others).not.toContain(secret);
      expect(keyOn(text)).toBeUndefined();
    }
    expect(new Set(texts.map(suggestedOn)).size).toBe(3);
  });

  test("names the tokens that cannot be carried over", async () => {
    await app.db.update(serviceTokens).set({ sealedPublicKey: null });
    const page = await (await admin.get(path())).text();
    expect(page).toContain("1 service token cannot be carried over");
    expect(page).toContain("0 service tokens keep working");
    expect(page).toContain("worker, Frankfurt");
    expect(page).not.toContain('name="revoke"');
  });

  test("of a child is its root's, and a child cannot be rotated", async () => {
    const response = await admin.get(`/admin/projects/${child}/rotate`);
    expect([response.status, response.headers.get("Location")]).toEqual([303, path()]);
    const refused = await admin.post(`/admin/projects/${child}/rotate`, { currentMasterKey: masterKey });
    expect(refused.status).toBe(422);
    expect(await refused.text()).toContain("Only a root project has a master key");
    expect((await app.browser().unseal(root, masterKey)).status).toBe(303);
  });
});

describe("a rotation by form", () => {
  test("to a key that was kept first leads to the project, which is unsealed here and nowhere else", async () => {
    const other = app.browser();
    await other.unseal(root, masterKey);
    const newMasterKey = suggestedOn(await admin.open(path())) ?? "";
    const response = await admin.post(path(), { currentMasterKey: masterKey, newMasterKey });
    expect([response.status, response.headers.get("Location")]).toEqual([303, `/admin/projects/${root}`]);
    const page = await admin.open(`/admin/projects/${root}`);
    expect(page).toContain(
      "The master key is rotated: 2 versions and 4 views are encrypted anew, and were read back and verified. 1 service token keeps working.",
    );
    expect(page).not.toContain("sfmk_");
    expect(await (await admin.get(values(child))).text()).toContain("db.internal");
    expect((await other.get(values(child))).status).toBe(303);
    expect((await other.unseal(root, masterKey)).status).toBe(422);
    expect((await other.unseal(root, newMasterKey)).status).toBe(303);
    expect(await fetchMap(app, token)).toEqual({ HOST: "db.internal", URL: "https://db.internal" });
  });

  test("without a new key makes one and shows it in the answer, once; it works while sealed", async () => {
    await admin.post(`/admin/projects/${root}/seal`);
    const response = await admin.post(path(), { currentMasterKey: masterKey, newMasterKey: "" });
    expect([response.status, response.headers.get("Cache-Control")]).toEqual([200, "no-store"]);
    const page = await response.text();
    const made = keyOn(page) ?? "";
    expect(made).toMatch(/^sfmk_[0-9A-Za-z]{49}$/);
    expect(page.split(made)).toHaveLength(2);
    expect(page).toContain("The master key is rotated: 2 versions and 4 views are encrypted anew");
    expect(page).toContain("data-countdown=");
    expect((await admin.get(values(root))).status).toBe(200);
    expect((await app.browser().unseal(root, made)).status).toBe(303);
    expect(app.logs.join("\n")).not.toContain(made);
  });

  test("revokes the tokens that are chosen in the same step", async () => {
    const [row] = await app.db.select().from(serviceTokens);
    const fields = {
      currentMasterKey: masterKey,
      newMasterKey: "a passphrase of four",
      revoke: [String(row?.id)],
    };
    expect((await admin.post(path(), fields)).status).toBe(303);
    expect(await admin.open(`/admin/projects/${root}`)).toContain(
      "0 service tokens keep working, 1 is revoked.",
    );
    expect((await app.request("/api/secrets", { headers: bearer(token) })).status).toBe(401);
  });

  test("comes back with the fault beside its field, what was chosen, and no key", async () => {
    const [row] = await app.db.select().from(serviceTokens);
    const wrong = generateMasterKey(systemRandom);
    const faults = [
      [
        { currentMasterKey: wrong, newMasterKey: "a passphrase of four" },
        "currentMasterKey",
        "This is not the master key",
      ],
      [
        { currentMasterKey: masterKey, newMasterKey: masterKey },
        "newMasterKey",
        "This is the current master key.",
      ],
      [{ currentMasterKey: masterKey, newMasterKey: "tiny one" }, "newMasterKey", "too short"],
    ] as const;
    for (const [keys, field, reason] of faults) {
      const response = await admin.post(path(), { ...keys, revoke: [String(row?.id)] });
      expect(response.status).toBe(422);
      const page = await response.text();
      expect(new RegExp(`id="rotate-${field}-error">([^<]+)<`).exec(page)?.[1]).toContain(reason);
      expect(page).toMatch(new RegExp(`name="revoke" value="${row?.id}" checked`));
      for (const key of Object.values(keys)) expect(page).not.toContain(key);
      expect([suggestedOn(page), keyOn(page)]).toEqual([undefined, undefined]);
    }
    const unknown = await admin.post(path(), { currentMasterKey: masterKey, revoke: ["999", "x"] });
    expect(unknown.status).toBe(422);
    expect(await unknown.text()).toContain("is not of this project or one below it");
    expect((await app.browser().unseal(root, masterKey)).status).toBe(303);
  });

  test("names a token whose row was changed, and goes on when that is revoked", async () => {
    await app.db.update(serviceTokens).set({ rights: "write" });
    const refused = await admin.post(path(), { currentMasterKey: masterKey, newMasterKey: "" });
    expect(refused.status).toBe(422);
    const page = await refused.text();
    expect(page).toContain(
      "The row of the service token worker, Frankfurt was changed outside of secretsfly",
    );
    const [row] = await app.db.select().from(serviceTokens).where(eq(serviceTokens.rights, "write"));
    const again = await admin.post(path(), { currentMasterKey: masterKey, revoke: [String(row?.id)] });
    expect(keyOn(await again.text())).toStartWith("sfmk_");
  });

  test("says so where the database did not keep what it was given", async () => {
    await app.db.run(
      `create trigger damage after update on root_keys begin update views set sealed_body = x'00' where project_id = ${root}; end`,
    );
    const page = await (await admin.post(path(), { currentMasterKey: masterKey })).text();
    expect(keyOn(page)).toStartWith("sfmk_");
    expect(page).toContain("Restore the backup from before, which opens with the former master key.");
    expect(app.logs.join("\n")).toContain("data does not open after a rotation");
  });

  test("gives out its key and logs why, where the tree could not be read again", async () => {
    await app.db.run(
      "create trigger meanwhile after update of generation on root_keys begin update root_keys set generation = generation + 1; end",
    );
    const page = await (await admin.post(path(), { currentMasterKey: masterKey })).text();
    expect(keyOn(page)).toStartWith("sfmk_");
    expect(page).toContain("could not be read again after it");
    const line = app.logs.find((text) => text.includes("a rotation could not be read again")) ?? "{}";
    expect(JSON.parse(line)).toMatchObject({ code: "sealed", requestId: expect.any(String) });
  });
});

describe("while a rotation runs", () => {
  test("its progress is told to whoever is signed in, and to nobody afterwards", async () => {
    const guarded = await createTestApp({ ADMIN_PASSWORD: "the admin's password" });
    const signedIn = guarded.browser();
    await signedIn.post("/admin/sign-in", { password: "the admin's password" });
    const created = await signedIn.createRoot("shop");
    await signedIn.save(
      created.id,
      "prod",
      Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`A_${i}`, "1"])),
    );
    const progress = `/admin/projects/${created.id}/rotate/progress`;
    expect((await signedIn.get(progress)).status).toBe(204);
    const rotating = signedIn.post(`/admin/projects/${created.id}/rotate`, {
      currentMasterKey: created.masterKey,
    });
    let isOver = false;
    void rotating.finally(() => {
      isOver = true;
    });
    let seen = await signedIn.get(progress);
    while (seen.status !== 200 && !isOver) {
      // Lets the other request go on: without a socket in between, this one would never wait.
      await Bun.sleep(1);
      seen = await signedIn.get(progress);
    }
    expect(seen.headers.get("Cache-Control")).toBe("no-store");
    const { done, total } = (await seen.json()) as { done: number; total: number };
    expect(total).toBe(3 * (300 + 2 + 2));
    expect(done).toBeLessThanOrEqual(total);
    const stranger = await guarded.browser().get(progress);
    expect([stranger.status, stranger.headers.get("Location")]).toEqual([303, "/admin/sign-in"]);
    expect((await rotating).status).toBe(200);
    expect((await signedIn.get(progress)).status).toBe(204);
    guarded.close();
  });
});

test("a session of another process is led to the project to unseal it with the new key", async () => {
  const other = await app.sibling();
  const stranger = other.browser();
  await stranger.unseal(root, masterKey);
  await admin.post(path(), { currentMasterKey: masterKey, newMasterKey: "a passphrase of four" });
  const saving = await stranger.save(child, "prod", { A: "1" });
  expect([saving.status, saving.headers.get("Location")]).toEqual([303, `/admin/projects/${root}`]);
  const page = await stranger.open(`/admin/projects/${root}`);
  expect(page).toContain("The master key of this project has been rotated. Unseal it with the new one.");
  expect(page).toContain(`action="/admin/projects/${root}/unseal"`);
  expect((await stranger.unseal(root, "a passphrase of four")).status).toBe(303);
  expect((await stranger.save(child, "prod", { A: "1" })).status).toBe(303);
  expect(await fetchMap(other, token)).toHaveProperty("A", "1");
  other.close();
});
