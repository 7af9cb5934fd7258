/** Every route of the API against everybody who may not use it. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { bearer, type TestBrowser } from "../harness.ts";
import { ask, expectSilence, told } from "./battery/answers.ts";
import { apiRoutes, methodOf } from "./battery/routes.ts";
import { strangers } from "./battery/strangers.ts";
import { createWorld, names, secret, signIn, type World } from "./battery/world.ts";
import { snapshot } from "./snapshot.ts";

let world: World;
let admin: TestBrowser;
beforeAll(async () => {
  world = await createWorld();
  // With all unsealed: a session must be of no use here whatever it holds.
  admin = await signIn(world.app);
  await admin.unseal(world.shop, world.masterKey);
});
afterAll(() => world.app.close());

/** From an address of their own, where they tell none, so that none of them is kept out for what others have tried. */
function comingFrom(headers: HeadersInit, at: number): Headers {
  const all = new Headers(headers);
  if (!all.has("Fly-Client-IP")) all.set("Fly-Client-IP", `198.51.100.${at}`);
  return all;
}

describe("the API refuses", () => {
  for (const [at, { who, headers, status }] of strangers.entries()) {
    for (const [route, row] of Object.entries(apiRoutes)) {
      test(`${who} at ${route}: ${status}`, async () => {
        const { app, tokens } = world;
        const before = await snapshot(app);
        const sent = headers(world, admin);
        const from = status === 401 ? comingFrom(sent, at) : sent;
        const response = await ask(row, methodOf(route), from, app);
        expect(response.status).toBe(status);
        expect(response.headers.get("Content-Type")).toBe("application/problem+json");
        expect(response.headers.get("Cache-Control")).toBe("no-store");
        expect(response.headers.get("WWW-Authenticate") !== null).toBe(status === 401);
        expect(response.headers.getSetCookie()).toEqual([]);
        await expectSilence(response, [...secret, ...names, "ETag", tokens.write]);
        expect(await snapshot(app)).toEqual(before);
      });
    }
  }

  test("every bad token in the same words", async () => {
    const bad = strangers.filter(({ status }) => status === 401);
    const answers = await Promise.all(
      bad.map(async ({ headers }, at) => {
        const init = { headers: comingFrom(headers(world, admin), at) };
        return JSON.stringify(await told(await world.app.request("/api/secrets", init)));
      }),
    );
    expect(new Set(answers).size).toBe(1);
  });

  for (const [route, row] of Object.entries(apiRoutes)) {
    test(`a token in the address or in the body at ${route}`, async () => {
      const { app, tokens } = world;
      const before = await snapshot(app);
      for (const field of ["token", "access_token", "authorization", "api_key"]) {
        const path = `${row.path}?${field}=${tokens.write}`;
        const body = row.body && JSON.stringify({ ...JSON.parse(row.body), [field]: tokens.write });
        const response = await ask(
          { path, ...(body && { body }) },
          methodOf(route),
          comingFrom({}, 200),
          app,
        );
        expect(response.status).toBe(401);
        await expectSilence(response, [...secret, ...names, tokens.write]);
      }
      expect(await snapshot(app)).toEqual(before);
    });
  }

  for (const [route, row] of Object.entries(apiRoutes).filter(([, { needs }]) => needs === "write")) {
    test(`a read token at ${route}: 403`, async () => {
      const { app, tokens } = world;
      const before = await snapshot(app);
      const ofOneThatIsThere = row.path.replace(/\w*NEW$/, "SHOP_SECRET");
      for (const path of [row.path, ofOneThatIsThere, `${row.path}?dryRun=true`]) {
        const asked = { ...row, path };
        const response = await ask(asked, methodOf(route), bearer(tokens.read), app);
        expect(response.status).toBe(403);
        await expectSilence(response, [...secret, ...names]);
      }
      expect(await snapshot(app)).toEqual(before);
    });

    test(`a read token at ${route}, before its body is looked at: 403`, async () => {
      const response = await ask(
        { ...row, body: "{" },
        methodOf(route),
        bearer(world.tokens.read),
        world.app,
      );
      expect(response.status).toBe(403);
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
        const { app, tokens } = world;
        const copy = await app.copy();
        const response = await ask(row, methodOf(route), bearer(tokens[who]), copy);
        expect(response.status).toBeLessThan(500);
        const body = await response.text();
        expect(body).not.toContain("v-shop-dev");
        if (route === "GET /api/secrets") expect(body).toContain(own);
        if (who === "other") expect(body).not.toContain("shop-project");
        const read = await copy.request("/api/secrets?format=map", { headers: bearer(tokens.read) });
        expect(await read.text()).toBe('{"SHOP_SECRET":"v-shop-dev"}');
        copy.close();
      });

      test(`the token of ${who} that asks for dev of shop by every means at ${route}`, async () => {
        const { app, tokens, shop } = world;
        const copy = await app.copy();
        const path = `${row.path}?environment=dev&project=${shop}&projectId=${shop}`;
        const body =
          row.body && JSON.stringify({ ...JSON.parse(row.body), environment: "dev", projectId: shop });
        const headers = { ...bearer(tokens[who]), "X-Environment": "dev", "X-Project": String(shop) };
        const response = await ask({ path, ...(body && { body }) }, methodOf(route), headers, copy);
        expect(response.status).toBeLessThan(500);
        expect(await response.text()).not.toContain("v-shop-dev");
        const read = await copy.request("/api/secrets?format=map", { headers: bearer(tokens.read) });
        expect(await read.text()).toBe('{"SHOP_SECRET":"v-shop-dev"}');
        copy.close();
      });
    }
  }
});

describe("the API serves", () => {
  test("a good token while everything is sealed, route by route", async () => {
    const copy = await world.app.copy();
    for (const [route, row] of Object.entries(apiRoutes)) {
      const response = await ask(row, methodOf(route), bearer(world.tokens.write), copy);
      expect(`${route} ${response.status}`).toBe(`${route} ${row.status}`);
      expect(response.headers.get("Cache-Control")).toBe("no-store");
    }
    copy.close();
  });

  const allowedFrom = (address: string) => (of: World) => ({
    ...bearer(of.tokens.elsewhere),
    "Fly-Client-IP": address,
  });
  const good: [string, (of: World) => Record<string, string>][] = [
    ["the bare token", ({ tokens }) => ({ Authorization: tokens.read })],
    ["a bearer in small letters", ({ tokens }) => ({ Authorization: `bearer ${tokens.read}` })],
    ["an allowed address", allowedFrom("203.0.113.7")],
    ["an allowed IPv6 address", allowedFrom("2001:db8::1")],
    ["an IPv4 address written as IPv6", allowedFrom("::ffff:203.0.113.7")],
  ];
  for (const [what, headers] of good) {
    test(what, async () => {
      const response = await world.app.request("/api/secrets?format=map", { headers: headers(world) });
      expect([response.status, await response.text()]).toEqual([200, '{"SHOP_SECRET":"v-shop-dev"}']);
    });
  }
});
