/** Every form of the admin pages, sent by what is no page of ours, or not as a form: by a session that may all of it. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { bearer, origin, type TestBrowser } from "../harness.ts";
import { expectSilence } from "./battery/answers.ts";
import { adminRoutes, methodOf } from "./battery/routes.ts";
import { createWorld, names, secret, signIn, type World } from "./battery/world.ts";
import { snapshot } from "./snapshot.ts";

let world: World;
let admin: TestBrowser;
beforeAll(async () => {
  world = await createWorld();
  admin = await signIn(world.app);
  await admin.unseal(world.shop, world.masterKey);
});
afterAll(() => world.app.close());

const posts = Object.entries(adminRoutes).filter(([route]) => methodOf(route) === "POST");

/** Where a browser says that a form comes from. */
const foreign: [what: string, headers: Record<string, string>][] = [
  ["from another site", { Origin: "https://evil.example" }],
  ["from another port", { Origin: "http://localhost:3001" }],
  ["from the port that goes without saying", { Origin: "http://localhost" }],
  ["from a sibling domain", { Origin: "http://sibling.localhost:3000" }],
  ["from the domain above", { Origin: "http://host:3000" }],
  ["from an origin with the same beginning", { Origin: `${origin}.evil.example` }],
  ["from an origin with ours in its name", { Origin: `http://evil.example/?${origin}` }],
  ["from another scheme", { Origin: origin.replace("http:", "https:") }],
  ["from another name of this machine", { Origin: "http://127.0.0.1:3000" }],
  ["from a sandbox", { Origin: "null" }],
  ["from an empty origin", { Origin: "" }],
  ["from two origins, one of them ours", { Origin: `${origin}, https://evil.example` }],
  ["from our origin with a path", { Origin: `${origin}/` }],
  ["without an origin", {}],
  ["without an origin, with our own Referer", { Referer: `${origin}/admin/projects` }],
  ["that says it is from another site", { "Sec-Fetch-Site": "cross-site" }],
  ["that says it is from a sibling domain", { "Sec-Fetch-Site": "same-site" }],
  ["that says it is from nowhere", { "Sec-Fetch-Site": "none" }],
  ["that only says it is from our origin", { "Sec-Fetch-Site": "same-origin" }],
  [
    "from another site that says it is from our origin",
    { Origin: "https://evil.example", "Sec-Fetch-Site": "same-origin" },
  ],
  [
    "from another site that other headers call ours",
    { Origin: "https://evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https" },
  ],
];

describe("a form that no page of ours has sent", () => {
  for (const [what, headers] of foreign) {
    for (const [route, { path, fields }] of posts) {
      test(`${what} is refused at ${route}: 403`, async () => {
        const { app } = world;
        const before = await snapshot(app);
        const body = new URLSearchParams(fields?.(world) as Record<string, string>);
        const multipart = new FormData();
        for (const [name, value] of body) multipart.append(name, value);
        // As each kind of form, and as the text that one can be made to look like.
        const bodies = [body, multipart, new Blob([`${body}`], { type: "text/plain" }), new Uint8Array()];
        for (const sent of bodies) {
          const init = { method: "POST", body: sent, headers: { ...headers, Cookie: admin.cookie } };
          const response = await app.request(path(world), init);
          expect(response.status).toBe(403);
          expect(response.headers.getSetCookie()).toEqual([]);
          await expectSilence(response, [...secret, ...names]);
        }
        expect(await snapshot(app)).toEqual(before);
        expect(app.sessions.find(admin.cookie.split("=")[1] ?? "")?.keyring.unsealed()).toHaveLength(1);
      });
    }
  }
});

describe("what changes something", () => {
  const onlyPosts = posts.filter(([route]) => !(route.replace("POST", "GET") in adminRoutes));
  for (const [route, { path, fields }] of onlyPosts) {
    test(`does not answer to GET at ${route}, with its fields in the address: 405`, async () => {
      const { app } = world;
      const before = await snapshot(app);
      const query = new URLSearchParams(fields?.(world) as Record<string, string>);
      for (const method of ["GET", "HEAD"]) {
        const headers = { Cookie: admin.cookie, Origin: origin };
        const response = await app.request(`${path(world)}?${query}`, { method, headers });
        expect([response.status, response.headers.get("Allow")]).toEqual([405, "POST"]);
      }
      expect(await snapshot(app)).toEqual(before);
      expect(app.sessions.find(admin.cookie.split("=")[1] ?? "")?.keyring.unsealed()).toHaveLength(1);
    });
  }

  const types = [
    "application/json",
    "text/plain",
    "text/html",
    "multipart/mixed; boundary=x",
    "image/png",
    "application/x-www-form-urlencoded+json",
    "application/octet-stream",
  ];
  for (const [route, { path, fields }] of posts) {
    test(`is a form and nothing else at ${route}: 415`, async () => {
      const { app } = world;
      const before = await snapshot(app);
      for (const type of types) {
        const init = { method: "POST", body: JSON.stringify(fields?.(world) ?? {}) };
        const headers = { "Content-Type": type, Origin: origin, Cookie: admin.cookie };
        const response = await app.request(path(world), { ...init, headers });
        expect(`${type} ${response.status}`).toBe(`${type} 415`);
        await expectSilence(response, [...secret, ...names.filter((name) => name !== "shop-project")]);
      }
      expect(await snapshot(app)).toEqual(before);
    });

    test(`is not done by a service token at ${route}`, async () => {
      const { app, tokens } = world;
      const { audit_events: _events, ...before } = await snapshot(app);
      const body = new URLSearchParams(fields?.(world) as Record<string, string>);
      const headers = { ...bearer(tokens.write), Origin: origin, "Fly-Client-IP": "198.51.100.1" };
      const response = await app.request(path(world), { method: "POST", body, headers });
      expect([303, 401]).toContain(response.status);
      await expectSilence(response, [...secret, ...names]);
      expect(await snapshot(app)).toMatchObject(before);
    });
  }
});
