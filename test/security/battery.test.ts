/** Every route of the app, asked in the right and in every wrong way. The routes come from the app itself. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { bearer, origin, type TestBrowser } from "../harness.ts";
import { ended, expectHardened, expectSilence, told } from "./battery/answers.ts";
import {
  adminRoutes,
  allRoutes,
  apiRoutes,
  methodOf,
  methodsAt,
  openRoutes,
  ownRoutes,
  pathOf,
} from "./battery/routes.ts";
import { createWorld, secret, signIn, type World } from "./battery/world.ts";
import { snapshot } from "./snapshot.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.app.close());

test("every route of the app has a row in one of the tables, and no row is for a route that is gone", () => {
  expect([...allRoutes].sort()).toEqual(ownRoutes(world.app.app).sort());
});

describe("anybody may ask", () => {
  for (const [route, status] of Object.entries(openRoutes)) {
    test(`${route}: ${status}, the same whoever asks, and nothing of ours in it`, async () => {
      const { app, tokens } = world;
      const admin = await signIn(app);
      const path = pathOf(world, route);
      const nobody = await app.request(path);
      expect(nobody.status).toBe(status);
      const plain = await told(nobody);
      for (const headers of [bearer(tokens.write), bearer(tokens.revoked), { Cookie: admin.cookie }])
        expect(await told(await app.request(path, { headers }))).toEqual(plain);
      expect(nobody.headers.getSetCookie()).toEqual([]);
      await expectSilence(
        await app.request(path),
        // The documentation shows what a token begins with.
        secret.filter((word) => word !== "sfly_" && word !== "sfmk_"),
      );
    });
  }
});

const getRoutes = allRoutes.filter((route) => methodOf(route) === "GET");

describe("HEAD says what GET says, without the body", () => {
  for (const route of getRoutes) {
    test(route, async () => {
      const { app, tokens } = world;
      const admin = await signIn(app);
      const path = pathOf(world, route);
      for (const headers of [{}, bearer(tokens.read), bearer(tokens.expired), { Cookie: admin.cookie }]) {
        const get = await told(await ended(await app.request(path, { headers })));
        const head = await told(await app.request(path, { method: "HEAD", headers }));
        // To GET the server adds it, from the body.
        delete head.headers["content-length"];
        expect(head).toEqual({ ...get, body: "" });
      }
    });
  }
});

describe("every answer of a route carries the headers that keep a browser from harm", () => {
  for (const route of allRoutes) {
    test(`${route}, whoever asks`, async () => {
      const copy = await world.app.copy();
      const admin = await unsealed({ ...world, app: copy });
      const { path, init } = requestOf(route);
      for (const headers of [{}, bearer(world.tokens.write), { Cookie: admin.cookie, Origin: origin }]) {
        const all = new Headers({ ...init.headers, ...headers });
        const response = await ended(await copy.request(path, { ...init, headers: all }));
        expectHardened(response);
        const isPublic =
          route.startsWith("GET /assets/") || /^GET \/(api\/(docs|openapi\.json))?$/.test(route);
        if (!isPublic) expect(response.headers.get("Cache-Control")).toBe("no-store");
      }
      copy.close();
    });
  }
});

/** The request that a route is there for. */
function requestOf(route: string) {
  const method = methodOf(route);
  const path = pathOf(world, route);
  const fields = adminRoutes[route]?.fields?.(world);
  const json = apiRoutes[route]?.body;
  const body = method === "GET" ? undefined : (json ?? new URLSearchParams(fields as Record<string, string>));
  const headers: Record<string, string> = json === undefined ? {} : { "Content-Type": "application/json" };
  return { path, init: { method, headers, ...(body !== undefined && { body }) } };
}

async function unsealed({ app, shop, masterKey }: World): Promise<TestBrowser> {
  const admin = await signIn(app);
  await admin.unseal(shop, masterKey);
  return admin;
}

// `new Request` takes what it does not know for GET: those are sent through a socket in hostile-messages.test.ts.
const methods = [
  "GET",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "CONNECT",
  "PROPFIND",
  "MKCOL",
  "QUERY",
];

/** Every address once, by one of its routes. */
const addresses = [
  ...new Map(allRoutes.map((route) => [route.slice(route.indexOf(" ") + 1), route])).entries(),
];

describe("a method that an address has no route for", () => {
  for (const [pattern, route] of addresses) {
    test(`is refused at ${pattern}, whoever asks: 405`, async () => {
      const { app, tokens } = world;
      const admin = await unsealed(world);
      const path = pathOf(world, route);
      const answers = methodsAt(path);
      const before = await snapshot(app);
      for (const method of methods.filter((name) => !answers.includes(name))) {
        for (const more of [{}, { "Content-Type": "application/x-www-form-urlencoded" }]) {
          const headers = { ...bearer(tokens.write), Cookie: admin.cookie, Origin: origin, ...more };
          const response = await app.request(path, { method, headers });
          expect(`${method} ${response.status}`).toBe(`${method} 405`);
          expect(response.headers.get("Allow")?.split(", ").sort()).toEqual(answers);
          // An echo of the request, as TRACE makes one, would hold the token and the cookie.
          await expectSilence(response, [...secret, tokens.write, admin.cookie]);
        }
      }
      expect(await snapshot(app)).toEqual(before);
    });
  }

  for (const route of getRoutes) {
    test(`is not taken from a header, the query or a field: GET stays GET at ${route.slice(4)}`, async () => {
      const { app, tokens } = world;
      const admin = await unsealed(world);
      const path = pathOf(world, route);
      const plain = { ...bearer(tokens.write), Cookie: admin.cookie };
      const { status } = await ended(await app.request(path, { headers: plain }));
      const { audit_events: _events, ...before } = await snapshot(app);
      for (const method of ["POST", "PUT", "DELETE"]) {
        const query = `${path.includes("?") ? "&" : "?"}_method=${method}&method=${method}`;
        const headers = {
          ...plain,
          "X-HTTP-Method-Override": method,
          "X-HTTP-Method": method,
          "X-Method-Override": method,
        };
        const response = await ended(await app.request(path + query, { headers }));
        // The API's list of secrets refuses a query that it does not know.
        expect([status, 422]).toContain(response.status);
      }
      expect(await snapshot(app)).toMatchObject(before);
    });
  }
});

describe("a page of another origin", () => {
  for (const [pattern, route] of addresses) {
    test(`gets no permission at ${pattern}, by preflight or otherwise`, async () => {
      const { app, tokens } = world;
      const path = pathOf(world, route);
      for (const from of ["https://evil.example", "null", origin]) {
        const preflight = {
          Origin: from,
          "Access-Control-Request-Method": "PUT",
          "Access-Control-Request-Headers": "authorization, content-type",
          "Access-Control-Request-Private-Network": "true",
        };
        expectHardened(await app.request(path, { method: "OPTIONS", headers: preflight }));
        const headers = { ...bearer(tokens.read), Origin: from };
        expectHardened(await ended(await app.request(path, { headers })));
      }
    });
  }
});
