/** Headers that say something else than they may, and what leads a browser elsewhere: redirects and cookies. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { bearer, createTestApp, origin, type TestApp, type TestBrowser } from "../harness.ts";
import { ended, expectHardened, send, told } from "./battery/answers.ts";
import { adminRoutes, allRoutes, methodOf, pathOf } from "./battery/routes.ts";
import { createWorld, password, signIn, type World } from "./battery/world.ts";

describe("with everything unsealed,", () => {
  let world: World;
  let admin: TestBrowser;
  beforeAll(async () => {
    world = await createWorld();
    admin = await signIn(world.app);
    await admin.unseal(world.shop, world.masterKey);
  });
  afterAll(() => world.app.close());

  /** What proxies and frameworks send or believe: another host, scheme, port, path or method. */
  const claims: Record<string, string> = {
    Forwarded: "for=127.0.0.1;host=evil.example;proto=https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Prefix": "//evil.example",
    "X-Forwarded-For": "127.0.0.1",
    "X-Host": "evil.example",
    "X-HTTP-Host-Override": "evil.example",
    "X-Original-Host": "evil.example",
    "X-Original-URL": "/admin/projects",
    "X-Rewrite-URL": "/admin/projects",
    "X-Override-URL": "/admin/projects",
    "X-Wap-Profile": "http://evil.example",
    Referer: "https://evil.example/admin/projects",
    Via: "1.1 evil.example",
  };
  const gets = allRoutes.filter((route) => methodOf(route) === "GET");
  for (const route of gets) {
    test(`headers that others could have set change nothing at ${route}`, async () => {
      const { app, tokens } = world;
      const path = pathOf(world, route);
      for (const who of [{}, bearer(tokens.read), { Cookie: admin.cookie }]) {
        const plain = await told(await ended(await app.request(path, { headers: who })));
        const claimed = await told(await ended(await app.request(path, { headers: { ...who, ...claims } })));
        const fresh = /sfmk_\w+/g;
        expect({ ...claimed, body: claimed.body.replace(fresh, "") }).toEqual({
          ...plain,
          body: plain.body.replace(fresh, ""),
        });
      }
    });
  }

  const elsewhere = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/%09/evil.example",
    "/%2f%2fevil.example",
    "/%5cevil.example",
    "https:evil.example",
    "https:/evil.example",
    "//evil.example/%2e%2e",
    "javascript:alert(1)",
    "data:text/html,x",
    `${origin}@evil.example`,
    `${origin}.evil.example`,
    "/admin/projects\r\nSet-Cookie: planted=1",
    "/admin/projects%0d%0aSet-Cookie:%20planted=1",
    "?q=x\r\nSet-Cookie: planted=1",
  ];
  const ways = [
    "back",
    "next",
    "url",
    "to",
    "redirect",
    "redirect_uri",
    "return",
    "returnTo",
    "continue",
    "goto",
  ];
  for (const [route, { path, fields }] of Object.entries(adminRoutes)) {
    test(`a redirect leads nowhere else, whatever ${route} is sent`, async () => {
      const copy = await world.app.copy();
      const browser = await signIn(copy);
      await browser.unseal(world.shop, world.masterKey);
      for (const target of elsewhere) {
        const sent = Object.fromEntries(ways.map((way) => [way, target]));
        const query = new URLSearchParams(sent);
        const to = path(world) + (path(world).includes("?") ? "&" : "?") + query;
        const headers = /[\r\n]/.test(target) ? {} : { Referer: target };
        const response = await send(browser, route, to, { ...sent, ...fields?.(world) }, headers);
        expect(response.status).toBeLessThan(500);
        expectHardened(response);
        const location = response.headers.get("Location") ?? "/admin";
        // As a browser reads it: a path of ours, and not one that a browser takes for a host.
        expect(location).toMatch(/^\/admin(?:[/?]|$)/);
        expect(new URL(location, origin).origin).toBe(origin);
        const refresh = response.headers.get("Refresh");
        if (refresh !== null) expect(refresh).toMatch(/^\d+; url=\/admin\//);
        expect(response.headers.getSetCookie().join()).not.toContain("planted");
        expect(JSON.stringify([...response.headers.keys()])).not.toContain("planted");
      }
      copy.close();
    });
  }
});

test("behind PUBLIC_ORIGIN no page tells of the host that was asked for", async () => {
  const app = await createTestApp({ ADMIN_PASSWORD: password, PUBLIC_ORIGIN: "https://secrets.example.com" });
  const asked = "http://evil.example:8080";
  const { secret } = app.sessions.create(true);
  for (const route of allRoutes.filter((name) => methodOf(name) === "GET")) {
    const path = route.slice(4).replace("-*.", "-000000000000.").replaceAll(/:\w+/g, "1");
    for (const headers of [{}, { Cookie: `__Host-secretsfly_session=${secret}` }]) {
      const answer = await told(await ended(await app.app.request(asked + path, { headers })));
      expect(JSON.stringify(answer)).not.toContain("evil.example");
    }
  }
  app.close();
});

describe("a cookie of ours", () => {
  /** What is set while somebody signs in, is led to a sealed project, unseals and signs out. */
  async function cookies(settings: Record<string, string>, from: string): Promise<string[]> {
    const app: TestApp = await createTestApp(settings);
    const lines: string[] = [];
    let cookie = "";
    const ask = async (path: string, fields?: Record<string, string>) => {
      const init = fields ? { method: "POST", body: new URLSearchParams(fields) } : {};
      const response = await app.app.request(from + path, {
        ...init,
        headers: { Origin: from, Cookie: cookie },
      });
      const set = response.headers.getSetCookie();
      lines.push(...set);
      cookie = [cookie, ...set.map((line) => line.split(";")[0])].filter(Boolean).join("; ");
      return response.text();
    };
    await ask("/admin/sign-in", { password });
    const page = await ask("/admin/projects", { name: "shop" });
    const masterKey = /id="master-key"[^>]*>([^<]+)</.exec(page)?.[1] ?? "";
    await ask("/admin/projects/1/seal", {});
    await ask("/admin/projects/1/compare");
    await ask("/admin/projects/1/unseal", { masterKey });
    const former = cookie;
    cookie = "";
    if (settings.ADMIN_PASSWORD === undefined) await ask("/admin/projects/1/compare");
    cookie = former;
    await ask("/admin/sign-out", {});
    app.close();
    return lines;
  }

  const https = "https://secrets.example.com";
  const places: [string, Record<string, string>, string][] = [
    ["on this machine", {}, origin],
    ["on this machine with a password", { ADMIN_PASSWORD: password }, origin],
    ["behind https", { ADMIN_PASSWORD: password, PUBLIC_ORIGIN: https }, https],
  ];
  for (const [where, settings, from] of places) {
    test(`${where} is read by no script, sent by no other site's form, and for no other domain`, async () => {
      const lines = await cookies(settings, from);
      expect(lines.length).toBeGreaterThan(1);
      for (const line of lines) {
        const [pair = "", ...attributes] = line.split("; ");
        const isNotice = pair.startsWith("secretsfly_notice=");
        const isEnd = attributes.includes("Max-Age=0");
        expect(pair).toMatch(/^(?:__Host-)?secretsfly_(?:session|browser|notice)=/);
        if (!isEnd) expect(attributes).toContain("HttpOnly");
        if (!isEnd) expect(attributes).toContain(isNotice ? "SameSite=Lax" : "SameSite=Strict");
        expect(attributes.some((attribute) => attribute.startsWith("Domain"))).toBe(false);
        expect(attributes.includes("Secure")).toBe(from === https);
        if (!isNotice) expect(pair.startsWith("__Host-")).toBe(from === https);
        expect(attributes).toContain(from === https && !isNotice ? "Path=/" : "Path=/admin");
      }
    });
  }
});
