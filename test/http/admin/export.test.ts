import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { bearer, createTestApp, type TestApp, type TestBrowser } from "../../harness.ts";
import { auditOf } from "../../vault/inspect.ts";

let app: TestApp;
let admin: TestBrowser;
let shop: number;
let api: number;

beforeEach(async () => {
  app = await createTestApp();
  admin = app.browser();
  shop = (await admin.createRoot("shop")).id;
  api = await admin.createChild("api", shop);
  await admin.save(shop, "prod", { HOST: "h", ABOVE: "zz-above" });
  await admin.save(api, "prod", { HOST: "zz-host", URL: "http://${HOST}/" });
});
afterEach(() => app.close());

const exportPath = (id: number) => `/admin/projects/${id}/environments/prod/export`;
const download = (id: number, format: string) => admin.get(`${exportPath(id)}?format=${format}`);
const exports = async () => (await auditOf(app)).filter(({ action }) => action === "secrets.export");

describe("an export", () => {
  test.each([
    ["json", "api-prod.api.json"],
    ["env", "api-prod.env"],
    ["docker", "api-prod.docker.env"],
    ["yaml", "api-prod.yaml"],
    ["map", "api-prod.json"],
    ["k8s", "api-prod.secret.yaml"],
  ])("as %s is what the API answers, as a file that nobody keeps", async (format, name) => {
    const token = await admin.createToken(api, "prod");
    const [file, answer] = [
      await download(api, format),
      await app.request(`/api/secrets?format=${format}`, { headers: bearer(token) }),
    ];
    const body = await file.text();
    expect(file.status).toBe(200);
    expect(body).toBe(await answer.text());
    expect(file.headers.get("Content-Type")).toBe(answer.headers.get("Content-Type"));
    expect(file.headers.get("Content-Disposition")).toBe(`attachment; filename="${name}"`);
    expect(file.headers.get("Cache-Control")).toBe("no-store");
    if (format !== "k8s") expect(body).toContain("http://zz-host/");
  });

  test("is audited each time, and the page that offers it is not", async () => {
    await admin.get(exportPath(api));
    expect(await exports()).toEqual([]);
    await download(api, "env");
    await download(api, "map");
    const here = { projectId: api, projectName: "api", environment: "prod", name: null };
    expect(await exports()).toMatchObject([here, here]);
    expect((await exports())[0]?.actor).toStartWith("session:");
  });

  test("is not given where it cannot be audited", async () => {
    await app.db.$client.executeMultiple(
      "CREATE TRIGGER no_audit BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    const response = await download(api, "env");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("zz-");
  });

  test("without a format is the choice of one, with no value on the page", async () => {
    for (const path of [exportPath(api), `${exportPath(api)}?format=`]) {
      const response = await admin.get(path);
      expect(response.status).toBe(200);
      const page = await response.text();
      for (const format of ["env", "docker", "yaml", "k8s", "map", "json"])
        expect(page).toContain(`href="${exportPath(api)}?format=${format}"`);
      expect(page).toContain("3 secrets");
      expect(page).not.toContain("zz-");
    }
  });

  test.each(["toml", "ENV", "constructor", "<script>"])("as %s is refused on the page", async (format) => {
    const response = await admin.get(`${exportPath(api)}?format=${encodeURIComponent(format)}`);
    expect(response.status).toBe(422);
    const page = await response.text();
    expect(page).toContain("Choose one of these formats: json, env, docker, yaml, map, k8s.");
    expect(page).not.toContain("<script>");
    expect(await exports()).toEqual([]);
  });

  test("in a format that cannot hold a value is refused on the page, which names the secret", async () => {
    await admin.save(shop, "prod", { CERTIFICATE: "zz-one\nzz-two" });
    const response = await download(api, "docker");
    expect(response.status).toBe(422);
    expect(response.headers.get("Content-Disposition")).toBeNull();
    const page = await response.text();
    expect(page).toContain("CERTIFICATE: a Docker env file cannot hold a line break.");
    expect(page).not.toContain("zz-");
    expect(await exports()).toEqual([]);
    expect((await download(api, "env")).status).toBe(200);
  });

  test.each([
    ['Ünï "code"\\ / ../..\r\nX: y', "Uni-code-X-y-prod"],
    ["日本", "prod"],
    ["-.-", "prod"],
    ["x".repeat(90), `${"x".repeat(90)}-prod`],
  ])("of a project called %j has a safe name", async (name, file) => {
    const id = (await admin.createRoot("x", "a passphrase of four")).id;
    await admin.post(`/admin/projects/${id}/edit`, { name: name.replaceAll(/[\r\n]/g, " "), parentId: "" });
    const response = await download(id, "map");
    expect(response.headers.get("Content-Disposition")).toBe(`attachment; filename="${file}.json"`);
  });

  test("of an environment without secrets offers to add some", async () => {
    const page = await admin.open(`/admin/projects/${shop}/environments/dev/export`);
    expect(page).toContain("No secrets in dev yet");
    expect(page).not.toContain("?format=");
  });

  test("needs the unsealed root", async () => {
    await admin.post(`/admin/projects/${shop}/seal`);
    for (const path of [exportPath(api), `${exportPath(api)}?format=env`]) {
      const response = await admin.get(path);
      expect(response.status).toBe(303);
      expect(response.headers.get("Location")).toBe(`/admin/projects/${api}`);
    }
    expect(await exports()).toEqual([]);
  });
});
