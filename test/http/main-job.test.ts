import { afterEach, beforeEach, expect, test } from "bun:test";
import { bearer, createTestApp, fetchMap, type TestApp } from "../harness.ts";

let app: TestApp;
beforeEach(async () => {
  app = await createTestApp();
});
afterEach(() => app.close());

test("an admin stores secrets in a tree and an app fetches what its environment resolves to", async () => {
  const admin = app.browser();
  const { id: root, masterKey } = await admin.createRoot("shop");
  const child = await admin.createChild("api", root);
  const grandchild = await admin.createChild("worker", child);
  expect(
    (
      await admin.save(root, "prod", {
        DB_HOST: "db.internal",
        DB_URL: "postgres://${DB_HOST}/app",
        ONLY: "root",
      })
    ).status,
  ).toBe(303);
  expect((await admin.save(child, "prod", { DB_HOST: "api-db.internal" })).status).toBe(303);
  const token = await admin.createToken(grandchild, "prod");

  expect(await fetchMap(app, token)).toEqual({
    DB_HOST: "api-db.internal",
    DB_URL: "postgres://api-db.internal/app",
    ONLY: "root",
  });

  await admin.post(`/admin/projects/${root}/seal`);
  expect(await fetchMap(app, token)).toHaveProperty("ONLY", "root");
  expect((await admin.get(`/admin/projects/${child}/environments/prod/secrets`)).status).toBe(303);
  expect((await admin.unseal(child, masterKey)).status).toBe(303);
  expect((await admin.post(`/admin/projects/${child}/environments/prod/secrets/DB_HOST/delete`)).status).toBe(
    303,
  );
  expect(await fetchMap(app, token)).toHaveProperty("DB_HOST", "db.internal");
});

test("an answer that has not changed costs nothing: ETag and 304", async () => {
  const admin = app.browser();
  const { id } = await admin.createRoot("shop");
  await admin.save(id, "prod", { A: "1" });
  const token = await admin.createToken(id, "prod");
  const first = await app.request("/api/secrets", { headers: bearer(token) });
  const etag = first.headers.get("ETag") ?? "";
  expect(await first.text()).toBe('{"secrets":[{"id":1,"name":"A","value":"1"}]}');
  const again = await app.request("/api/secrets", { headers: { ...bearer(token), "If-None-Match": etag } });
  expect([again.status, await again.text()]).toEqual([304, ""]);
  await admin.save(id, "prod", { A: "2" });
  const changed = await app.request("/api/secrets", { headers: { ...bearer(token), "If-None-Match": etag } });
  expect(changed.status).toBe(200);
});
