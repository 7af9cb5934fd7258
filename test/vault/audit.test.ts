import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { chainEvents, eventHash } from "../../src/vault/audit.ts";
import { bearer, createTestApp, type TestApp, type TestBrowser } from "../harness.ts";
import { auditOf, firstBrokenEvent, put, sendJson } from "./inspect.ts";

let app: TestApp;
let admin: TestBrowser;

beforeEach(async () => {
  app = await createTestApp({ CLIENT_IP_HEADER: "X-Test-Address" });
  admin = app.browser();
});
afterEach(() => app.close());

/** What happened since the last look: who, what, where, which. */
function watch() {
  let seen = 0;
  return async () => {
    const events = (await auditOf(app)).slice(seen);
    seen += events.length;
    return events.map(({ actor, action, projectName, environment, name }) => [
      actor.replace(/:.*/, ""),
      action,
      projectName,
      environment,
      name,
    ]);
  };
}

describe("every write appends its event", () => {
  test("with who, what, which project, environment and name", async () => {
    const since = watch();
    expect(await since()).toEqual([
      ["system", "environment.add", null, "dev", null],
      ["system", "environment.add", null, "prod", null],
    ]);
    const { id: root, masterKey } = await admin.createRoot("shop");
    const api = await admin.createChild("api", root);
    const web = await admin.createChild("web", root);
    expect(await since()).toEqual([
      ["session", "project.create", "shop", null, null],
      ["session", "project.create", "api", null, null],
      ["session", "project.create", "web", null, null],
    ]);
    await admin.save(api, "prod", { A: "1", B: "2" });
    await admin.save(api, "prod", { A: "1", B: "3" });
    await admin.post(`/admin/projects/${api}/environments/prod/secrets/A/delete`);
    expect(await since()).toEqual([
      ["session", "secret.set", "api", "prod", "A"],
      ["session", "secret.set", "api", "prod", "B"],
      ["session", "secret.set", "api", "prod", "B"],
      ["session", "secret.delete", "api", "prod", "A"],
    ]);
    const token = await admin.createToken(api, "dev", "write", { name: "deploy" });
    await put(app, token, "C", "1");
    await sendJson(app, token, "PATCH", "/api/secrets", { set: { D: "1" }, delete: ["C"] });
    await app.request("/api/secrets/D", { method: "DELETE", headers: bearer(token) });
    await admin.post(`/admin/projects/${api}/service-tokens/1/revoke`);
    await admin.post(`/admin/projects/${api}/service-tokens/1/revoke`);
    expect(await since()).toEqual([
      ["session", "service-token.create", "api", "dev", "deploy"],
      ["service-token", "secret.set", "api", "dev", "C"],
      ["service-token", "secret.set", "api", "dev", "D"],
      ["service-token", "secret.delete", "api", "dev", "C"],
      ["service-token", "secret.delete", "api", "dev", "D"],
      ["session", "service-token.revoke", "api", "dev", "deploy"],
    ]);
    await admin.post(`/admin/projects/${api}/edit`, { name: "API", parentId: String(web) });
    await admin.get(`/admin/projects/${api}/environments/prod/secrets?decrypt=true`);
    await admin.post(`/admin/projects/${root}/seal`);
    await admin.post(`/admin/projects/${root}/seal`);
    await admin.unseal(api, "a wrong passphrase");
    await admin.unseal(api, masterKey);
    await admin.post(`/admin/projects/${web}/delete`, { confirmName: "web" });
    expect(await since()).toEqual([
      ["session", "project.edit", "API", null, null],
      ["session", "project.move", "API", null, null],
      ["session", "secrets.reveal", "API", "prod", null],
      ["session", "project.seal", "shop", null, null],
      ["session", "project.unseal-refused", "shop", null, null],
      ["session", "project.unseal", "shop", null, null],
      ["session", "project.delete", "web", null, null],
      ["session", "project.delete", "API", null, null],
    ]);
    expect(firstBrokenEvent(await auditOf(app))).toBeUndefined();
  });

  test("with its time, the client's address, and the id that its answer has", async () => {
    const { id } = await admin.createRoot("shop");
    app.clock.advance(1234);
    // Without the header that the settings name, nobody knows where it came from.
    const response = await admin.save(id, "prod", { A: "1" });
    const token = await admin.createToken(id, "prod", "write");
    const byToken = await app.request("/api/secrets/A", {
      method: "PUT",
      headers: { ...bearer(token), "Content-Type": "application/json", "X-Test-Address": "2001:db8::1" },
      body: '{"value":"2"}',
    });
    const [session] = await app.db.all<{ createdBy: string }>(
      sql`select created_by as createdBy from secret_versions where version = 1`,
    );
    const sets = (await auditOf(app)).filter(({ action }) => action === "secret.set");
    expect(sets).toMatchObject([
      {
        at: app.clock.now,
        actor: session?.createdBy as string,
        projectId: id,
        address: "unknown",
        requestId: response.headers.get("X-Request-Id") as string,
      },
      {
        at: app.clock.now,
        actor: `service-token:${token.split("_")[1]}`,
        projectId: id,
        address: "2001:db8::1",
        requestId: byToken.headers.get("X-Request-Id") as string,
      },
    ]);
    // What the audit calls a session is not what its cookie holds.
    expect(admin.cookie).not.toContain(sets[0]?.actor.replace("session:", "") as string);
  });

  test("and a refused one appends none", async () => {
    const { id, masterKey } = await admin.createRoot("shop");
    const child = await admin.createChild("api", id);
    await admin.save(id, "prod", { A: "1" });
    const [read, write] = [await admin.createToken(id, "prod"), await admin.createToken(id, "prod", "write")];
    const before = await auditOf(app);
    const refusals = [
      await admin.save(id, "prod", { "not a name": "1" }),
      await admin.save(id, "prod", { B: "${NOT_THERE}" }),
      await admin.save(id, "nowhere", { B: "1" }),
      await admin.post(`/admin/projects/${id}/environments/prod/secrets/B/delete`),
      await admin.post("/admin/projects", { name: "shop", parentId: "", masterKey }),
      await admin.post("/admin/projects", { name: "api", parentId: String(id) }),
      await admin.post(`/admin/projects/${child}/edit`, { name: "", parentId: "" }),
      await admin.post(`/admin/projects/${child}/edit`, { name: "api", parentId: String(child) }),
      await admin.post(`/admin/projects/${child}/delete`, { confirmName: "no" }),
      await admin.post(`/admin/projects/${id}/service-tokens`, {
        name: "",
        environment: "prod",
        rights: "read",
      }),
      await admin.post(`/admin/projects/${child}/service-tokens/1/revoke`),
      await put(app, read, "B", "1"),
      await put(app, write, "B", "x".repeat(2_000_000)),
      await app.request("/api/secrets/B", { method: "DELETE", headers: bearer(write) }),
      await app.browser().save(id, "prod", { B: "1" }),
      await admin.save(id, "prod", { A: "1" }),
    ];
    const statuses = refusals.map(({ status }) => status);
    expect(statuses).toEqual([
      422, 422, 404, 404, 422, 422, 422, 422, 422, 422, 404, 403, 413, 404, 303, 303,
    ]);
    expect(await auditOf(app)).toEqual(before);
  });

  test("and holds no value, note, token or master key", async () => {
    const { id, masterKey } = await admin.createRoot("shop");
    const fields = { name: "A", value: "canary value", note: "canary note" };
    await admin.post(`/admin/projects/${id}/environments/prod/secrets`, fields);
    const token = await admin.createToken(id, "prod", "write");
    await put(app, token, "B", "canary value");
    await admin.unseal(id, masterKey);
    const text = JSON.stringify(await auditOf(app));
    for (const canary of ["canary", masterKey, token.split("_")[2] as string])
      expect(text).not.toContain(canary);
  });
});

describe("what cannot be audited is not done", () => {
  /** Everything but the audit, as text. */
  async function everything(): Promise<string> {
    const tables = await app.db.all<{ name: string }>(
      sql`select name from sqlite_master where type = 'table' and name not like 'sqlite%' and name <> 'audit_events' order by name`,
    );
    const rows = tables.map(({ name }) => app.db.all(sql.raw(`select * from ${name}`)));
    return Bun.inspect(await Promise.all(rows), { depth: 10 });
  }

  test("when the audit cannot be written, nothing is", async () => {
    const { id, masterKey } = await admin.createRoot("shop");
    const child = await admin.createChild("api", id);
    await admin.save(id, "prod", { A: "1" });
    const token = await admin.createToken(id, "prod", "write");
    const [before, events] = [await everything(), await auditOf(app)];
    await app.db.run(
      sql`create trigger no_audit before insert on audit_events begin select raise(abort, 'the disk is full'); end`,
    );
    const failures = [
      await admin.save(id, "prod", { A: "2" }),
      await admin.post(`/admin/projects/${id}/environments/prod/secrets/A/delete`),
      await put(app, token, "A", "3"),
      await admin.post("/admin/projects", { name: "web", parentId: String(id) }),
      await admin.post("/admin/projects", { name: "other", parentId: "", masterKey }),
      await admin.post(`/admin/projects/${child}/edit`, { name: "API", parentId: "" }),
      await admin.post(`/admin/projects/${child}/delete`, { confirmName: "api" }),
      await admin.post(`/admin/projects/${id}/service-tokens`, {
        name: "t",
        environment: "prod",
        rights: "read",
      }),
      await admin.post(`/admin/projects/${id}/service-tokens/1/revoke`),
      await app.browser().unseal(id, masterKey),
      await admin.get(`/admin/projects/${id}/environments/prod/secrets?decrypt=true`),
    ];
    expect(failures.map(({ status }) => status)).toEqual(failures.map(() => 500));
    for (const failure of failures) expect(await failure.text()).not.toContain("disk is full");
    expect(await everything()).toBe(before);
    expect(await auditOf(app)).toEqual(events);

    await app.db.run(sql`drop trigger no_audit`);
    expect((await admin.save(id, "prod", { A: "2" })).status).toBe(303);
    expect(firstBrokenEvent(await auditOf(app))).toBeUndefined();
  });
});

describe("the chain", () => {
  const actor = { id: "session:1", address: "::1", requestId: "r" };
  const start = { id: 0, hash: new Uint8Array(32) };
  const events = chainEvents(start, 1000, actor, [
    { action: "project.create", project: { id: 1, name: "shop" } },
    { action: "secret.set", project: { id: 1, name: "shop" }, environment: "prod", name: "A" },
    { action: "secret.delete", project: { id: 1, name: "shop" }, environment: "prod", name: "A" },
  ]);

  test("is the SHA-256 of the hash before and the event's fields as JSON", () => {
    expect(firstBrokenEvent(events)).toBeUndefined();
    expect(events[0]?.hash.toHex()).toBe(
      new Bun.CryptoHasher("sha256")
        .update(new Uint8Array(32))
        .update('[1,1000,"session:1","project.create",1,"shop",null,null,"::1","r"]')
        .digest("hex"),
    );
  });

  test("shows any event that was changed, removed, added or put elsewhere", () => {
    const [first, second, third] = events as [(typeof events)[0], (typeof events)[0], (typeof events)[0]];
    const changes = {
      at: 1001,
      actor: "session:2",
      action: "secret.delete",
      projectId: 2,
      projectName: "Shop",
      environment: "dev",
      name: "B",
      address: "::2",
      requestId: "s",
    };
    for (const change of Object.entries(changes)) {
      const changed = { ...second, ...Object.fromEntries([change]) };
      expect(firstBrokenEvent([first, changed, third])).toBe(2);
      // Who makes the changed event's own hash fit breaks the next one.
      const rehashed = { ...changed, hash: eventHash(first.hash, changed) };
      expect(firstBrokenEvent([first, rehashed, third])).toBe(3);
    }
    expect(firstBrokenEvent([second, third])).toBe(2);
    expect(firstBrokenEvent([first, third])).toBe(3);
    expect(firstBrokenEvent([first, { ...third, id: 2 }])).toBe(2);
    expect(firstBrokenEvent([first, { ...third, id: 2 }, { ...second, id: 3 }])).toBe(2);
    expect(firstBrokenEvent([first, second, { ...second, id: 3 }, { ...third, id: 4 }])).toBe(3);
  });
});
