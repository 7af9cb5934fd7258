import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { environmentKeys, projects, rootKeys, views } from "../../../src/database/schema.ts";
import { createTestApp, type TestApp, type TestBrowser } from "../../harness.ts";

let app: TestApp;
let admin: TestBrowser;

beforeEach(async () => {
  app = await createTestApp();
  admin = app.browser();
});
afterEach(() => app.close());

const list = (query = "") => admin.open(`/admin/projects${query}`);
const plain = (page: string) =>
  page
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .replaceAll("&quot;", '"');

/** Adds projects to the table as they would be, without their keys: pages only count and name them. */
async function fill(rows: readonly { id: number; parentId: number | null; rootId: number; name: string }[]) {
  const rest = { description: "One of the many services", createdAt: 0, updatedAt: 0 };
  for (let i = 0; i < rows.length; i += 500) {
    await app.db.insert(projects).values(rows.slice(i, i + 500).map((row) => ({ ...row, ...rest })));
  }
  const { projectId: _, ...key } = (await app.db.select().from(rootKeys))[0] ?? ({} as never);
  const newRoots = rows.filter(({ parentId }) => parentId === null);
  if (newRoots.length > 0)
    await app.db.insert(rootKeys).values(newRoots.map(({ id }) => ({ ...key, projectId: id })) as never);
  const view = (await app.db.select().from(views))[0] as typeof views.$inferSelect;
  const place = (await app.db.select().from(environmentKeys))[0] as typeof environmentKeys.$inferSelect;
  for (const environmentId of [1, 2, 3]) {
    for (let i = 0; i < rows.length; i += 500) {
      const part = rows.slice(i, i + 500).map(({ id }) => id);
      await app.db
        .insert(environmentKeys)
        .values(part.map((projectId) => ({ ...place, projectId, environmentId })));
      await app.db
        .insert(views)
        .values(part.map((projectId) => ({ ...view, projectId, environmentId, ownCount: projectId })));
    }
  }
}

async function thousandProjects(): Promise<number> {
  app.close();
  app = await createTestApp({ AVAILABLE_ENVIRONMENTS: "dev,staging,prod" });
  admin = app.browser();
  const { id: root } = await admin.createRoot("root of all");
  await fill(
    Array.from({ length: 999 }, (_, i) => ({
      id: root + 1 + i,
      parentId: i < 10 ? root : root + 1 + Math.floor((i - 10) / 12),
      rootId: root,
      name: `service-${(i * 7919) % 1000}`,
    })),
  );
  return root;
}

/** What the page weighs as it is sent. */
async function weigh(path: string): Promise<number> {
  const response = await admin.get(path);
  expect(response.status).toBe(200);
  return Bun.gzipSync(new Uint8Array(await response.arrayBuffer())).length;
}

describe("the list of projects", () => {
  test("tells of each project how many secrets it has in each environment, and what is missing", async () => {
    const { id: root } = await admin.createRoot("shop");
    const api = await admin.createChild("api", root);
    await admin.save(root, "prod", { A: "1", B: "1" });
    await admin.save(api, "dev", { A: "1" });
    const page = await list();
    expect(plain(page)).toMatch(/shop .* dev 0 · 2 missing prod 2 .* api dev 1 · 1 missing prod 2/);
    expect(page).toContain(`href="/admin/projects/${api}/compare"`);
    expect(page).not.toContain(">A<");
    await admin.post(`/admin/projects/${root}/seal`);
    const sealed = await list();
    expect(plain(sealed)).toContain("dev 1 · 1 missing");
    expect(sealed).not.toContain("/compare");
  });

  test("tells of tokens that end soon, in the list and on the project's page", async () => {
    const { id: root } = await admin.createRoot("shop");
    await admin.createToken(root, "prod", "read", { expiresInDays: "10" });
    await admin.createToken(root, "prod", "read", { expiresInDays: "90" });
    for (const page of [await list(), await admin.open(`/admin/projects/${root}`)]) {
      expect(plain(page)).toContain("1 token ends soon");
    }
  });

  test("shows three hundred of a thousand projects, breadth first, and leads to the others", async () => {
    const root = await thousandProjects();
    const page = await list();
    const shown = new Set([...page.matchAll(/href="\/admin\/projects\/(\d+)"/g)].map(([, id]) => Number(id)));
    expect(shown.size).toBe(300);
    for (let id = root; id <= root + 100; id++) expect(shown).toContain(id);
    expect(page).toContain("Find one of 1,000 projects");
    expect(page).toMatch(/\d+ more below: <a href="\/admin\/projects\/\d+">open service-/);
    const more = [...page.matchAll(/([\d,]+) more below:/g)].reduce((sum, [, n]) => sum + Number(n), 0);
    expect(more).toBe(700);
  });

  test("with a thousand projects, every page of them is small", async () => {
    const root = await thousandProjects();
    for (const path of ["", "?q=service", `/${root}`, `/${root + 5}`, `/${root + 500}`]) {
      expect(await weigh(`/admin/projects${path}`)).toBeLessThan(50_000);
    }
  });

  test("with a thousand roots has pages, small ones", async () => {
    const { id: first } = await admin.createRoot("root 0000");
    const rows = Array.from({ length: 999 }, (_, i) => {
      const id = first + 1 + i;
      return { id, parentId: null, rootId: id, name: `root ${String(i + 1).padStart(4, "0")}` };
    });
    // A third environment is filled too, for the foreign key.
    const wide = await app.sibling({ AVAILABLE_ENVIRONMENTS: "dev,prod,staging" });
    await fill(rows);
    const admin2 = wide.browser();
    const page = await admin2.open("/admin/projects");
    expect(plain(page)).toContain("1 to 300 of 1,000 Next");
    expect(page).not.toContain("root 0300");
    const last = await admin2.open("/admin/projects?page=4");
    expect(plain(last)).toContain("Previous 901 to 1,000 of 1,000");
    expect(last).toContain("root 0999");
    expect(await admin2.open("/admin/projects?page=99")).toContain("root 0999");
    expect(Bun.gzipSync(page).length).toBeLessThan(50_000);
    wide.close();
  });
});

describe("the search for projects", () => {
  async function shop() {
    const { id: root } = await admin.createRoot("Fernhill Books");
    const api = await admin.createChild("api", root);
    const worker = await admin.createChild("worker", api);
    await admin.post(`/admin/projects/${api}/edit`, { name: "api", description: "Orders and STOCK" });
    return { root, api, worker };
  }

  test("finds by every word in name or description, and tells where a project is", async () => {
    const { api, worker } = await shop();
    const found = await list("?q=stock+API");
    expect(plain(found)).toContain("1 project for “stock API”");
    expect(found).toContain(`href="/admin/projects/${api}"`);
    expect(plain(found)).toContain("Fernhill Books / api Orders and STOCK dev 0 prod 0");
    expect(found).not.toContain(`href="/admin/projects/${worker}"`);
    expect(found).toContain('value="stock API"');
    expect(plain(await list("?q=worker"))).toContain("Fernhill Books / api / worker");
  });

  test("says when there is nothing, and shows everything for an empty one", async () => {
    const { worker } = await shop();
    const nothing = await list("?q=%3Cscript%3E");
    expect(nothing).toContain("No project for “&lt;script&gt;”");
    expect(await list("?q=++")).toContain(`href="/admin/projects/${worker}"`);
  });

  test("shows a hundred, and says that there are more", async () => {
    await thousandProjects();
    const page = await list("?q=service");
    expect(plain(page)).toContain("These are the first 100 of 999.");
  });
});

describe("the parents that a project may be moved to", () => {
  const choices = (page: string) =>
    [...page.matchAll(/<option value="(\d+)"[^>]*>\s*([^<]*?)\s*<\/option>/g)].map(([, , name]) => name);

  test("are its tree's and those of other unsealed roots, by root; sealed ones are named with why", async () => {
    const { id: shop } = await admin.createRoot("shop");
    const api = await admin.createChild("api", shop);
    await admin.createChild("worker", api);
    const { id: depot } = await admin.createRoot("depot");
    await admin.createChild("stock", depot);
    const { id: vault } = await admin.createRoot("attic");
    await admin.post(`/admin/projects/${vault}/seal`);
    const page = await admin.open(`/admin/projects/${api}`);
    expect(choices(page)).toEqual(["shop", "depot", "depot / stock"]);
    expect(page).toContain('<optgroup label="depot">');
    expect(plain(page)).toContain("attic is sealed. To move this project there, unseal that root too");
  });

  test("are found by a search where there are many, with the present one always among them", async () => {
    const root = await thousandProjects();
    const path = `/admin/projects/${root + 700}`;
    const page = await admin.open(path);
    expect(choices(page).length).toBeLessThan(110);
    expect(plain(page)).toContain("Only the first of them are listed: type more above to find the others.");
    const found = await admin.open(`${path}?parent=service-7919`);
    expect(found).toContain('<details class="panel" id="edit" open="">');
    const one = await admin.open(`${path}?parent=${encodeURIComponent("root of all / service-0")}`);
    expect(choices(one)).toContain("root of all / service-0");
    expect(one).toMatch(/<option value="\d+" selected="">/);
    expect(plain(one)).toMatch(/\d+ projects? found for “root of all \/ service-0”/);
  });

  test("a number that is typed comes back with what is wrong with it", async () => {
    const { id: shop } = await admin.createRoot("shop");
    const api = await admin.createChild("api", shop);
    const answer = await admin.post(`/admin/projects/${api}/edit`, { name: "api", parentId: "77" });
    const page = await answer.text();
    expect(answer.status).toBe(422);
    expect(page).toContain('id="edit-parentId-error">There is no such parent project.');
    expect(page).toContain('<details class="panel" id="edit" open="">');
  });
});

describe("the project's page", () => {
  test("tells own, inherited and missing of each environment", async () => {
    const { id: root } = await admin.createRoot("shop");
    const api = await admin.createChild("api", root);
    await admin.save(root, "prod", { A: "1", B: "1" });
    await admin.save(api, "dev", { A: "1" });
    const page = await admin.open(`/admin/projects/${api}`);
    expect(plain(page)).toMatch(/Missing dev 1 0 1 prod 0 2 0/);
    expect(page).toContain('aria-label="1 missing in dev: compare"');
  });

  test("tells what a deletion takes; sealed, in numbers alone and without a form", async () => {
    const { id: root } = await admin.createRoot("shop");
    const api = await admin.createChild("api", root);
    for (let i = 0; i < 12; i++) await admin.createChild(`worker ${i}`, api);
    await admin.save(api, "prod", { A: "1" });
    await admin.save(api, "prod", { A: "2" });
    await admin.createToken(api, "prod", "read", { name: "a laptop" });
    const page = plain(await admin.open(`/admin/projects/${api}`));
    expect(page).toMatch(/12 projects below it: (worker \d+, ){9}worker \d+ and 2 more/);
    expect(page).toContain("1 secret with 2 versions");
    expect(page).toMatch(/1 live service token\s+a laptop, for api prod, never used/);
    await admin.post(`/admin/projects/${root}/seal`);
    const sealed = await admin.open(`/admin/projects/${api}`);
    expect(plain(sealed)).toContain("1 live service token");
    expect(sealed).not.toContain("a laptop");
    for (const action of ["edit", "delete"]) expect(sealed).not.toContain(`/${api}/${action}"`);
  });

  test("of a refused deletion tells it at the field, in the open form", async () => {
    const { id: root } = await admin.createRoot("shop");
    const answer = await admin.post(`/admin/projects/${root}/delete`, { confirmName: "ship" });
    expect(answer.status).toBe(422);
    const page = await answer.text();
    expect(page).toContain('<details class="panel" id="delete" open="">');
    expect(page).toContain('id="delete-confirmName-error"');
  });
});
