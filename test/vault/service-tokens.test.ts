import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { serviceTokens } from "../../src/database/schema.ts";
import { bearer, createTestApp, type Fields, fetchMap, type TestApp, type TestBrowser } from "../harness.ts";
import { put, sendJson } from "./inspect.ts";

let app: TestApp;
let admin: TestBrowser;
let project: number;

beforeEach(async () => {
  app = await createTestApp({ CLIENT_IP_HEADER: "Fly-Client-IP" });
  admin = app.browser();
  ({ id: project } = await admin.createRoot("shop"));
  await admin.save(project, "prod", { A: "1" });
});
afterEach(() => app.close());

const day = 24 * 60 * 60 * 1000;

const status = async (token: string, headers: Record<string, string> = {}) =>
  (await app.request("/api/secrets", { headers: { ...bearer(token), ...headers } })).status;

const tokensPath = () => `/admin/projects/${project}/service-tokens`;

async function refusal(fields: Fields): Promise<number> {
  const complete = { name: "test", environment: "prod", rights: "read", ...fields };
  return (await admin.post(tokensPath(), complete)).status;
}

describe("a service token", () => {
  test("is taken with Bearer in any case and bare, and nothing else is", async () => {
    const token = await admin.createToken(project, "prod");
    const answer = async (authorization: string) =>
      (await app.request("/api/secrets", { headers: { Authorization: authorization } })).status;
    for (const good of [token, `Bearer ${token}`, `bearer ${token}`, `Bearer  ${token} `]) {
      expect(await answer(good)).toBe(200);
    }
    for (const bad of ["", "Bearer", `Basic ${token}`, `Bearer Bearer ${token}`, `${token}, ${token}`]) {
      expect(await answer(bad)).toBe(401);
    }
    expect((await app.request(`/api/secrets?token=${token}`)).status).toBe(401);
  });

  test("that is none, mistyped, of another database or made up gets one and the same answer", async () => {
    const token = await admin.createToken(project, "prod");
    const elsewhere = await createTestApp();
    const { id } = await elsewhere.browser().createRoot("shop");
    expect(id).toBe(project);
    const stranger = elsewhere.browser();
    const { id: other } = await stranger.createRoot("other");
    const foreign = await stranger.createToken(other, "prod");
    elsewhere.close();
    const [prefix, publicId, secret, checksum] = token.split("_") as [string, string, string, string];
    const swapped = `${secret.slice(1)}${secret[0]}`;
    const wrong = [
      "x",
      foreign,
      `${token}x`,
      [prefix, publicId, swapped, checksum].join("_"),
      [prefix, foreign.split("_")[1], secret, checksum].join("_"),
    ];
    const bodies = await Promise.all(
      wrong.map(async (text) => {
        const response = await app.request("/api/secrets", { headers: bearer(text) });
        const { requestId, ...body } = (await response.json()) as { requestId: string };
        return JSON.stringify([response.status, requestId.length, body]);
      }),
    );
    expect(new Set(bodies).size).toBe(1);
    expect(bodies[0]).toStartWith("[401,");
  });

  test("tells what it may do, and no secret", async () => {
    const fields = { name: "ci", expiresInDays: "30" };
    const token = await admin.createToken(project, "prod", "write", fields);
    const response = await app.request("/api/token", { headers: bearer(token) });
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await response.json()).toEqual({
      name: "ci",
      project: { id: project, name: "shop" },
      environment: "prod",
      rights: "write",
      expiresAt: new Date(app.clock.now + 30 * day).toISOString(),
    });
    const lasting = await admin.createToken(project, "dev");
    const answer = await app.request("/api/token/", { headers: bearer(lasting) });
    expect(await answer.json()).toMatchObject({ environment: "dev", rights: "read", expiresAt: null });
    expect((await app.request("/api/token")).status).toBe(401);
  });

  test("works while its project is sealed, to read and to write", async () => {
    const token = await admin.createToken(project, "prod", "write");
    await admin.post(`/admin/projects/${project}/seal`);
    expect((await put(app, token, "B", "2")).status).toBe(201);
    expect(await fetchMap(app, token)).toEqual({ A: "1", B: "2" });
  });
});

describe("expiry", () => {
  test("is at the exact millisecond, whether or not anything has swept", async () => {
    const token = await admin.createToken(project, "prod", "write", { expiresInDays: "1" });
    app.clock.advance(day - 1);
    expect(await status(token)).toBe(200);
    app.clock.advance(1);
    expect(await status(token)).toBe(401);
    expect((await put(app, token, "A", "2")).status).toBe(401);
    expect((await app.request("/api/token", { headers: bearer(token) })).status).toBe(401);
  });

  test("is never where none is given, and a whole number of days where one is", async () => {
    for (const days of ["0", "-1", "1.5", "3651", "1e3", "soon"]) {
      expect(await refusal({ expiresInDays: days })).toBe(422);
    }
    const token = await admin.createToken(project, "prod", "read", { expiresInDays: "" });
    app.clock.advance(4000 * day);
    expect(await status(token)).toBe(200);
  });
});

describe("revocation", () => {
  test("is at once, for good, and leaves the other tokens alone", async () => {
    const [one, two] = [await admin.createToken(project, "prod"), await admin.createToken(project, "prod")];
    expect([await status(one), await status(two)]).toEqual([200, 200]);
    expect((await admin.post(`${tokensPath()}/1/revoke`)).status).toBe(303);
    // A copy of the database that is made from now on is of no use with the token.
    const [row] = await app.db.select({ sealedKey: serviceTokens.sealedKey }).from(serviceTokens);
    expect(row?.sealedKey).toBeEmpty();
    expect([await status(one), await status(two)]).toEqual([401, 200]);
    expect(await status(one, { "If-None-Match": "*" })).toBe(401);
  });

  test("needs no key, since taking access away must always be possible", async () => {
    const token = await admin.createToken(project, "prod");
    await admin.post(`/admin/projects/${project}/seal`);
    expect((await app.browser().post(`${tokensPath()}/1/revoke`)).status).toBe(303);
    expect(await status(token)).toBe(401);
  });

  test("of another project's token is refused", async () => {
    const child = await admin.createChild("api", project);
    const token = await admin.createToken(child, "prod");
    expect((await admin.post(`${tokensPath()}/1/revoke`)).status).toBe(404);
    expect((await admin.post(`${tokensPath()}/99/revoke`)).status).toBe(404);
    expect(await status(token)).toBe(200);
  });
});

describe("allowed addresses", () => {
  test("are single ones and ranges of both families, told by the header of the settings", async () => {
    const token = await admin.createToken(project, "prod", "write", {
      allowedIps: "203.0.113.7, 10.0.0.0/8\n2001:db8::/32",
    });
    const from = (address: string) => status(token, { "Fly-Client-IP": address });
    for (const good of [
      "203.0.113.7",
      "10.255.0.1",
      "::ffff:10.1.2.3",
      "2001:db8:1::5",
      "192.0.2.1, 10.0.0.1",
    ]) {
      expect(await from(good)).toBe(200);
    }
    for (const bad of [
      "203.0.113.8",
      "11.0.0.1",
      "2001:db9::1",
      "::ffff:11.1.2.3",
      "nowhere",
      "10.0.0.1, 192.0.2.1",
      "",
    ]) {
      expect(await from(bad)).toBe(403);
    }
    // A header that the settings do not name says nothing.
    expect(await status(token, { "X-Forwarded-For": "10.0.0.1" })).toBe(403);
    expect((await put(app, token, "A", "2")).status).toBe(403);
  });

  test("are told as such only to who has the token", async () => {
    const token = await admin.createToken(project, "prod", "read", { allowedIps: "10.0.0.1" });
    expect(await status(`${token.slice(0, -1)}_`, { "Fly-Client-IP": "10.0.0.2" })).toBe(401);
    await admin.post(`${tokensPath()}/1/revoke`);
    expect(await status(token, { "Fly-Client-IP": "10.0.0.2" })).toBe(401);
  });

  test("that are none are refused, with the one at fault", async () => {
    for (const list of [
      "10.0.0",
      "10.0.0.0/33",
      "2001:db8::/129",
      "10.0.0.0/8/8",
      "example.com",
      "10.0.0.1/",
    ]) {
      expect(await refusal({ allowedIps: `192.0.2.1 ${list}` })).toBe(422);
    }
    const page = await admin.post(tokensPath(), {
      name: "t",
      environment: "prod",
      rights: "read",
      allowedIps: "10.0.0.1 10.0.0.300",
    });
    expect(await page.text()).toContain("10.0.0.300");
  });
});

describe("rights", () => {
  test("a read token may not write, by no method", async () => {
    const token = await admin.createToken(project, "prod");
    const answers = [
      await put(app, token, "A", "2"),
      await sendJson(app, token, "PATCH", "/api/secrets", { set: { A: "2" } }),
      await app.request("/api/secrets/A", { method: "DELETE", headers: bearer(token) }),
    ];
    expect(answers.map(({ status: code }) => code)).toEqual([403, 403, 403]);
    expect(await fetchMap(app, token)).toEqual({ A: "1" });
  });

  test("a write token sets, changes and deletes by PUT, PATCH and DELETE", async () => {
    const token = await admin.createToken(project, "prod", "write");
    const created = await put(app, token, "B", "2");
    expect([created.status, await created.json()]).toEqual([201, { id: 2, name: "B", version: 1 }]);
    const changed = await put(app, token, "B", "3");
    expect([changed.status, await changed.json()]).toEqual([200, { id: 2, name: "B", version: 2 }]);
    const patched = await sendJson(app, token, "PATCH", "/api/secrets/", { set: { C: "4" }, delete: ["B"] });
    expect(patched.status).toBe(200);
    const deleted = await app.request("/api/secrets/A", { method: "DELETE", headers: bearer(token) });
    expect([deleted.status, await deleted.text()]).toEqual([204, ""]);
    expect(await fetchMap(app, token)).toEqual({ C: "4" });
    expect((await put(app, token, "B", "5")).status).toBe(201);
  });

  test("a write token writes its own project and environment only", async () => {
    const child = await admin.createChild("api", project);
    const token = await admin.createToken(child, "dev", "write");
    await put(app, token, "MINE", "1");
    const others = [
      await admin.createToken(child, "prod"),
      await admin.createToken(project, "dev"),
      await admin.createToken(project, "prod"),
    ];
    expect(await Promise.all(others.map((other) => fetchMap(app, other)))).toEqual([
      { A: "1" },
      {},
      { A: "1" },
    ]);
  });

  test("that are none, and an environment that is none, are refused", async () => {
    expect(await refusal({ rights: "admin" })).toBe(422);
    expect(await refusal({ rights: "" })).toBe(422);
    expect(await refusal({ environment: "nowhere" })).toBe(422);
    expect(await refusal({ name: " " })).toBe(422);
    expect(await refusal({ name: "x".repeat(101) })).toBe(422);
    expect(await refusal({ name: "a\tb" })).toBe(422);
  });
});
