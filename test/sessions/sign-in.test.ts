/** The door to the admin pages: the password, the cookie, and whom it stays closed to without a password. */

import { afterEach, describe, expect, test } from "bun:test";
import { ConfigError, parseConfig } from "../../src/config.ts";
import { createTestApp, origin, type TestApp, type TestBrowser } from "../harness.ts";

let app: TestApp;
afterEach(() => app.close());

const password = "correct horse battery staple";
const open = async (env: Record<string, string> = {}) => {
  app = await createTestApp(env);
};

/** Where a GET of the projects leads: nowhere for who is in. */
async function isIn(browser: TestBrowser): Promise<boolean> {
  const response = await browser.get("/admin/projects");
  if (response.status !== 200) expect(response.headers.get("Location")).toBe("/admin/sign-in");
  return response.status === 200;
}

async function actions(): Promise<string[]> {
  const { rows } = await app.db.$client.execute("select action from audit_events order by id");
  return rows.map(({ action }) => String(action)).filter((action) => action.startsWith("session."));
}

describe("with a password", () => {
  test("the right one lets in, and says so in the audit", async () => {
    await open({ ADMIN_PASSWORD: password });
    const browser = app.browser();
    expect(await isIn(browser)).toBe(false);
    const response = await browser.post("/admin/sign-in", { password });
    expect([response.status, response.headers.get("Location")]).toEqual([303, "/admin/projects"]);
    expect(await isIn(browser)).toBe(true);
    expect(await actions()).toEqual(["session.sign-in"]);
  });

  test("a wrong one does not: nearly right, empty, absent, in the wrong field or in the address", async () => {
    await open({ ADMIN_PASSWORD: password });
    const browser = app.browser();
    const wrong = [
      `${password} `,
      password.toUpperCase(),
      password.slice(0, -1),
      "",
      "\0",
      password.repeat(1000),
    ];
    for (const attempt of wrong) {
      const response = await browser.post("/admin/sign-in", { password: attempt });
      expect(response.status).toBe(401);
      expect(await response.text()).toContain("This is not the admin password.");
    }
    expect((await browser.post("/admin/sign-in")).status).toBe(401);
    expect((await browser.post("/admin/sign-in", { Password: password })).status).toBe(401);
    expect((await browser.post(`/admin/sign-in?password=${encodeURIComponent(password)}`)).status).toBe(401);
    expect([browser.cookie, await isIn(browser)]).toEqual(["", false]);
    expect(new Set(await actions())).toEqual(new Set(["session.sign-in-refused"]));
  });

  test("the session is a new one at every sign-in, so that nobody can plant theirs", async () => {
    await open({ ADMIN_PASSWORD: password });
    const planted = `secretsfly_session=${"A".repeat(43)}`;
    const body = new URLSearchParams({ password });
    const headers = { Cookie: planted, Origin: origin };
    const response = await app.request("/admin/sign-in", { method: "POST", body, headers });
    const set = response.headers.get("Set-Cookie") ?? "";
    expect(set).toStartWith("secretsfly_session=");
    expect(set).not.toContain("AAAAAAAA");
    expect((await app.request("/admin/projects", { headers: { Cookie: planted } })).status).toBe(303);

    const browser = app.browser();
    await browser.post("/admin/sign-in", { password });
    const first = browser.cookie;
    await browser.post("/admin/sign-in", { password });
    expect(browser.cookie).not.toBe(first);
    expect((await app.request("/admin/projects", { headers: { Cookie: first } })).status).toBe(303);
  });

  test("signing out ends the session and the keys that it held", async () => {
    await open({ ADMIN_PASSWORD: password });
    const browser = app.browser();
    await browser.post("/admin/sign-in", { password });
    const { id } = await browser.createRoot("shop");
    const cookie = browser.cookie;
    const secret = cookie.split("=")[1] ?? "";
    const session = app.sessions.find(secret);
    expect(session?.keyring.get(id)?.rootId).toBe(id);
    const response = await browser.post("/admin/sign-out");
    expect(response.headers.get("Set-Cookie")).toContain("Max-Age=0");
    expect(session?.keyring.get(id)).toBeUndefined();
    expect(app.sessions.find(secret)).toBeUndefined();
    expect((await app.request("/admin/projects", { headers: { Cookie: cookie } })).status).toBe(303);
    expect(await actions()).toEqual(["session.sign-in", "session.sign-out"]);
  });

  test("it lets in from anywhere, also through a proxy", async () => {
    await open({ ADMIN_PASSWORD: password, PUBLIC_ORIGIN: "https://secrets.example.com" });
    const proxied = { "X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https" };
    const headers = { ...proxied, Origin: "https://secrets.example.com" };
    const response = await app.request("/admin/sign-in", {
      method: "POST",
      body: new URLSearchParams({ password }),
      headers,
    });
    expect([response.status, response.headers.get("Location")]).toEqual([303, "/admin/projects"]);
  });
});

describe("the session's cookie", () => {
  const setCookie = async (env: Record<string, string>, from: string) => {
    await open({ ADMIN_PASSWORD: password, ADMIN_SESSION_EXPIRATION: "1234", ...env });
    const body = new URLSearchParams({ password });
    const response = await app.request("/admin/sign-in", { method: "POST", body, headers: { Origin: from } });
    const [pair = "", ...attributes] = (response.headers.getSetCookie()[0] ?? "").split("; ");
    return { name: pair.split("=")[0], attributes: attributes.sort() };
  };
  const always = ["HttpOnly", "Max-Age=1234", "SameSite=Strict"];

  test("is HttpOnly and SameSite=Strict, and lives as long as the session", async () => {
    // Cookies know no ports: another server on localhost is not sent what has this path.
    const attributes = [...always, "Path=/admin"].sort();
    expect(await setCookie({}, origin)).toEqual({ name: "secretsfly_session", attributes });
  });

  test("is Secure and __Host- behind https, and has no Domain", async () => {
    const https = "https://secrets.example.com";
    expect(await setCookie({ PUBLIC_ORIGIN: https }, https)).toEqual({
      name: "__Host-secretsfly_session",
      attributes: [...always, "Path=/", "Secure"].sort(),
    });
  });

  test("is taken under its full name only behind https, so that a sibling domain cannot set one", async () => {
    const https = "https://secrets.example.com";
    await open({ ADMIN_PASSWORD: password, PUBLIC_ORIGIN: https });
    const { secret } = app.sessions.create(true);
    const get = (name: string) =>
      app.request("/admin/projects", { headers: { Cookie: `${name}=${secret}` } });
    expect((await get("__Host-secretsfly_session")).status).toBe(200);
    expect((await get("secretsfly_session")).status).toBe(303);
  });

  test("is not set before there is something to remember, nor by the API", async () => {
    await open();
    for (const path of [
      "/",
      "/livez",
      "/api/status",
      "/api/secrets",
      "/admin/projects",
      "/admin/sign-in",
      "/nothing",
    ]) {
      expect((await app.request(path)).headers.get("Set-Cookie")).toBeNull();
    }
  });
});

describe("without a password the admin pages are closed", () => {
  const hosts: [string, number][] = [
    ["http://localhost:3000", 200],
    ["http://127.0.0.1:3000", 200],
    ["http://127.8.9.10:3000", 200],
    ["http://[::1]:3000", 200],
    ["http://LOCALHOST", 200],
    ["http://secrets.example.com", 403],
    ["http://192.168.1.2:3000", 403],
    ["http://0.0.0.0:3000", 403],
    ["http://localhost.evil.example:3000", 403],
    ["http://127.0.0.1.evil.example", 403],
    ["http://evil.example?localhost", 403],
    ["http://localhost@evil.example", 403],
  ];
  for (const [host, status] of hosts) {
    test(`to a browser that asks for ${host}: ${status}`, async () => {
      await open();
      const url = new URL(host);
      url.pathname = "/admin/projects";
      const headers = { Host: url.host };
      const response = await app.app.request(`${url.origin}/admin/projects`, { headers });
      expect(response.status).toBe(status);
      if (status === 403) expect(await response.text()).toContain("Set ADMIN_PASSWORD");
    });
  }

  const proxies = [
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "Forwarded",
    "Via",
    "Fly-Client-IP",
    "CF-Connecting-IP",
    "True-Client-IP",
  ];
  for (const header of proxies) {
    test(`to a request with ${header}, even an empty one: 403`, async () => {
      await open();
      for (const value of ["127.0.0.1", ""]) {
        for (const path of ["/admin/projects", "/admin/sign-in", "/admin/nothing"]) {
          expect((await app.request(path, { headers: { [header]: value } })).status).toBe(403);
        }
      }
      expect((await app.request("/api/status", { headers: { [header]: "198.51.100.1" } })).status).toBe(200);
    });
  }

  test("and the server does not start where other machines can reach it", async () => {
    await open();
    for (const HOST of [
      "0.0.0.0",
      "::",
      "192.168.1.2",
      "secrets.example.com",
      "127.0.0.1.evil.example",
      "1270.0.0.1",
    ]) {
      expect(() => parseConfig({ HOST })).toThrow(ConfigError);
      expect(() => parseConfig({ HOST })).toThrow(/ADMIN_PASSWORD must be set/);
      expect(parseConfig({ HOST, ADMIN_PASSWORD: password }).HOST).toBe(HOST);
    }
    for (const HOST of ["", "127.0.0.1", "localhost", "::1"]) expect(parseConfig({ HOST })).toBeDefined();
  });

  test("there is nothing to sign in to", async () => {
    await open();
    const browser = app.browser();
    for (const response of [
      await browser.get("/admin/sign-in"),
      await browser.post("/admin/sign-in", { password: "" }),
    ]) {
      expect([response.status, response.headers.get("Location")]).toEqual([303, "/admin/projects"]);
    }
    expect(browser.cookie).toBe("");
  });
});

describe("a form's origin", () => {
  const post = (headers: Record<string, string>, host = origin) =>
    app.app.request(`${host}/admin/projects`, {
      method: "POST",
      body: new URLSearchParams({ name: "" }),
      headers,
    });

  test("is the address that was asked for where no PUBLIC_ORIGIN is set", async () => {
    await open();
    expect((await post({ Origin: origin })).status).toBe(422);
    expect((await post({ Origin: "http://127.0.0.1:3000" }, "http://127.0.0.1:3000")).status).toBe(422);
    expect((await post({ Origin: "http://127.0.0.1:3000" })).status).toBe(403);
    expect((await post({ Origin: "https://localhost:3000" })).status).toBe(403);
  });

  test("is PUBLIC_ORIGIN where it is set, and no longer the address that was asked for", async () => {
    await open({ PUBLIC_ORIGIN: "https://secrets.example.com", ADMIN_PASSWORD: password });
    const { secret } = app.sessions.create(true);
    const Cookie = `__Host-secretsfly_session=${secret}`;
    expect((await post({ Origin: "https://secrets.example.com", Cookie })).status).toBe(422);
    for (const Origin of [origin, "http://secrets.example.com", "https://secrets.example.com:8443", "null"]) {
      const response = await post({ Origin, Cookie });
      expect(response.status).toBe(403);
      expect(await response.text()).toContain("PUBLIC_ORIGIN");
    }
  });
});
