import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { OpenError } from "../../src/cryptography/aead.ts";
import { auditEvents, projects } from "../../src/database/schema.ts";
import type { Actor } from "../../src/vault/vault.ts";
import { writeTree } from "../../src/vault/write.ts";
import { bearer, createFileApp, createTestApp, type TestApp, type TestBrowser } from "../harness.ts";

let app: TestApp;
let other: TestApp;
let admin: TestBrowser;
let root: number;
let masterKey: string;
const actor: Actor = { id: "session:test", address: "", requestId: "" };

beforeEach(async () => {
  app = await createTestApp();
  other = await app.sibling();
  admin = app.browser();
  ({ id: root, masterKey } = await admin.createRoot("shop"));
});
afterEach(() => {
  other.close();
  app.close();
});

/** Somebody in another process, with the project unsealed. */
async function stranger(): Promise<TestBrowser> {
  const browser = other.browser();
  await browser.unseal(root, masterKey);
  return browser;
}

const rename = (name: string) => ({
  statements: [app.db.update(projects).set({ name }).where(eq(projects.id, root))],
  events: [{ action: "project.edit" as const }],
  result: name,
});
const edits = () => app.db.select().from(auditEvents).where(eq(auditEvents.action, "project.edit"));

describe("a write to a tree", () => {
  test("is computed again when somebody else has written since it was read", async () => {
    const browser = await stranger();
    let attempts = 0;
    await writeTree(app.vault, root, actor, async () => {
      if (attempts++ === 0) await browser.save(root, "prod", { A: "1" });
      return rename(`attempt ${attempts}`);
    });
    expect(attempts).toBe(2);
    expect(await admin.open(`/admin/projects/${root}`)).toContain("attempt 2");
    expect(await edits()).toHaveLength(1);
  });

  test("that somebody else deletes meanwhile writes nothing, not even an event", async () => {
    const browser = await stranger();
    const writing = writeTree(app.vault, root, actor, async () => {
      await browser.post(`/admin/projects/${root}/delete`, { confirmName: "shop" });
      return rename("renamed");
    });
    expect(await writing.catch(({ message }: Error) => message)).toBe("There is no such project.");
    expect(await edits()).toEqual([]);
  });

  test("takes what does not fit together for damage only if nobody has written meanwhile", async () => {
    const browser = await stranger();
    const damage = new OpenError({ purpose: "view-source", project: root, generation: 1 });
    let attempts = 0;
    await writeTree(app.vault, root, actor, async () => {
      if (attempts++ > 0) return rename("whole");
      await browser.save(root, "prod", { A: "1" });
      throw damage;
    });
    expect(attempts).toBe(2);
    const damaged = writeTree(app.vault, root, actor, async () => {
      throw damage;
    });
    expect(await damaged.catch((error: unknown) => error)).toBe(damage);
  });
});

describe("while another program holds the lock of a database file", () => {
  test("pages and apps are answered, and a write waits for it", async () => {
    const app = await createFileApp();
    const admin = app.browser();
    const { id: root } = await admin.createRoot("shop");
    await admin.save(root, "prod", { A: "1" });
    const token = await admin.createToken(root, "prod", "write");
    const foreign = new Database(app.file);
    foreign.run("BEGIN IMMEDIATE");
    const writing = admin.save(root, "prod", { A: "2" });
    const page = await admin.get(`/admin/projects/${root}`);
    const fetched = await app.request("/api/secrets", { headers: bearer(token) });
    expect([page.status, fetched.status]).toEqual([200, 200]);
    foreign.run("COMMIT");
    foreign.close();
    expect((await writing).status).toBe(303);
    const after = await app.request("/api/secrets/A", { headers: bearer(token) });
    expect(await after.json()).toMatchObject({ value: "2", version: 2 });
    app.close();
  });
});
