/** Every route of the admin pages against everybody who may not use it: not signed in, sealed, or asking for nothing of ours. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { bearer, createTestApp, origin, type TestApp, TestBrowser } from "../harness.ts";
import { expectSilence, send } from "./battery/answers.ts";
import { unknownBrowsers } from "./battery/cookies.ts";
import { adminRoutes, parametersOf, pathWith } from "./battery/routes.ts";
import { createWorld, names, password, secret, signIn, type World } from "./battery/world.ts";
import { snapshot } from "./snapshot.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.app.close());

for (const [at, [who, headers]] of unknownBrowsers.entries()) {
  describe(`to ${who} the admin pages`, () => {
    let sent: Headers;
    beforeAll(async () => {
      sent = new Headers(await headers(world));
      sent.set("Fly-Client-IP", `198.51.100.${at}`);
    });

    for (const [route, { path, fields, signedOut = 303 }] of Object.entries(adminRoutes)) {
      test(`answer ${signedOut} at ${route}`, async () => {
        const { app, tokens, masterKey } = world;
        const { audit_events: _events, ...before } = await snapshot(app);
        const browser = app.browser();
        const response = await send(browser, route, path(world), fields?.(world), Object.fromEntries(sent));
        expect(response.status).toBe(signedOut);
        if (signedOut === 303) expect(response.headers.get("Location")).toBe("/admin/sign-in");
        expect(browser.cookie).toBe("");
        expect(response.headers.get("Cache-Control")).toBe("no-store");
        await expectSilence(response, [...secret, ...names, tokens.write, masterKey]);
        expect(await snapshot(app)).toMatchObject(before);
      });
    }
  });
}

/** Ways in which a session has not unsealed a project: each is given one that could have. */
const sealings: [
  way: string,
  seal: (copy: World, admin: TestBrowser) => Promise<unknown>,
  /** Words of `secret` that it may be told for what else it has unsealed. */
  knows?: readonly string[],
][] = [
  [
    "sealed in this session, and unsealed in another",
    async ({ app, shop, masterKey }) => (await signIn(app)).unseal(shop, masterKey),
  ],
  [
    "sealed, and another project unsealed",
    ({ other, otherMasterKey }, admin) => admin.unseal(other, otherMasterKey),
    ["OTHER_SECRET"],
  ],
  [
    "unsealed until its time was over",
    async ({ app, shop, masterKey }, admin) => {
      await admin.unseal(shop, masterKey);
      app.clock.advance(app.config.ADMIN_MASTER_KEY_EXPIRATION * 1000);
    },
  ],
  [
    "unsealed and sealed again",
    async ({ shop, masterKey }, admin) => {
      await admin.unseal(shop, masterKey);
      await admin.post(`/admin/projects/${shop}/seal`);
    },
  ],
  [
    "unsealed before everything was sealed",
    async ({ shop, masterKey }, admin) => {
      await admin.unseal(shop, masterKey);
      await admin.post("/admin/seal");
    },
  ],
  [
    "unsealed before the last sign-out",
    async ({ shop, masterKey }, admin) => {
      await admin.unseal(shop, masterKey);
      await admin.post("/admin/sign-out");
      await admin.post("/admin/sign-in", { password });
    },
  ],
];

for (const [way, seal, knows = []] of sealings) {
  describe(`signed in, with the project ${way}`, () => {
    let common: TestApp;
    beforeAll(async () => {
      common = await world.app.copy();
    });
    afterAll(() => common.close());

    for (const [route, { path, fields, sealed, suggests }] of Object.entries(adminRoutes)) {
      test(`${route}: ${sealed}`, async () => {
        const { shop, masterKey, tokens } = world;
        // What is refused changes nothing, so the others may be tried on the same.
        const copy = sealed === "unseal first" ? common : await world.app.copy();
        const admin = await signIn(copy);
        await seal({ ...world, app: copy }, admin);
        // What was told of the sealing itself.
        await admin.open("/admin/projects");
        const before = await snapshot(copy);
        const response = await send(admin, route, path(world), fields?.(world));
        expect(response.status).toBe(sealed === "unseal first" ? 303 : sealed);
        if (sealed === "unseal first") {
          expect(response.headers.get("Location")).toBe(`/admin/projects/${shop}`);
          expect(await snapshot(copy)).toEqual(before);
          expect(await admin.open(`/admin/projects/${shop}`)).toContain("This project is sealed.");
        }
        await expectSilence(response, [
          ...secret.filter((word) => word !== suggests && !knows.includes(word)),
          ...[tokens.read, tokens.write, masterKey],
        ]);
        const values = await copy.request("/api/secrets?format=map", { headers: bearer(tokens.write) });
        expect(await values.text()).toBe('{"SHOP_SECRET":"v-shop-dev"}');
        if (copy !== common) copy.close();
      });
    }
  });
}

describe("signed in, with the project unsealed in this session", () => {
  const needKey = Object.entries(adminRoutes).filter(([, { sealed }]) => sealed === "unseal first");
  for (const [route, { path, fields, shows }] of needKey) {
    test(`${route} does what it is for`, async () => {
      const copy = await world.app.copy();
      const admin = await signIn(copy);
      await admin.unseal(world.shop, world.masterKey);
      const before = await snapshot(copy);
      const response = await send(admin, route, path(world), fields?.(world));
      expect(response.status).toBeLessThan(400);
      if (shows !== undefined) expect(await response.text()).toContain(shows);
      else expect(await snapshot(copy)).not.toEqual(before);
      copy.close();
    });
  }
});

/** What stands for nothing of ours in an address, by what it stands there for. */
const nothings: Readonly<Record<string, readonly string[]>> = {
  id: [
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
  ],
  tokenId: ["999999", "0", "-1", "01", "abc", "1%00", "99999999999999999999", "__proto__"],
  environment: ["nowhere", "DEV", "dev%20", "dev%00", "1", "%2e%2e", "__proto__", "dev%2Fsecrets"],
  name: [
    "NOBODY",
    "shop_secret",
    "SHOP_SECRET%20",
    "SHOP_SECRET%00",
    "__proto__",
    "%2e%2e%2fSHOP_SECRET",
    "%27",
  ],
};

describe("what stands for nothing of ours in an address is not found:", () => {
  for (const [route, { fields }] of Object.entries(adminRoutes)) {
    for (const parameter of parametersOf(route)) {
      // What cannot be a secret's name is told as that where one is to be changed.
      const statuses = parameter === "name" ? [404, 422] : [404];
      test(`${parameter} at ${route}: ${statuses.join(" or ")}`, async () => {
        const { app, shop, masterKey } = world;
        const admin = await signIn(app);
        await admin.unseal(shop, masterKey);
        const before = await snapshot(app);
        for (const text of nothings[parameter] ?? []) {
          const response = await send(admin, route, pathWith(world, route, parameter, text), fields?.(world));
          expect(statuses.map((status) => `${text} ${status}`)).toContain(`${text} ${response.status}`);
          // A form of this project's that names nothing comes back with the list that it was sent from.
          const mayBeTold = parameter === "name" ? ["SHOP_SECRET", "note-"] : [];
          await expectSilence(
            response,
            secret.filter((word) => !mayBeTold.includes(word)),
          );
        }
        expect(await snapshot(app)).toEqual(before);
      });
    }
  }

  test("a service token of another project cannot be revoked by this one's address: 404", async () => {
    const { app, shop, tokenIds, tokens } = world;
    const admin = await signIn(app);
    const before = await snapshot(app);
    const response = await admin.post(`/admin/projects/${shop}/service-tokens/${tokenIds.other}/revoke`);
    expect(response.status).toBe(404);
    expect(await snapshot(app)).toEqual(before);
    expect((await app.request("/api/secrets", { headers: bearer(tokens.other) })).status).toBe(200);
  });
});

describe("without a password, every route of the admin pages is closed", () => {
  let open: TestApp;
  beforeAll(async () => {
    open = await createTestApp();
    await open.browser().createRoot("shop-project");
  });
  afterAll(() => open.close());

  const asked: [who: string, host: string, headers: Record<string, string>][] = [
    ["by another name", "http://secrets.example.com", {}],
    ["by a name that points here", "http://127.0.0.1.evil.example:3000", {}],
    ["by the address of the network", "http://192.168.1.2:3000", {}],
    ["through a proxy", origin, { "X-Forwarded-For": "127.0.0.1" }],
  ];
  for (const [who, host, headers] of asked) {
    for (const [route, { path, fields }] of Object.entries(adminRoutes)) {
      test(`${route}, asked ${who}: 403`, async () => {
        const before = await snapshot(open);
        const browser = new TestBrowser(async (to, init) => open.app.request(host + to, init));
        const response = await send(browser, route, path(world), fields?.(world), {
          ...headers,
          Origin: host,
        });
        expect(response.status).toBe(403);
        expect(response.headers.getSetCookie()).toEqual([]);
        await expectSilence(response, [...secret, ...names]);
        expect(await snapshot(open)).toEqual(before);
      });
    }
  }
});
