/** An attacker who is locked out, and the owner who is not; and what the owner is then told. */

import { afterEach, describe, expect, test } from "bun:test";
import { origin, type TestApp, type TestBrowser } from "../harness.ts";
import {
  attacker,
  browserAt,
  type Door,
  doors,
  from,
  type Guarded,
  home,
  knock,
  lockOut,
  lockOutAll,
  openGuarded,
  passphrase,
  password,
  wrong,
} from "./doors.ts";

let guarded: Guarded;
afterEach(() => guarded.app.close());

const day = 24 * 60 * 60 * 1000;

const open = async (env: Record<string, string> = {}) => {
  guarded = await openGuarded(env);
};

/** Whether the owner gets in by a door, from an address, with the browser of before. */
async function ownerAt(door: Door, address: string, app: TestApp = guarded.app): Promise<number> {
  const { owner, root } = guarded;
  // The session may be over, or another process's; the browser's cookie stays.
  const session = `secretsfly_session=${app.sessions.create(true).secret}`;
  const Cookie = [session, owner.known].join("; ");
  const body = new URLSearchParams(door.fields(door.right));
  const headers = { Origin: origin, Cookie, ...from(address) };
  return (await app.request(door.path(root), { method: "POST", body, headers })).status;
}

for (const door of doors) {
  describe(`at ${door.name}, the owner gets in`, () => {
    test("with a new browser, from where they have been before, past attackers from everywhere", async () => {
      await open();
      await lockOutAll(guarded, door);
      guarded.app.clock.advance(day / 48);
      await lockOutAll(guarded, door);
      expect((await knock(guarded, door, { address: attacker, key: door.right })).status).toBe(429);
      expect((await knock(guarded, door, { address: home, key: door.right })).status).toBe(door.opens);
    });

    test("with the browser of before, from a new address, past attackers from everywhere", async () => {
      await open();
      await lockOutAll(guarded, door);
      expect(await ownerAt(door, "192.0.2.99")).toBe(door.opens);
    });

    test("with the browser of before, from the attacker's own address", async () => {
      await open();
      await lockOut(guarded, door, home);
      expect((await knock(guarded, door, { address: home, key: door.right })).status).toBe(429);
      expect(await ownerAt(door, home)).toBe(door.opens);
    });

    test("with the browser of before, where nobody's address is known", async () => {
      await open();
      await lockOut(guarded, door, "no address");
      expect(await ownerAt(door, "no address")).toBe(door.opens);
    });

    test("after a restart, with the browser or from the address of before", async () => {
      await open();
      const app = await guarded.app.sibling();
      const { root } = guarded;
      await lockOutAll({ app, root }, door);
      await lockOut({ app, root }, door, "198.51.100.200");
      expect((await knock({ app, root }, door, { address: attacker, key: door.right })).status).toBe(429);
      expect((await knock({ app, root }, door, { address: home, key: wrong })).status).toBe(door.refuses);
      await lockOut({ app, root }, door, home);
      expect(await ownerAt(door, home, app)).toBe(door.opens);
    });

    test("and, with another password set, is a stranger to whom the limits apply", async () => {
      await open();
      const app = await guarded.app.sibling({ ADMIN_PASSWORD: "another password" });
      const { root } = guarded;
      await lockOut({ app, root }, door, home);
      expect(await ownerAt(door, home, app)).toBe(429);
    });

    test("and nobody else does with a browser that was never in, or long ago", async () => {
      await open();
      await lockOut(guarded, door, home);
      const planted = browserAt(guarded.app, attacker);
      await planted.get("/admin/sign-in");
      expect(planted.known).toBe("");
      guarded.app.clock.advance(30 * day);
      await lockOut(guarded, door, home);
      expect(await ownerAt(door, home)).toBe(429);
    });
  });
}

test("an address is trusted for 30 days after a success, and a new one within a minute of its own", async () => {
  const [door] = doors as [Door];
  await open();
  await lockOutAll(guarded, door);
  const tryAt = async (address: string) => (await knock(guarded, door, { address, key: "too short" })).status;
  const office = "192.0.2.200";
  expect([await tryAt(home), await tryAt(office)]).toEqual([door.refuses, 429]);
  const traveller = browserAt(guarded.app, office);
  await lockOutAll(guarded, door);
  guarded.app.clock.advance(1000);
  expect((await traveller.post("/admin/sign-in", { password })).status).toBe(303);
  guarded.app.clock.advance(59_000);
  await knock(guarded, door, { address: attacker, key: wrong });
  expect(await tryAt(office)).toBe(door.refuses);
  guarded.app.clock.advance(30 * day);
  await lockOutAll(guarded, door);
  expect([await tryAt(home), await tryAt(office)]).toEqual([429, 429]);
});

describe("a generated master key gets in whatever the limits say", () => {
  for (const door of doors.filter(({ name }) => name !== "sign-in")) {
    test(`at ${door.name}, and a wrong one does not`, async () => {
      await open();
      const { id: root, masterKey } = await guarded.owner.createRoot("generated");
      const { masterKey: another } = await guarded.owner.createRoot("another");
      const place = { app: guarded.app, root };
      await lockOutAll(place, door);
      for (let i = 0; i < 3; i++)
        expect((await knock(place, door, { address: attacker, key: another })).status).toBe(429);
      expect((await knock(place, door, { address: attacker, key: masterKey })).status).toBe(door.opens);
    });
  }
});

describe("the browser's cookie", () => {
  test("is as well kept as the session's, lasts 30 days, and opens nothing", async () => {
    await open();
    const response = await browserAt(guarded.app, home).post("/admin/sign-in", { password });
    const lines = response.headers.getSetCookie().filter((line) => line.startsWith("secretsfly_browser="));
    const attributes = lines.flatMap((line) => line.split("; ").slice(1)).sort();
    expect(attributes).toEqual(["HttpOnly", "Max-Age=2592000", "Path=/admin", "SameSite=Strict"]);
    const Cookie = lines[0]?.split("; ")[0] ?? "";
    expect((await guarded.app.request("/admin/projects", { headers: { Cookie } })).status).toBe(303);
  });

  test("is Secure and __Host- behind https", async () => {
    const PUBLIC_ORIGIN = "https://secrets.example.com";
    await open();
    const app = await guarded.app.sibling({ PUBLIC_ORIGIN });
    const body = new URLSearchParams({ password });
    const headers = { Origin: PUBLIC_ORIGIN };
    const response = await app.request("/admin/sign-in", { method: "POST", body, headers });
    const line = response.headers.getSetCookie().find((one) => one.includes("secretsfly_browser"));
    expect(line).toStartWith("__Host-secretsfly_browser=");
    expect(line?.split("; ").slice(1).sort()).toEqual([
      "HttpOnly",
      "Max-Age=2592000",
      "Path=/",
      "SameSite=Strict",
      "Secure",
    ]);
  });

  test("is given to nobody who was refused, and to who makes a root for that root alone", async () => {
    await open();
    const other = browserAt(guarded.app, attacker);
    await other.post("/admin/sign-in", { password: wrong });
    expect(other.known).toBe("");
    await other.post("/admin/sign-in", { password });
    await other.createRoot("own");
    for (let i = 0; i < 10; i++) await other.unseal(guarded.root, wrong.slice(0, 5));
    expect((await other.unseal(guarded.root, passphrase)).status).toBe(429);
  });
});

/** The messages of the next page that a browser is shown. */
async function flashes(browser: TestBrowser): Promise<string[]> {
  const page = await browser.open("/admin/projects");
  return [...page.matchAll(/<p class="flash[^>]*>([\s\S]*?)<\/p>/g)].map(([, text = ""]) => text.trim());
}

describe("whoever comes in next is told", () => {
  const [signIn, unseal, rotate] = doors as [Door, Door, Door];
  const fail = async (door: Door, address: string, times = 1) => {
    for (let i = 0; i < times; i++) await knock(guarded, door, { address, key: "too short" });
  };

  test("of attempts to sign in: how many, when, and from where", async () => {
    await open();
    await fail(signIn, attacker, 40);
    guarded.app.clock.advance(90_000);
    await fail(signIn, "198.51.100.7");
    await fail(signIn, "2001:db8::1");
    guarded.app.clock.advance(3_600_000);
    await guarded.owner.post("/admin/sign-in", { password });
    expect(await flashes(guarded.owner)).toEqual([
      "Since the last sign-in, 42 attempts to sign in failed, the last on 1 Jan 2026, 00:01 UTC from 2001:db8::1, others from 2 more addresses.",
    ]);
    await guarded.owner.post("/admin/sign-in", { password });
    expect(await flashes(guarded.owner)).toEqual([]);
  });

  test("of attempts at a master key, in either form, also those that were refused unlooked at", async () => {
    await open();
    await fail(unseal, attacker, 5);
    await fail(rotate, attacker, 20);
    await guarded.owner.unseal(guarded.root, passphrase);
    expect(await flashes(guarded.owner)).toEqual([
      `Since shop was last unsealed, 25 attempts at its master key failed, the last on 1 Jan 2026, 00:00 UTC from ${attacker}.`,
    ]);
    await guarded.owner.unseal(guarded.root, passphrase);
    expect(await flashes(guarded.owner)).toEqual([]);
  });

  test("with an alarm of others' attempts, and without one of a slip of their own", async () => {
    await open();
    const kinds = async (): Promise<string[]> => {
      await guarded.owner.unseal(guarded.root, passphrase);
      const page = await guarded.owner.open("/admin/projects");
      return [...page.matchAll(/<p class="flash (\w+)"/g)].map(([, kind = ""]) => kind);
    };
    await fail(unseal, home, 2);
    expect(await kinds()).toEqual(["info"]);
    await fail(unseal, home, 3);
    expect(await kinds()).toEqual(["error"]);
    await fail(unseal, attacker);
    expect(await kinds()).toEqual(["error"]);
  });

  test("of a project and an address that hold markup as of any other text", async () => {
    await open();
    const root = await guarded.owner.createRoot("<script>alert(1)</script>");
    await flashes(guarded.owner);
    const place = { app: guarded.app, root: root.id };
    for (const address of ["<b>192.0.2.7</b>", "fe80::1%<b>"])
      await knock(place, unseal, { address, key: "too short" });
    await guarded.owner.unseal(root.id, root.masterKey);
    const [flash = ""] = await flashes(guarded.owner);
    expect(flash).toContain("Since &lt;script&gt;alert(1)&lt;/script&gt; was last unsealed, 2 attempts");
    expect(flash).not.toContain("<");
  });

  test("of an unknown address as such", async () => {
    await open();
    await fail(signIn, "no address", 3);
    await guarded.owner.post("/admin/sign-in", { password });
    expect((await flashes(guarded.owner)).join()).toEndWith("from an unknown address.");
  });

  test("of what failed at one root when that one is unsealed, and not another", async () => {
    await open();
    const other = await guarded.owner.createRoot("other");
    await flashes(guarded.owner);
    await fail(unseal, attacker, 3);
    await guarded.owner.unseal(other.id, other.masterKey);
    expect(await flashes(guarded.owner)).toEqual([]);
    await guarded.owner.unseal(guarded.root, passphrase);
    expect(await flashes(guarded.owner)).toHaveLength(1);
  });
});
