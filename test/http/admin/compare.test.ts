import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { gzipSync } from "bun";
import { createTestApp, type Fields, fetchMap, type TestApp, type TestBrowser } from "../../harness.ts";
import { auditOf } from "../../vault/inspect.ts";

let app: TestApp;
let admin: TestBrowser;
let root: number;
let child: number;

beforeEach(async () => {
  app = await createTestApp({ AVAILABLE_ENVIRONMENTS: "dev,staging,prod" });
  admin = app.browser();
  root = (await admin.createRoot("shop")).id;
  child = await admin.createChild("api", root);
});
afterEach(() => app.close());

const compare = (id: number, query = "") => admin.open(`/admin/projects/${id}/compare${query}`);
const copy = (id: number, to: string, fields: Fields) =>
  admin.post(`/admin/projects/${id}/environments/${to}/copy`, fields);

/** A page's text as somebody reads it. */
function words(html: string): string {
  return html
    .slice(html.indexOf("<main"))
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll("&#39;", "'")
    .replaceAll(/\s+/g, " ");
}

/** The table's rows: the name, the summary, then a cell for each environment. */
function rows(html: string): Record<string, string[]> {
  const body = html.slice(html.indexOf("<tbody"), html.indexOf("</tbody"));
  const found = body.split("<tr>").slice(1);
  return Object.fromEntries(
    found.map((row) => {
      const cells = row.split(/<t[hd]\b/).slice(1);
      const [name = "", ...others] = cells.map((cell) => words(`<main ${cell}`).trim());
      return [name, others];
    }),
  );
}

describe("comparing environments", () => {
  test("shows each name's cells, and letters for values that differ, and no value", async () => {
    await admin.save(root, "dev", { SHARED: "v-shared", HOST: "v-one" });
    await admin.save(root, "prod", { SHARED: "v-shared", HOST: "v-two" });
    await admin.save(child, "dev", { HOST: "v-three", LOCAL: "v-local" });
    const html = await compare(child);
    expect(rows(html)).toEqual({
      HOST: ["Missing in staging, different elsewhere", "A Overrides shop", "Missing Add", "B From shop"],
      LOCAL: ["Missing in staging, prod", "Own", "Missing Add", "Missing Add"],
      SHARED: ["Missing in staging", "= From shop", "Missing Add", "= From shop"],
    });
    expect(html).not.toContain("v-");
    expect(html).toContain(`href="/admin/projects/${child}/environments/dev/secrets/HOST"`);
    expect(html).toContain(
      `href="/admin/projects/${child}/environments/staging/secrets?add=LOCAL#add-secrets"`,
    );
  });

  test("says where apps get something else than what was written", async () => {
    await admin.save(root, "dev", { HOST: "a", URL: "http://${HOST}", PLAIN: "http://a" });
    await admin.save(root, "prod", { HOST: "b", URL: "http://${HOST}", PLAIN: "http://${LIKE}", LIKE: "a" });
    const table = rows(await compare(root, "?environments=dev&environments=prod"));
    expect(table.URL?.[0]).toBe("Same everywhere apps get different values");
    expect(table.PLAIN?.[0]).toBe("Different apps get the same value");
    expect(table.HOST?.[0]).toBe("Different");
  });

  test("filters to what is missing or different, by name, and by environment", async () => {
    await admin.save(root, "dev", { SAME: "1", OTHER: "1", LOST: "1" });
    await admin.save(root, "prod", { SAME: "1", OTHER: "2" });
    await admin.save(root, "staging", { SAME: "1", OTHER: "2" });
    const names = async (query: string) => Object.keys(rows(await compare(root, query)));
    expect(await names("")).toEqual(["LOST", "OTHER", "SAME"]);
    expect(await names("?show=missing")).toEqual(["LOST"]);
    expect(await names("?show=different")).toEqual(["LOST", "OTHER"]);
    expect(await names("?show=nonsense&page=-3&environments=nowhere")).toEqual(["LOST", "OTHER", "SAME"]);
    expect(await names("?q=oTh")).toEqual(["OTHER"]);
    expect(await names("?show=different&environments=staging&environments=prod")).toEqual([]);
    const two = rows(await compare(root, "?environments=staging&environments=prod"));
    expect(two).toEqual({
      OTHER: ["Same everywhere", "= Own", "= Own"],
      SAME: ["Same everywhere", "= Own", "= Own"],
    });
    expect(words(await compare(root, "?q=nothing"))).toContain("No such name like “nothing” Show all names");
    expect(words(await compare(root, "?environments=dev"))).toContain("Choose two environments or more");
  });

  test("of 2,000 names in three environments stays small, in pages, and search finds every name", async () => {
    const values = Object.fromEntries(
      Array.from({ length: 2000 }, (_, i) => [
        `NAME_${Bun.hash(String(i)).toString(36).toUpperCase()}_${i}`,
        "v",
      ]),
    );
    for (const environment of ["dev", "prod"]) await admin.save(root, environment, values);
    const first = await compare(root);
    expect(gzipSync(first).byteLength).toBeLessThan(50_000);
    expect(Object.keys(rows(first))).toHaveLength(300);
    expect(words(first)).toContain("Page 1 of 7 Next");
    const last = await compare(root, "?page=7");
    expect(Object.keys(rows(last))).toHaveLength(200);
    expect(words(await compare(root, "?page=99"))).toContain("Previous Page 7 of 7");
    for (const name of Object.keys(values).filter((_, i) => i % 400 === 0))
      expect(Object.keys(rows(await compare(root, `?q=${name}`)))).toContain(name);
    const toCopy = await compare(root, "?from=dev&to=staging");
    expect(gzipSync(toCopy).byteLength).toBeLessThan(50_000);
    expect(words(toCopy)).toContain("300 of 2,000 are listed.");
    const name = Object.keys(values).sort().at(-1) ?? "";
    expect(await compare(root, `?from=dev&to=staging&q=${name}`)).toContain(`value="${name}"`);
  });

  test("teaches where there is nothing, or only one environment", async () => {
    expect(words(await compare(root))).toContain("Nothing to compare yet");
    const small = await createTestApp({ AVAILABLE_ENVIRONMENTS: "prod" });
    const other = small.browser();
    const { id } = await other.createRoot("small");
    expect(words(await other.open(`/admin/projects/${id}/compare`))).toContain("AVAILABLE_ENVIRONMENTS");
    small.close();
  });

  test("leaves out what the settings hide", async () => {
    const { id, masterKey } = await admin.createRoot("hiding");
    await admin.save(id, "staging", { ONLY_STAGING: "1" });
    await admin.save(id, "dev", { KEPT: "1" });
    const hidden = await app.sibling({ AVAILABLE_ENVIRONMENTS: "dev,prod" });
    const other = hidden.browser();
    await other.unseal(id, masterKey);
    await other.open("/admin/projects");
    const page = await other.open(`/admin/projects/${id}/compare`);
    expect(rows(page)).toEqual({ KEPT: ["Missing in prod", "Own", "Missing Add"] });
    expect(page).not.toContain("staging");
    const fields = { from: "staging", names: "ONLY_STAGING" };
    const response = await other.post(`/admin/projects/${id}/environments/prod/copy`, fields);
    expect(response.status).toBe(422);
    hidden.close();
  });

  test("sealed, leads to the project and says no name", async () => {
    await admin.save(root, "dev", { HIDDEN_NAME: "1" });
    await admin.post(`/admin/projects/${root}/seal`);
    await admin.open("/admin/projects"); // what was saved is told once
    const response = await admin.get(`/admin/projects/${child}/compare`);
    expect([response.status, response.headers.get("Location")]).toEqual([303, `/admin/projects/${child}`]);
    expect(await compare(child)).not.toContain("HIDDEN_NAME");
    expect((await copy(child, "prod", { from: "dev", names: "HIDDEN_NAME" })).status).toBe(303);
    expect(words(await admin.open(`/admin/projects/${child}`))).toContain("Nothing was saved.");
  });
});

describe("comparing with the parent", () => {
  test("tells what is inherited, overridden with the same or another value, and only here", async () => {
    await admin.save(root, "dev", { KEPT: "1", SAME: "1", OTHER: "1" });
    await admin.save(root, "prod", { SAME: "1" });
    await admin.save(child, "dev", { SAME: "1", OTHER: "2", NEW: "3" });
    const query = "?with=parent&environments=dev&environments=prod";
    expect(rows(await compare(child, query))).toEqual({
      KEPT: ["Inherited", "From shop", "Not here"],
      NEW: ["Only here", "Only here", "Not here"],
      OTHER: ["Overridden", "Another value than shop", "Not here"],
      SAME: ["Needless override in dev", "Same value as shop", "From shop"],
    });
    const names = async (show: string) => Object.keys(rows(await compare(child, `${query}&show=${show}`)));
    expect(await names("needless")).toEqual(["SAME"]);
    expect(await names("overridden")).toEqual(["OTHER"]);
    expect(await names("own")).toEqual(["NEW"]);
    expect(await names("missing")).toEqual(["KEPT", "NEW", "OTHER", "SAME"]);
    expect(words(await compare(child, query))).toContain("Nothing of shop is ever missing here");
  });

  test("works with one environment, and a root says that it has none", async () => {
    await admin.save(child, "dev", { NEW: "3" });
    expect(rows(await compare(child, "?with=parent&environments=dev"))).toEqual({
      NEW: ["Only here", "Only here"],
    });
    expect(words(await compare(root, "?with=parent"))).toContain("It has no parent to compare with.");
    expect(await compare(root)).not.toContain("with=parent");
  });
});

describe("adding what is missing", () => {
  beforeEach(async () => {
    await admin.save(root, "dev", { HOST: "v-host" });
    await admin.save(child, "dev", { URL: "http://${HOST}/", KEY: "v-key", TAKEN: "v-dev" });
    await admin.save(child, "prod", { TAKEN: "v-prod" });
  });

  test("offers what the other environment has, with what it refers to", async () => {
    expect(await compare(child)).toContain(`href="/admin/projects/${child}/compare?from=dev&amp;to=prod"`);
    const html = await compare(child, "?from=dev&to=prod");
    const names = [...html.matchAll(/name="names" value="([^"]+)"/g)].map(([, name]) => name);
    expect(names).toEqual(["HOST", "KEY", "URL"]);
    expect(words(html)).toContain("URL refers to HOST, missing in prod too");
    expect(html).not.toMatch(/name="names"[^>]*checked/);
    expect(
      (await compare(child, "?from=dev&to=prod&tick=all")).match(/name="names"[^>]*checked/g),
    ).toHaveLength(3);
    expect(html).not.toContain("v-");
    expect(words(await compare(child, "?from=prod&to=dev"))).toContain("dev has every secret that prod has");
    for (const query of ["?from=dev&to=dev", "?from=dev", "?from=dev&to=nowhere"])
      expect(words(await compare(child, query))).toContain("Choose two different environments.");
  });

  test("copies several at once and comes back to the same comparison", async () => {
    const token = await admin.createToken(child, "prod");
    const back = `/admin/projects/${child}/compare?show=missing&environments=dev&environments=prod&from=dev&to=prod`;
    const response = await copy(child, "prod", { from: "dev", names: ["URL", "HOST"], back });
    const location = `/admin/projects/${child}/compare?show=missing&environments=dev&environments=prod`;
    expect([response.status, response.headers.get("Location")]).toEqual([303, location]);
    expect(words(await admin.open(location))).toContain("2 secrets are copied from dev to prod.");
    expect(await fetchMap(app, token)).toEqual({ HOST: "v-host", TAKEN: "v-prod", URL: "http://v-host/" });
  });

  test("without a way back leads to the environment, whatever else the form says", async () => {
    const foreign = [
      "",
      "https://evil.example/",
      "//evil.example/admin",
      `/admin/projects/${root}/compare`,
      `/admin/projects/${child}/compare/../delete`,
      `/admin/projects/${child}/comparex`,
    ];
    for (const [i, back] of foreign.entries()) {
      await admin.save(child, "dev", { [`NEW_${i}`]: "1" });
      const response = await copy(child, "prod", { from: "dev", names: `NEW_${i}`, back });
      const location = `/admin/projects/${child}/environments/prod/secrets`;
      expect([response.status, response.headers.get("Location")]).toEqual([303, location]);
    }
    expect(words(await admin.open("/admin/projects"))).toContain("NEW_5 is copied from dev to prod.");
  });

  test("refused for a reference, comes back with what that refers to ticked as well", async () => {
    const before = (await auditOf(app)).length;
    const response = await copy(child, "prod", { from: "dev", names: ["URL", "KEY"] });
    expect(response.status).toBe(422);
    const html = await response.text();
    expect(words(html)).toContain("URL refers to ${HOST}, which is not a secret here");
    expect(words(html)).toContain(
      "HOST is missing in prod too, and is ticked now as well: copy again to copy all.",
    );
    expect(html.match(/name="names"[^>]*checked/g)).toHaveLength(3);
    expect((await auditOf(app)).length).toBe(before);
  });

  test("refuses names that are taken, unknown, or not given, and other environments, and writes nothing", async () => {
    const token = await admin.createToken(child, "prod");
    const refused: [Fields, string][] = [
      [{ from: "dev", names: ["KEY", "TAKEN"] }, "TAKEN is already in prod."],
      [{ from: "dev", names: ["KEY", "NOWHERE"] }, "NOWHERE is not in dev."],
      [{ from: "dev" }, "Tick the secrets to copy."],
      [{ from: "prod", names: "KEY" }, "Choose two different environments."],
      [{ from: "nowhere", names: "KEY" }, "There is no such environment."],
      [{ names: "KEY" }, "There is no such environment."],
    ];
    for (const [fields, text] of refused) {
      const response = await copy(child, "prod", fields);
      expect(response.status).toBe(422);
      expect(words(await response.text())).toContain(text);
    }
    expect((await copy(child, "nowhere", { from: "dev", names: "KEY" })).status).toBe(404);
    expect(await fetchMap(app, token)).toEqual({ TAKEN: "v-prod" });
  });

  test("says so where the environment would hold too much", async () => {
    const small = await createTestApp({ MAX_SECRET_BYTES: "10" });
    const other = small.browser();
    const { id } = await other.createRoot("small");
    const api = await other.createChild("api", id);
    const inherited = Array.from({ length: 16 }, (_, i) => `INHERITED_${i}`);
    await other.save(id, "dev", Object.fromEntries(inherited.map((name) => [name, "0123456789"])));
    await other.save(api, "dev", { OWN: "0123456789" });
    const path = `/admin/projects/${api}/environments/prod/copy`;
    const response = await other.post(path, { from: "dev", names: [...inherited, "OWN"] });
    expect(response.status).toBe(413);
    expect(words(await response.text())).toContain(
      "All values of an environment together have at most 160 bytes.",
    );
    small.close();
  });

  test("takes from this project's environments only: another project's names are not in them", async () => {
    const sibling = await admin.createChild("web", root);
    const response = await copy(sibling, "prod", { from: "dev", names: "KEY" });
    expect(response.status).toBe(422);
    expect(words(await response.text())).toContain("KEY is not in dev.");
  });
});
