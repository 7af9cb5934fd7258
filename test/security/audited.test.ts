/**
 * What cannot be audited does not happen: every route that changes or shows something, with an audit that takes no
 * event. The routes come from the app itself: one that is added without a row in the table fails the first test.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { bearer, createTestApp, type Fields, type TestApp, type TestBrowser } from "../harness.ts";
import { auditOf } from "../vault/inspect.ts";
import { snapshot } from "./snapshot.ts";

const password = "the admin's password";
/** What no answer may hold that says "it failed": values, notes, keys and tokens. */
const secret = ["v-shop", "note-", "sfmk_", "sfly_", "no event can be written"];

let app: TestApp;
let shop: { id: number; masterKey: string };
let child: number;
let writeToken: string;

beforeAll(async () => {
  app = await createTestApp({ ADMIN_PASSWORD: password });
  const admin = await signIn(app);
  shop = await admin.createRoot("shop");
  child = await admin.createChild("api", shop.id);
  const path = `/admin/projects/${shop.id}/environments`;
  const save = (environment: string, name: string, value: string) =>
    admin.post(`${path}/${environment}/secrets`, { name, value, note: "note-" });
  await save("dev", "KEY", "v-shop-before");
  await save("dev", "KEY", "v-shop-dev");
  await save("prod", "OF_PROD", "v-shop-prod");
  app.clock.advance(60_000);
  await save("dev", "LATER", "v-shop-later");
  writeToken = await admin.createToken(shop.id, "dev", "write");
});
afterAll(() => app.close());

async function signIn(to: TestApp): Promise<TestBrowser> {
  const browser = to.browser();
  expect((await browser.post("/admin/sign-in", { password })).status).toBe(303);
  return browser;
}

/** A request that the audit tells of. */
interface Attempt {
  path: () => string;
  fields?: () => Fields;
  /** JSON, by the write token. */
  body?: unknown;
  /** Who asks; a session that has unsealed the project unless told. */
  who?: "signed out" | "sealed" | "token";
  /** It gives up keys, which works always: what is no longer held afterwards. */
  givesUp?: true;
}

const ofShop = (rest: string) => () => `/admin/projects/${shop.id}${rest}`;
const inDev = (rest: string) => ofShop(`/environments/dev${rest}`);
const nothing = () => ({});
const token = "token" as const;

const audited: Record<string, Attempt[]> = {
  "PUT /api/secrets/:name": [{ path: () => "/api/secrets/KEY", body: { value: "v-shop-new" }, who: token }],
  "PATCH /api/secrets": [{ path: () => "/api/secrets", body: { set: { KEY: "v-shop-new" } }, who: token }],
  "DELETE /api/secrets/:name": [{ path: () => "/api/secrets/KEY", who: token }],
  "POST /admin/sign-in": [
    { path: () => "/admin/sign-in", fields: () => ({ password }), who: "signed out" },
    { path: () => "/admin/sign-in", fields: () => ({ password: "wrong" }), who: "signed out" },
  ],
  "POST /admin/sign-out": [{ path: () => "/admin/sign-out", fields: nothing, givesUp: true }],
  "POST /admin/seal": [{ path: () => "/admin/seal", fields: nothing, givesUp: true }],
  "GET /admin/audit": [
    { path: () => "/admin/audit?format=csv" },
    { path: () => "/admin/audit?format=jsonl", who: "sealed" },
    { path: () => "/admin/audit?format=csv&what=reads" },
  ],
  "GET /admin/projects/:id/audit": [
    { path: ofShop("/audit?format=jsonl") },
    { path: ofShop("/audit?format=jsonl&what=reads"), who: "sealed" },
  ],
  "POST /admin/projects": [
    { path: () => "/admin/projects", fields: () => ({ name: "new", parentId: "" }) },
    { path: () => "/admin/projects", fields: () => ({ name: "new", parentId: String(shop.id) }) },
  ],
  "POST /admin/projects/:id/unseal": [
    { path: ofShop("/unseal"), fields: () => ({ masterKey: shop.masterKey }), who: "sealed" },
    { path: ofShop("/unseal"), fields: () => ({ masterKey: "not the master key" }), who: "sealed" },
  ],
  "POST /admin/projects/:id/seal": [{ path: ofShop("/seal"), fields: nothing, givesUp: true }],
  "POST /admin/projects/:id/edit": [
    { path: ofShop("/edit"), fields: () => ({ name: "renamed" }) },
    {
      path: () => `/admin/projects/${child}/edit`,
      fields: () => ({ name: "renamed", parentId: String(shop.id) }),
    },
  ],
  "POST /admin/projects/:id/delete": [
    { path: ofShop("/delete"), fields: () => ({ confirmName: "shop" }) },
    { path: () => `/admin/projects/${child}/delete`, fields: () => ({ confirmName: "api" }) },
  ],
  "GET /admin/projects/:id/environments/:environment/secrets": [{ path: inDev("/secrets?decrypt=true") }],
  "POST /admin/projects/:id/environments/:environment/secrets": [
    { path: inDev("/secrets"), fields: () => ({ name: "KEY", value: "v-shop-new" }) },
  ],
  "GET /admin/projects/:id/environments/:environment/secrets/:name": [{ path: inDev("/secrets/KEY") }],
  "POST /admin/projects/:id/environments/:environment/secrets/:name/delete": [
    { path: inDev("/secrets/KEY/delete"), fields: nothing },
  ],
  "GET /admin/projects/:id/environments/:environment/secrets/:name/history": [
    { path: inDev("/secrets/KEY/history?from=1&to=2") },
  ],
  "POST /admin/projects/:id/environments/:environment/secrets/:name/rollback": [
    { path: inDev("/secrets/KEY/rollback"), fields: () => ({ version: "1" }) },
  ],
  "POST /admin/projects/:id/environments/:environment/rollback": [
    { path: inDev("/rollback"), fields: () => ({ at: "1", confirm: "true" }) },
  ],
  "POST /admin/projects/:id/environments/:environment/import": [
    { path: inDev("/import"), fields: () => ({ text: "KEY=v-shop-new", confirm: "true" }) },
  ],
  "GET /admin/projects/:id/environments/:environment/export": [
    { path: inDev("/export?format=env") },
    { path: inDev("/export?format=json") },
  ],
  "POST /admin/projects/:id/environments/:environment/copy": [
    { path: inDev("/copy"), fields: () => ({ from: "prod", names: "OF_PROD" }) },
  ],
  "POST /admin/projects/:id/rotate": [
    { path: ofShop("/rotate"), fields: () => ({ currentMasterKey: shop.masterKey, newMasterKey: "" }) },
    {
      path: ofShop("/rotate"),
      fields: () => ({ currentMasterKey: "not the master key", newMasterKey: "" }),
      who: "sealed",
    },
  ],
  "POST /admin/projects/:id/service-tokens": [
    { path: ofShop("/service-tokens"), fields: () => ({ name: "new", environment: "dev", rights: "read" }) },
  ],
  "POST /admin/projects/:id/service-tokens/:tokenId/revoke": [
    { path: ofShop("/service-tokens/1/revoke"), fields: nothing, who: "sealed" },
  ],
};

/** Routes that change nothing and show no value to a person: nothing is told of them, and they work all the same. */
const untold: Record<string, () => string> = {
  "GET /": () => "/",
  "GET /livez": () => "/livez",
  "GET /assets/style-*.css": () => assetPath("style"),
  "GET /assets/app-*.js": () => assetPath("app"),
  "GET /assets/favicon-*.svg": () => assetPath("favicon"),
  "GET /api/status": () => "/api/status",
  "GET /api/openapi.json": () => "/api/openapi.json",
  "GET /api/docs": () => "/api/docs",
  // What apps fetch is counted by day.
  "GET /api/token": () => "/api/token",
  "GET /api/secrets": () => "/api/secrets",
  "GET /api/secrets/events": () => "/api/secrets/events",
  "GET /api/secrets/:name": () => "/api/secrets/KEY",
  "GET /admin": () => "/admin",
  "GET /admin/sign-in": () => "/admin/sign-in",
  "GET /admin/projects": () => "/admin/projects",
  "GET /admin/projects/:id": ofShop(""),
  "GET /admin/projects/:id/environments/:environment/history": inDev("/history"),
  "GET /admin/projects/:id/environments/:environment/rollback": inDev("/rollback?at=1"),
  "GET /admin/projects/:id/compare": ofShop("/compare"),
  "GET /admin/projects/:id/environments/:environment/import": inDev("/import"),
  "GET /admin/projects/:id/rotate": ofShop("/rotate"),
  "GET /admin/projects/:id/rotate/progress": ofShop("/rotate/progress"),
  "GET /admin/projects/:id/service-tokens": ofShop("/service-tokens"),
};

const fixed = (path: string) => path.replace(/-[0-9a-f]{12}\./, "-*.");

function assetPath(name: string): string {
  return app.app.routes.find(({ path }) => path.startsWith(`/assets/${name}-`))?.path ?? "";
}

test("every route of the app is in one of the two tables, and no row is for a route that is gone", () => {
  const routes = app.app.routes.filter(({ method }) => method !== "ALL");
  const own = new Set(routes.map(({ method, path }) => `${method} ${fixed(path)}`));
  expect([...Object.keys(audited), ...Object.keys(untold)].sort()).toEqual([...own].sort());
});

/** A copy of the app with whoever asks, ready to ask. */
async function scene({ who = "unsealed" }: { who?: Attempt["who"] | "unsealed" }) {
  const copy = await app.copy();
  const browser = who === "signed out" || who === "token" ? copy.browser() : await signIn(copy);
  if (who === "unsealed") expect((await browser.unseal(shop.id, shop.masterKey)).status).toBe(303);
  return { copy, browser, [Symbol.dispose]: () => copy.close() };
}

/** Another program makes the audit refuse every event, or take them again. */
async function setAudit({ stored }: TestApp, state: "broken" | "whole"): Promise<void> {
  await stored.write(
    state === "whole"
      ? "drop trigger no_audit"
      : "create trigger no_audit before insert on audit_events begin select raise(abort, 'no event can be written'); end",
  );
}

function ask(
  route: string,
  { path, fields, body, who }: Attempt,
  { copy, browser }: { copy: TestApp; browser: TestBrowser },
): Promise<Response> {
  const method = route.slice(0, route.indexOf(" "));
  if (who !== "token") return method === "GET" ? browser.get(path()) : browser.post(path(), fields?.());
  const headers = {
    ...bearer(writeToken),
    ...(body !== undefined && { "Content-Type": "application/json" }),
  };
  return copy.request(path(), {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** The projects that a browser's session has unsealed; undefined without a session. */
function heldBy({ copy, browser }: { copy: TestApp; browser: TestBrowser }): number[] | undefined {
  const session = copy.sessions.find(browser.cookie.replace(/^[^=]*=/, ""));
  return session?.keyring.unsealed().map(({ rootId }) => rootId);
}

const attempts = Object.entries(audited).flatMap(([route, rows]) =>
  rows.map((attempt, i) => ({ route, attempt, title: rows.length > 1 ? `${route} (${i + 1})` : route })),
);

describe("with an audit that takes no event, nothing happens and nothing is shown", () => {
  for (const { route, attempt, title } of attempts.filter((row) => !row.attempt.givesUp)) {
    test(title, async () => {
      using stage = await scene(attempt);
      await setAudit(stage.copy, "broken");
      const [before, held, cookie] = [await snapshot(stage.copy), heldBy(stage), stage.browser.cookie];
      const response = await ask(route, attempt, stage);
      const told = `${JSON.stringify([...response.headers])} ${await response.text()}`;
      expect(response.status).toBeGreaterThanOrEqual(500);
      expect(secret.filter((word) => told.includes(word))).toEqual([]);
      expect(response.headers.get("Content-Disposition")).toBeNull();
      expect(await snapshot(stage.copy)).toEqual(before);
      expect([heldBy(stage), stage.browser.cookie]).toEqual([held, cookie]);
    });
  }
});

describe("once it takes events again, the same request does what it is for, and is told", () => {
  for (const { route, attempt, title } of attempts) {
    test(title, async () => {
      using stage = await scene(attempt);
      await setAudit(stage.copy, "broken");
      await setAudit(stage.copy, "whole");
      const before = (await auditOf(stage.copy)).length;
      const response = await ask(route, attempt, stage);
      await response.text();
      expect(response.status).toBeLessThan(500);
      expect((await auditOf(stage.copy)).length).toBeGreaterThan(before);
    });
  }
});

describe("with an audit that takes no event, keys are given up all the same", () => {
  for (const { route, attempt, title } of attempts.filter((row) => row.attempt.givesUp)) {
    test(title, async () => {
      using stage = await scene(attempt);
      expect(heldBy(stage)).toEqual([shop.id]);
      await setAudit(stage.copy, "broken");
      await ask(route, attempt, stage);
      expect(heldBy(stage) ?? []).toEqual([]);
      const page = await stage.browser.get(inDev("/secrets?decrypt=true")());
      expect(page.status).toBe(303);
    });
  }
});

describe("what is not told of works without the audit, and writes nothing", () => {
  for (const [route, path] of Object.entries(untold)) {
    test(route, async () => {
      using stage = await scene({});
      await setAudit(stage.copy, "broken");
      const before = await snapshot(stage.copy);
      const response = path().startsWith("/api/")
        ? await stage.copy.request(path(), { headers: bearer(writeToken) })
        : await stage.browser.get(path());
      expect(response.status).toBeLessThan(400);
      await response.body?.cancel();
      expect(await snapshot(stage.copy)).toEqual(before);
    });
  }
});
