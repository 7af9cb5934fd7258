import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { secrets } from "../../src/database/schema.ts";
import { summariseDeletion, summariseProjects } from "../../src/vault/project-summary.ts";
import { listProjects } from "../../src/vault/projects.ts";
import { readTree } from "../../src/vault/tree.ts";
import { createTestApp, type TestApp, type TestBrowser } from "../harness.ts";

let app: TestApp;
let admin: TestBrowser;

beforeEach(async () => {
  app = await createTestApp();
  admin = app.browser();
});
afterEach(() => app.close());

/** `dev 2+1-3`: own, inherited and missing of each environment of a project. */
async function summaryOf(id: number): Promise<string> {
  const summaries = await summariseProjects(app.vault, await listProjects(app.vault));
  return (summaries.get(id) ?? [])
    .map(({ environment, own, inherited, missing }) => `${environment} ${own}+${inherited}-${missing}`)
    .join(", ");
}

describe("the summary of projects", () => {
  test("counts as missing what is seen in another environment and not in this one", async () => {
    const { id: root } = await admin.createRoot("shop");
    const api = await admin.createChild("api", root);
    await admin.save(root, "prod", { A: "1", B: "1" });
    await admin.save(root, "dev", { A: "1" });
    expect(await summaryOf(root)).toBe("dev 1+0-1, prod 2+0-0");
    expect(await summaryOf(api)).toBe("dev 0+1-1, prod 0+2-0");
    // What the child has itself fills the gap for it, and one name is one name wherever it comes from.
    await admin.save(api, "dev", { B: "own", C: "own" });
    await admin.save(api, "prod", { A: "overriding" });
    expect(await summaryOf(api)).toBe("dev 2+1-0, prod 1+1-1");
    expect(await summaryOf(root)).toBe("dev 1+0-1, prod 2+0-0");
  });

  test("forgets what is deleted, and does not mix siblings or trees", async () => {
    const { id: root } = await admin.createRoot("shop");
    const [api, web] = [await admin.createChild("api", root), await admin.createChild("web", root)];
    const { id: other } = await admin.createRoot("depot");
    await admin.save(api, "prod", { ONLY_API: "1", SHARED: "1" });
    await admin.save(web, "prod", { SHARED: "1" });
    expect(await summaryOf(web)).toBe("dev 0+0-1, prod 1+0-0");
    expect(await summaryOf(root)).toBe("dev 0+0-0, prod 0+0-0");
    expect(await summaryOf(other)).toBe("dev 0+0-0, prod 0+0-0");
    await admin.post(`/admin/projects/${api}/environments/prod/secrets/ONLY_API/delete`);
    expect(await summaryOf(api)).toBe("dev 0+0-1, prod 1+0-0");
  });

  test("leaves out environments that the settings hide, and says where keys are still to come", async () => {
    const { id: root } = await admin.createRoot("shop");
    await admin.save(root, "dev", { A: "1" });
    const other = await app.sibling({ AVAILABLE_ENVIRONMENTS: "prod,staging" });
    const summaries = await summariseProjects(other.vault, await listProjects(other.vault));
    expect(summaries.get(root)).toEqual([
      { environment: "prod", own: 0, inherited: 0, missing: 0, hasKeys: true },
      { environment: "staging", own: 0, inherited: 0, missing: 0, hasKeys: false },
    ]);
    other.close();
  });

  test("asks the database as often for many projects as for one, and holds no name", async () => {
    const { id: root } = await admin.createRoot("shop");
    await admin.save(root, "prod", { VERY_SECRET_NAME: "1" });
    const queries = async () => {
      const projects = await listProjects(app.vault);
      const client = app.db.$client;
      const execute = client.execute;
      let count = 0;
      client.execute = ((...args: Parameters<typeof execute>) => {
        count++;
        return execute.apply(client, args);
      }) as typeof execute;
      const summaries = await summariseProjects(app.vault, projects);
      client.execute = execute;
      expect(JSON.stringify([...summaries])).not.toContain("SECRET_NAME");
      return count;
    };
    const few = await queries();
    expect(few).toBeGreaterThan(0);
    for (let i = 0; i < 12; i++) await admin.createChild(`p${i}`, root);
    expect(await queries()).toBe(few);
  });
});

describe("what a deletion takes", () => {
  test("is counted: projects, secrets and versions by environment, and live tokens, the last used first", async () => {
    const { id: root } = await admin.createRoot("shop");
    const api = await admin.createChild("api", root);
    const worker = await admin.createChild("worker", api);
    await admin.save(root, "prod", { NOT_COUNTED: "1" });
    await admin.save(api, "prod", { A: "1", B: "1" });
    await admin.save(api, "prod", { A: "2" });
    await admin.post(`/admin/projects/${api}/environments/prod/secrets/B/delete`);
    await admin.save(worker, "dev", { C: "1" });
    await admin.createToken(root, "prod", "read", { name: "of the root" });
    await admin.createToken(api, "prod", "read", { name: "never used" });
    await admin.createToken(api, "prod", "read", { name: "expired", expiresInDays: "1" });
    await admin.createToken(worker, "dev", "read", { name: "used" });
    app.clock.advance(2 * 24 * 60 * 60 * 1000);
    const { projects, environments, tokens } = await summariseDeletion(
      app.vault,
      await readTree(app.db, root),
      api,
    );
    expect(projects.map(({ name }) => name)).toEqual(["worker"]);
    expect(environments).toEqual([
      { name: "dev", secrets: 1, versions: 1 },
      { name: "prod", secrets: 1, versions: 4 },
    ]);
    expect(tokens).toEqual({
      count: 2,
      latest: [
        { name: "used", project: "worker", environment: "dev", lastUsedAt: null },
        { name: "never used", project: "api", environment: "prod", lastUsedAt: null },
      ],
    });
    expect(await app.db.select().from(secrets)).toHaveLength(4);
  });
});
