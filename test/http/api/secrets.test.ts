import { afterEach, beforeEach, expect, test } from "bun:test";
import { bearer, createTestApp, type TestApp, type TestBrowser } from "../../harness.ts";

let app: TestApp;
let admin: TestBrowser;
let root: number;
beforeEach(async () => {
  app = await createTestApp();
  admin = app.browser();
  ({ id: root } = await admin.createRoot("shop"));
});
afterEach(() => app.close());

test("one secret is answered with the number of the version that its value is, while it is being changed", async () => {
  const token = await admin.createToken(root, "prod", "write");
  const put = (value: string) =>
    app.request("/api/secrets/A", {
      method: "PUT",
      headers: { ...bearer(token), "Content-Type": "application/json" },
      body: JSON.stringify({ value }),
    });
  await put("1");
  const get = async () => (await app.request("/api/secrets/A", { headers: bearer(token) })).json();
  const writing = (async () => {
    for (let version = 2; version <= 20; version++) await put(String(version));
  })();
  const answers: unknown[] = [];
  const reading = (async () => {
    for (let i = 0; i < 30; i++) answers.push(await get());
  })();
  await Promise.all([writing, reading]);
  for (const answer of answers) {
    const { value, version } = answer as { value: string; version: number };
    expect(version).toBe(Number(value));
  }
  expect(await get()).toMatchObject({ name: "A", value: "20", version: 20 });
});

test("a manifest is sent anew when its project is renamed", async () => {
  await admin.save(root, "prod", { A: "1" });
  const token = await admin.createToken(root, "prod");
  const fetchAs = (format: string, etag = "") =>
    app.request(`/api/secrets?format=${format}`, { headers: { ...bearer(token), "If-None-Match": etag } });
  const etags = {
    k8s: (await fetchAs("k8s")).headers.get("ETag") ?? "",
    env: (await fetchAs("env")).headers.get("ETag") ?? "",
  };
  await admin.post(`/admin/projects/${root}/edit`, { name: "store", description: "" });
  expect((await fetchAs("env", etags.env)).status).toBe(304);
  const again = await fetchAs("k8s", etags.k8s);
  expect([again.status, await again.text()]).toEqual([200, expect.stringContaining("store-prod")]);
});

test("an empty note in a form leaves the note as it is, unless the form was given the note", async () => {
  const path = `/admin/projects/${root}/environments/prod/secrets`;
  const noteShown = async () => (await (await admin.get(path)).text()).includes("ask ops");
  await admin.post(path, { name: "A", value: "1", note: "ask ops" });
  await admin.post(path, { name: "A", value: "2", note: "" });
  expect(await noteShown()).toBe(true);
  await admin.post(path, { name: "A", value: "2", note: "", notes: "exact" });
  expect(await noteShown()).toBe(false);
});

test("a sealed page asked for without a session says what to do, and begins no session", async () => {
  const stranger = app.browser();
  const response = await stranger.get(`/admin/projects/${root}/environments/prod/secrets`);
  expect([response.status, response.headers.get("Location")]).toEqual([303, `/admin/projects/${root}`]);
  expect(stranger.cookie).not.toContain("session");
  expect(await stranger.open(`/admin/projects/${root}`)).toContain("This project is sealed.");
  expect(await stranger.open(`/admin/projects/${root}`)).not.toContain("This project is sealed.");
});
