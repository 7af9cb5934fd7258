/**
 * Every route of the app against everybody who may not use it. The routes come from the app itself: one that
 * is added without a row in the tables below fails the first test.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { systemRandom } from "../../src/cryptography/bytes.ts";
import {
  formatServiceToken,
  generateServiceToken,
  parseServiceToken,
} from "../../src/cryptography/service-token.ts";
import { bearer, createTestApp, type Fields, origin, type TestApp, type TestBrowser } from "../harness.ts";
import { snapshot } from "./snapshot.ts";

const password = "the admin's password";
const day = 24 * 60 * 60 * 1000;

/** What no answer to a request that is refused may hold: values, notes, names of secrets, keys, tokens, places in the code. */
const secret = [
  "v-shop",
  "v-other",
  "note-",
  "SHOP_SECRET",
  "OTHER_SECRET",
  "sfmk_",
  "sfly_",
  "/src/",
  ".ts:",
];
/** And what only those may see who are signed in, or hold a token of it. */
const names = ["shop-project", "other-project"];

let app: TestApp;
let masterKey: string;
let shop: number;
let other: number;
/** Service tokens by what is wrong, or right, with them. */
const tokens: Record<string, string> = {};
/** Id of a service token of `shop` that may be revoked, and of one of `other`. */
let shopTokenId: number;
let otherTokenId: number;

beforeAll(async () => {
  app = await createTestApp({ ADMIN_PASSWORD: password, CLIENT_IP_HEADER: "fly-client-ip" });
  const admin = await signIn();
  const created = await admin.createRoot("shop-project");
  shop = created.id;
  masterKey = created.masterKey;
  other = (await admin.createRoot("other-project", "a passphrase of the other")).id;
  const secrets = (id: number, environment: string) =>
    `/admin/projects/${id}/environments/${environment}/secrets`;
  const save = (path: string, name: string, value: string) =>
    admin.post(path, { name, value, note: value.replace("v-", "note-") });
  await save(secrets(shop, "dev"), "SHOP_SECRET", "v-shop-dev");
  await save(secrets(shop, "prod"), "SHOP_SECRET", "v-shop-prod");
  await save(secrets(shop, "prod"), "SHOP_SECRET_OF_PROD", "v-shop-before");
  await save(secrets(shop, "prod"), "SHOP_SECRET_OF_PROD", "v-shop-prod");
  await save(secrets(other, "dev"), "OTHER_SECRET", "v-other");
  tokens.read = await admin.createToken(shop, "dev", "read");
  tokens.write = await admin.createToken(shop, "dev", "write");
  tokens.expired = await admin.createToken(shop, "dev", "write", { expiresInDays: "1" });
  tokens.revoked = await admin.createToken(shop, "dev", "write");
  tokens.prod = await admin.createToken(shop, "prod", "write");
  tokens.other = await admin.createToken(other, "dev", "write");
  tokens.elsewhere = await admin.createToken(shop, "dev", "write", {
    allowedIps: "203.0.113.0/24, 2001:db8::/32",
  });
  const unknown = generateServiceToken(systemRandom);
  tokens.unknown = formatServiceToken(unknown);
  const id = parseServiceToken(tokens.write)?.id ?? "";
  tokens.wrongSecret = formatServiceToken({ id, secret: systemRandom(32) });
  tokens.mistyped = tokens.write.slice(0, -1) + (tokens.write.endsWith("0") ? "1" : "0");
  const revokePath = (project: number, token: number) =>
    `/admin/projects/${project}/service-tokens/${token}/revoke`;
  const listed = async (project: number) => {
    const page = await admin.open(`/admin/projects/${project}/service-tokens`);
    return [...page.matchAll(/service-tokens\/(\d+)\/revoke/g)].map(([, id]) => Number(id));
  };
  // Newest first: elsewhere, prod, revoked, expired, write, read.
  const [, , revoked, , , read] = await listed(shop);
  shopTokenId = read ?? 0;
  otherTokenId = (await listed(other))[0] ?? 0;
  await admin.post(revokePath(shop, revoked ?? 0));
  app.clock.advance(day);
});
afterAll(() => app.close());

async function signIn(): Promise<TestBrowser> {
  const browser = app.browser();
  expect((await browser.post("/admin/sign-in", { password })).status).toBe(303);
  return browser;
}

/** The methods and paths that the app itself says it answers to, middleware left out. */
function ownRoutes(): string[] {
  const routes = app.app.routes.filter(({ method }) => method !== "ALL");
  return [
    ...new Set(routes.map(({ method, path }) => `${method} ${path.replace(/-[0-9a-f]{12}\./, "-*.")}`)),
  ];
}

/** A route that anybody may ask, with the status that they get. */
const openRoutes: Record<string, number> = {
  "GET /": 302,
  "GET /livez": 200,
  "GET /assets/style-*.css": 200,
  "GET /assets/app-*.js": 200,
  "GET /assets/favicon-*.svg": 200,
  "GET /api/status": 200,
  "GET /api/openapi.json": 200,
  "GET /api/docs": 200,
};

interface ApiRoute {
  needs: "read" | "write";
  path: string;
  body?: string;
  status: number;
}

const apiRoutes: Record<string, ApiRoute> = {
  "GET /api/token": { needs: "read", path: "/api/token", status: 200 },
  "GET /api/secrets": { needs: "read", path: "/api/secrets", status: 200 },
  "GET /api/secrets/events": { needs: "read", path: "/api/secrets/events", status: 200 },
  "GET /api/secrets/:name": { needs: "read", path: "/api/secrets/SHOP_SECRET", status: 200 },
  "PATCH /api/secrets": { needs: "write", path: "/api/secrets", body: '{"set":{"NEW":"n"}}', status: 200 },
  "PUT /api/secrets/:name": {
    needs: "write",
    path: "/api/secrets/PUT_NEW",
    body: '{"value":"n"}',
    status: 201,
  },
  "DELETE /api/secrets/:name": { needs: "write", path: "/api/secrets/NEW", status: 204 },
};

interface AdminRoute {
  path: () => string;
  /** A form for it. */
  fields?: () => Fields;
  /** Answered to a session that has not unsealed the project: a status, or the way to where it can be unsealed. */
  sealed: number | "unseal first";
  /** Answered without a session where a password is set; the way to the sign-in page unless told. */
  signedOut?: number;
  /** A word of `secret` that it may say because it is not one of ours. */
  suggests?: string;
  /** What it shows to a session that has unsealed the project, where that is all it does. */
  shows?: string;
  /** The numbers in its path, by the place they are for. */
  ids?: { project?: true; token?: true };
}

const inProject = { project: true } as const;
const inShop = (rest: string) => () => `/admin/projects/${shop}${rest}`;

const adminRoutes: Record<string, AdminRoute> = {
  "GET /admin": { path: () => "/admin", sealed: 302 },
  "GET /admin/sign-in": { path: () => "/admin/sign-in", sealed: 303, signedOut: 200 },
  "POST /admin/sign-in": {
    path: () => "/admin/sign-in",
    fields: () => ({ password: "wrong" }),
    sealed: 401,
    signedOut: 401,
  },
  "POST /admin/sign-out": { path: () => "/admin/sign-out", sealed: 303 },
  "POST /admin/seal": { path: () => "/admin/seal", sealed: 303 },
  "GET /admin/audit": { path: () => "/admin/audit", sealed: 200 },
  "GET /admin/projects/:id/audit": { path: inShop("/audit"), sealed: 200, ids: inProject },
  "GET /admin/projects": { path: () => "/admin/projects", sealed: 200 },
  "POST /admin/projects": {
    path: () => "/admin/projects",
    fields: () => ({ name: "child", parentId: String(shop) }),
    sealed: "unseal first",
  },
  "GET /admin/projects/:id": { path: inShop(""), sealed: 200, ids: inProject },
  "POST /admin/projects/:id/unseal": {
    path: inShop("/unseal"),
    fields: () => ({ masterKey: "not the master key" }),
    sealed: 422,
    ids: inProject,
  },
  "POST /admin/projects/:id/seal": { path: inShop("/seal"), sealed: 303, ids: inProject },
  "POST /admin/projects/:id/edit": {
    path: inShop("/edit"),
    fields: () => ({ name: "x" }),
    sealed: "unseal first",
    ids: inProject,
  },
  "POST /admin/projects/:id/delete": {
    path: inShop("/delete"),
    fields: () => ({ confirmName: "shop-project" }),
    sealed: "unseal first",
    ids: inProject,
  },
  "GET /admin/projects/:id/environments/:environment/secrets": {
    path: inShop("/environments/dev/secrets?decrypt=true"),
    sealed: "unseal first",
    ids: inProject,
  },
  "POST /admin/projects/:id/environments/:environment/secrets": {
    path: inShop("/environments/dev/secrets"),
    fields: () => ({ name: "NEW_SECRET", value: "x" }),
    sealed: "unseal first",
    ids: inProject,
  },
  "GET /admin/projects/:id/environments/:environment/secrets/:name": {
    path: inShop("/environments/dev/secrets/SHOP_SECRET"),
    sealed: "unseal first",
    shows: "v-shop-dev",
    ids: inProject,
  },
  "POST /admin/projects/:id/environments/:environment/secrets/:name/delete": {
    path: inShop("/environments/dev/secrets/SHOP_SECRET/delete"),
    sealed: "unseal first",
    ids: inProject,
  },
  "GET /admin/projects/:id/environments/:environment/secrets/:name/history": {
    path: inShop("/environments/prod/secrets/SHOP_SECRET_OF_PROD/history?from=1&to=2"),
    sealed: "unseal first",
    ids: inProject,
  },
  "POST /admin/projects/:id/environments/:environment/secrets/:name/rollback": {
    path: inShop("/environments/prod/secrets/SHOP_SECRET_OF_PROD/rollback"),
    fields: () => ({ version: "1" }),
    sealed: "unseal first",
    ids: inProject,
  },
  "GET /admin/projects/:id/environments/:environment/history": {
    path: inShop("/environments/dev/history"),
    sealed: "unseal first",
    shows: "SHOP_SECRET",
    ids: inProject,
  },
  "GET /admin/projects/:id/environments/:environment/rollback": {
    path: inShop("/environments/dev/rollback?at=1"),
    sealed: "unseal first",
    shows: "SHOP_SECRET",
    ids: inProject,
  },
  "POST /admin/projects/:id/environments/:environment/rollback": {
    path: inShop("/environments/dev/rollback"),
    fields: () => ({ at: "1", confirm: "true" }),
    sealed: "unseal first",
    ids: inProject,
  },
  "GET /admin/projects/:id/compare": {
    path: inShop("/compare"),
    sealed: "unseal first",
    shows: "SHOP_SECRET",
    ids: inProject,
  },
  "GET /admin/projects/:id/environments/:environment/import": {
    path: inShop("/environments/dev/import"),
    sealed: "unseal first",
    shows: "Names and values",
    ids: inProject,
  },
  "POST /admin/projects/:id/environments/:environment/import": {
    path: inShop("/environments/dev/import"),
    fields: () => ({ text: "IMPORTED=x", confirm: "true" }),
    sealed: "unseal first",
    ids: inProject,
  },
  "GET /admin/projects/:id/environments/:environment/export": {
    path: inShop("/environments/dev/export?format=env"),
    sealed: "unseal first",
    shows: "v-shop-dev",
    ids: inProject,
  },
  "POST /admin/projects/:id/environments/:environment/copy": {
    path: inShop("/environments/dev/copy"),
    fields: () => ({ from: "prod", names: "SHOP_SECRET_OF_PROD" }),
    sealed: "unseal first",
    ids: inProject,
  },
  "GET /admin/projects/:id/rotate": {
    path: inShop("/rotate"),
    // With a key made for whoever asks, which opens nothing yet.
    sealed: 200,
    suggests: "sfmk_",
    ids: inProject,
  },
  "POST /admin/projects/:id/rotate": {
    path: inShop("/rotate"),
    fields: () => ({ currentMasterKey: "not the master key", newMasterKey: "" }),
    sealed: 422,
    ids: inProject,
  },
  "GET /admin/projects/:id/rotate/progress": {
    path: inShop("/rotate/progress"),
    sealed: 204,
    ids: inProject,
  },
  "GET /admin/projects/:id/service-tokens": { path: inShop("/service-tokens"), sealed: 200, ids: inProject },
  "POST /admin/projects/:id/service-tokens": {
    path: inShop("/service-tokens"),
    fields: () => ({ name: "new", environment: "dev", rights: "read" }),
    sealed: "unseal first",
    ids: inProject,
  },
  "POST /admin/projects/:id/service-tokens/:tokenId/revoke": {
    path: () => `/admin/projects/${shop}/service-tokens/${shopTokenId}/revoke`,
    // Taking access away needs no key.
    sealed: 303,
    ids: { project: true, token: true },
  },
};

test("every route of the app has a row in one of the tables, and no row is for a route that is gone", () => {
  const rows = [openRoutes, apiRoutes, adminRoutes].flatMap((table) => Object.keys(table));
  expect(rows.sort()).toEqual(ownRoutes().sort());
});

/** What an answer says, without what differs between two of the same. */
async function told(response: Response) {
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== "x-request-id"));
  const id = response.headers.get("X-Request-Id") ?? "no request id";
  return { status: response.status, headers, body: (await response.text()).replaceAll(id, "") };
}

/** Checks that nothing is said in a response, headers included, that its reader must not know. */
async function expectSilence(response: Response, words: readonly string[]): Promise<void> {
  const { headers, body } = await told(response);
  const text = `${JSON.stringify(headers)} ${body}`;
  expect(words.filter((word) => text.includes(word))).toEqual([]);
}

async function ask(
  { path, body }: Pick<ApiRoute, "path" | "body">,
  method: string,
  headers: Record<string, string>,
  to = app,
): Promise<Response> {
  const typed = body === undefined ? {} : { "Content-Type": "application/json" };
  const init = { method, headers: { ...typed, ...headers }, ...(body !== undefined && { body }) };
  return ended(await to.request(path, init));
}

/** An answer that ends: of a stream of events, what it says at once. */
async function ended(response: Response): Promise<Response> {
  if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) return response;
  const reader = response.body?.getReader();
  const first = (await reader?.read())?.value;
  await reader?.cancel();
  return new Response(first ?? null, response);
}

const methodOf = (route: string) => route.slice(0, route.indexOf(" "));
const token = (name: string) => tokens[name] ?? "";

const strangers: { who: string; headers: () => Record<string, string>; status: number }[] = [
  { who: "no credentials", headers: () => ({}), status: 401 },
  { who: "an empty Authorization", headers: () => ({ Authorization: "" }), status: 401 },
  { who: "a bearer of nothing", headers: () => ({ Authorization: "Bearer" }), status: 401 },
  { who: "another scheme", headers: () => ({ Authorization: `Basic ${btoa(token("write"))}` }), status: 401 },
  { who: "the token in another header", headers: () => ({ "X-Api-Key": token("write") }), status: 401 },
  {
    who: "the token in a cookie",
    headers: () => ({ Cookie: `secretsfly_session=${token("write")}` }),
    status: 401,
  },
  { who: "a malformed token", headers: () => bearer("sfly_this_is_none"), status: 401 },
  { who: "two tokens", headers: () => bearer(`${token("read")}, Bearer ${token("write")}`), status: 401 },
  { who: "a mistyped token", headers: () => bearer(token("mistyped")), status: 401 },
  { who: "an unknown token", headers: () => bearer(token("unknown")), status: 401 },
  { who: "a wrong secret under a right id", headers: () => bearer(token("wrongSecret")), status: 401 },
  { who: "an expired token", headers: () => bearer(token("expired")), status: 401 },
  { who: "a revoked token", headers: () => bearer(token("revoked")), status: 401 },
  { who: "the master key as a token", headers: () => bearer(masterKey), status: 401 },
  { who: "a token from an unknown address", headers: () => bearer(token("elsewhere")), status: 403 },
  {
    who: "a token from an address that is not allowed",
    headers: () => ({ ...bearer(token("elsewhere")), "Fly-Client-IP": "198.51.100.1" }),
    status: 403,
  },
  {
    who: "a token from an allowed address that only another header claims",
    headers: () => ({
      ...bearer(token("elsewhere")),
      "Fly-Client-IP": "198.51.100.1",
      "X-Forwarded-For": "203.0.113.7",
      Forwarded: "for=203.0.113.7",
    }),
    status: 403,
  },
];

describe("the API refuses", () => {
  for (const { who, headers, status } of strangers) {
    for (const [route, row] of Object.entries(apiRoutes)) {
      test(`${who} at ${route}: ${status}`, async () => {
        const before = snapshot(app);
        const response = await ask(row, methodOf(route), headers());
        expect(response.status).toBe(status);
        expect(response.headers.get("Content-Type")).toBe("application/problem+json");
        expect(response.headers.get("WWW-Authenticate") !== null).toBe(status === 401);
        await expectSilence(response, [...secret, ...names, "ETag", token("write")]);
        expect(snapshot(app)).toEqual(before);
      });
    }
  }

  test("every bad token in the same words", async () => {
    const bad = strangers.filter(({ status }) => status === 401);
    const answers = await Promise.all(
      bad.map(async ({ headers }) =>
        JSON.stringify(await told(await app.request("/api/secrets", { headers: headers() }))),
      ),
    );
    expect(new Set(answers).size).toBe(1);
  });

  for (const [route, row] of Object.entries(apiRoutes).filter(([, { needs }]) => needs === "write")) {
    test(`a read token at ${route}: 403`, async () => {
      const before = snapshot(app);
      const response = await ask(row, methodOf(route), bearer(token("read")));
      expect(response.status).toBe(403);
      await expectSilence(response, [...secret, ...names]);
      expect(snapshot(app)).toEqual(before);
    });
  }
});

describe("a token reaches its own project and environment only", () => {
  for (const [who, own] of [
    ["prod", "v-shop-prod"],
    ["other", "v-other"],
  ] as const) {
    for (const [route, row] of Object.entries(apiRoutes)) {
      test(`the token of ${who} at ${route}`, async () => {
        const copy = await app.copy();
        const response = await ask(row, methodOf(route), bearer(token(who)), copy);
        expect(response.status).toBeLessThan(500);
        const body = await response.text();
        expect(body).not.toContain("v-shop-dev");
        if (route === "GET /api/secrets") expect(body).toContain(own);
        if (who === "other") expect(body).not.toContain("shop-project");
        const read = await copy.request("/api/secrets?format=map", { headers: bearer(token("read")) });
        expect(await read.text()).toBe('{"SHOP_SECRET":"v-shop-dev"}');
        copy.close();
      });
    }
  }
});

describe("the API serves", () => {
  test("a good token while everything is sealed, route by route", async () => {
    const copy = await app.copy();
    for (const [route, row] of Object.entries(apiRoutes)) {
      const response = await ask(row, methodOf(route), bearer(token("write")), copy);
      expect(`${route} ${response.status}`).toBe(`${route} ${row.status}`);
      expect(response.headers.get("Cache-Control")).toBe("no-store");
    }
    copy.close();
  });

  const good: [string, () => Record<string, string>][] = [
    ["the bare token", () => ({ Authorization: token("read") })],
    ["a bearer in small letters", () => ({ Authorization: `bearer ${token("read")}` })],
    ["an allowed address", () => ({ ...bearer(token("elsewhere")), "Fly-Client-IP": "203.0.113.7" })],
    ["an allowed IPv6 address", () => ({ ...bearer(token("elsewhere")), "Fly-Client-IP": "2001:db8::1" })],
    [
      "an IPv4 address written as IPv6",
      () => ({ ...bearer(token("elsewhere")), "Fly-Client-IP": "::ffff:203.0.113.7" }),
    ],
  ];
  for (const [what, headers] of good) {
    test(what, async () => {
      const response = await app.request("/api/secrets?format=map", { headers: headers() });
      expect([response.status, await response.text()]).toEqual([200, '{"SHOP_SECRET":"v-shop-dev"}']);
    });
  }
});

const getRoutes = [...Object.keys(openRoutes), ...Object.keys(apiRoutes), ...Object.keys(adminRoutes)].filter(
  (route) => methodOf(route) === "GET",
);

/** A path of a GET route. */
function pathOf(route: string): string {
  const asset = app.app.routes.find(({ path }) => `GET ${path.replace(/-[0-9a-f]{12}\./, "-*.")}` === route);
  return adminRoutes[route]?.path() ?? apiRoutes[route]?.path ?? asset?.path ?? "/";
}

describe("HEAD says what GET says, without the body", () => {
  for (const route of getRoutes) {
    test(route, async () => {
      const admin = await signIn();
      for (const headers of [{}, bearer(token("read")), bearer(token("expired")), { Cookie: admin.cookie }]) {
        const path = pathOf(route);
        const get = await told(await ended(await app.request(path, { headers })));
        const head = await told(await app.request(path, { method: "HEAD", headers }));
        // To GET the server adds it, from the body.
        delete head.headers["content-length"];
        expect(head).toEqual({ ...get, body: "" });
      }
    });
  }
});

describe("signed out, the admin pages", () => {
  for (const [route, { path, fields, signedOut = 303 }] of Object.entries(adminRoutes)) {
    test(`answer ${signedOut} at ${route}`, async () => {
      const { audit_events: _events, ...before } = snapshot(app);
      const browser = app.browser();
      const response = await send(browser, route, path(), fields?.());
      expect(response.status).toBe(signedOut);
      if (signedOut === 303) expect(response.headers.get("Location")).toBe("/admin/sign-in");
      expect(browser.cookie).toBe("");
      await expectSilence(response, [...secret, ...names, password]);
      expect(snapshot(app)).toMatchObject(before);
    });
  }
});

function send(browser: TestBrowser, route: string, path: string, fields: Fields = {}): Promise<Response> {
  return methodOf(route) === "GET" ? browser.get(path) : browser.post(path, fields);
}

describe("signed in, with the project sealed in this session and unsealed in another", () => {
  for (const [route, { path, fields, sealed, suggests }] of Object.entries(adminRoutes)) {
    test(`${route}: ${sealed}`, async () => {
      const copy = await app.copy();
      const [somebody, admin] = [copy.browser(), copy.browser()];
      for (const browser of [somebody, admin]) await browser.post("/admin/sign-in", { password });
      await somebody.unseal(shop, masterKey);
      const response = await send(admin, route, path(), fields?.());
      expect(response.status).toBe(sealed === "unseal first" ? 303 : sealed);
      if (sealed === "unseal first") {
        expect(response.headers.get("Location")).toBe(`/admin/projects/${shop}`);
        expect(await admin.open(`/admin/projects/${shop}`)).toContain("This project is sealed.");
      }
      await expectSilence(response, [
        ...secret.filter((word) => word !== "sfly_" && word !== suggests),
        token("read"),
        token("write"),
        masterKey,
      ]);
      const values = await copy.request("/api/secrets?format=map", { headers: bearer(token("write")) });
      expect(await values.text()).toBe('{"SHOP_SECRET":"v-shop-dev"}');
      copy.close();
    });
  }
});

describe("signed in, with the project unsealed in this session", () => {
  const needKey = Object.entries(adminRoutes).filter(([, { sealed }]) => sealed === "unseal first");
  for (const [route, { path, fields, shows }] of needKey) {
    test(`${route} does what it is for`, async () => {
      const copy = await app.copy();
      const admin = copy.browser();
      await admin.post("/admin/sign-in", { password });
      await admin.unseal(shop, masterKey);
      const before = snapshot(copy);
      const response = await send(admin, route, path(), fields?.());
      expect(response.status).toBeLessThan(400);
      if (shows !== undefined) expect(await response.text()).toContain(shows);
      else expect(snapshot(copy)).not.toEqual(before);
      copy.close();
    });
  }
});

const posts = Object.entries(adminRoutes).filter(([route]) => methodOf(route) === "POST");

describe("a form that no page of ours has sent", () => {
  const foreign: [string, Record<string, string>][] = [
    ["from another origin", { Origin: "https://evil.example" }],
    ["from another port", { Origin: "http://localhost:3001" }],
    ["from an origin with the same beginning", { Origin: `${origin}.evil.example` }],
    ["from a sandbox", { Origin: "null" }],
    ["that says it is from another site", { "Sec-Fetch-Site": "cross-site" }],
    ["without an origin", {}],
    ["without an origin, with our own Referer", { Referer: `${origin}/admin/projects` }],
  ];
  for (const [what, headers] of foreign) {
    for (const [route, { path, fields }] of posts) {
      test(`${what} is refused at ${route}: 403`, async () => {
        const admin = await signIn();
        const before = snapshot(app);
        const body = new URLSearchParams(fields?.() as Record<string, string>);
        const response = await app.request(path(), {
          method: "POST",
          body,
          headers: { ...headers, Cookie: admin.cookie },
        });
        expect(response.status).toBe(403);
        await expectSilence(response, [...secret, ...names]);
        expect(snapshot(app)).toEqual(before);
      });
    }
  }
});

const onlyPosts = posts.filter(([route]) => !(route.replace("POST", "GET") in adminRoutes));

describe("what changes something", () => {
  for (const [route, { path }] of onlyPosts) {
    test(`does not answer to GET at ${route}: 405`, async () => {
      const admin = await signIn();
      const before = snapshot(app);
      const response = await admin.get(path());
      expect([response.status, response.headers.get("Allow")]).toEqual([405, "POST"]);
      expect(snapshot(app)).toEqual(before);
    });
  }

  for (const [route, { path, fields }] of posts) {
    for (const type of ["application/json", "text/plain", "multipart/mixed; boundary=x", "image/png"]) {
      test(`takes no ${type} at ${route}: 415`, async () => {
        const admin = await signIn();
        const before = snapshot(app);
        const init = { method: "POST", body: JSON.stringify(fields?.() ?? {}) };
        const headers = { "Content-Type": type, Origin: origin, Cookie: admin.cookie };
        const response = await app.request(path(), { ...init, headers });
        expect(response.status).toBe(415);
        expect(snapshot(app)).toEqual(before);
      });
    }
  }
});

/** Ids that no row has, or that are none. */
const wrongIds = [
  "999999",
  "0",
  "-1",
  "1.5",
  "1e0",
  "01",
  "0x1",
  "abc",
  "%20",
  "1%00",
  "99999999999999999999",
  "__proto__",
];

describe("an id that is nothing's", () => {
  for (const [route, { path, fields, ids }] of Object.entries(adminRoutes)) {
    for (const kind of Object.keys(ids ?? {})) {
      test(`of a ${kind} at ${route}: 404`, async () => {
        const admin = await signIn();
        await admin.unseal(shop, masterKey);
        const before = snapshot(app);
        for (const id of wrongIds) {
          const pattern = kind === "token" ? /service-tokens\/\d+/ : /projects\/\d+/;
          const wrong = path().replace(pattern, (text) => text.replace(/\d+/, id));
          const response = await send(admin, route, wrong, fields?.());
          expect(`${id} ${response.status}`).toBe(`${id} 404`);
          await expectSilence(response, secret);
        }
        expect(snapshot(app)).toEqual(before);
      });
    }
  }

  test("a service token of another project cannot be revoked by this one's address: 404", async () => {
    const admin = await signIn();
    const before = snapshot(app);
    expect((await admin.post(`/admin/projects/${shop}/service-tokens/${otherTokenId}/revoke`)).status).toBe(
      404,
    );
    expect(snapshot(app)).toEqual(before);
    expect((await app.request("/api/secrets", { headers: bearer(token("other")) })).status).toBe(200);
  });
});
