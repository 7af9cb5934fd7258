/** Sessions on several machines: each is on one, which its cookie names, and the others pass its requests on. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseConfig } from "../../src/config.ts";
import { cookieOf, machineOf } from "../../src/sessions/machines.ts";
import { createTestApp, origin, type TestApp, TestBrowser } from "../harness.ts";

const password = "correct horse battery staple";
const settings = { ADMIN_PASSWORD: password };
const order = (machine: string) => `instance=${machine};state=session;timeout=5s;fallback=force_self`;
const orderOf = (response: Response) => response.headers.get("Fly-Replay");
const secret = "A".repeat(43);
const cookie = (value: string) => ({ Cookie: `secretsfly_session=${value}` });
const failed = { "Fly-Replay-Failed": "instance_unreachable" };

let one: TestApp;
let two: TestApp;
beforeEach(async () => {
  one = await createTestApp({ ...settings, MACHINE_ID: "one" });
  two = await one.sibling({ MACHINE_ID: "two" });
});
afterEach(() => {
  two.close();
  one.close();
});

async function signIn(app: TestApp): Promise<TestBrowser> {
  const browser = app.browser();
  expect((await browser.post("/admin/sign-in", { password })).status).toBe(303);
  return browser;
}

/** A browser that has come in on `from`, whose requests now reach `app`, with these headers of a proxy's. */
function moved(from: TestBrowser, app: TestApp, headers: Record<string, string> = {}): TestBrowser {
  let first: string | undefined = [from.cookie, from.known].join("; ");
  return new TestBrowser((path, init) => {
    const all = new Headers(init?.headers);
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    if (first !== undefined) all.set("Cookie", first);
    // From the first answer on it keeps what it is told to keep.
    first = undefined;
    return app.request(path, { ...init, headers: all });
  });
}

const events = async (app: TestApp) => {
  const { rows } = await app.db.$client.execute("select count(*) as n from audit_events");
  return Number(rows[0]?.n);
};

describe("the cookie", () => {
  test("names its machine in front of the secret", async () => {
    expect((await signIn(one)).cookie).toMatch(/^secretsfly_session=one\.[\w-]{43}$/);
    expect((await signIn(two)).cookie).toMatch(/^secretsfly_session=two\.[\w-]{43}$/);
  });

  test("is the secret alone where the machine has no name", async () => {
    const alone = await one.sibling({ MACHINE_ID: "" });
    expect((await signIn(alone)).cookie).toMatch(/^secretsfly_session=[\w-]{43}$/);
    alone.close();
  });

  test("names what Fly calls the machine, unless the settings call it something else", () => {
    const nameOf = (env: Record<string, string>) => parseConfig(env).MACHINE_ID;
    expect(nameOf({})).toBeUndefined();
    expect(nameOf({ FLY_MACHINE_ID: "90801679a10038" })).toBe("90801679a10038");
    expect(nameOf({ FLY_MACHINE_ID: "90801679a10038", MACHINE_ID: "one" })).toBe("one");
    expect(nameOf({ FLY_MACHINE_ID: "90801679a10038", MACHINE_ID: " " })).toBe("90801679a10038");
    for (const name of ["a.b", "a;b", "a,app=other", "a b", "ä", "a_b", "a".repeat(64)])
      expect(() => parseConfig({ MACHINE_ID: name })).toThrow(
        /^these settings cannot be used:\n {2}MACHINE_ID: /,
      );
  });

  test("whatever it holds, a name out of it is letters, digits and - alone", () => {
    const anything = fc.oneof(
      fc.string({ unit: "binary" }),
      fc
        .tuple(fc.string({ unit: "binary" }), fc.constantFrom(".", "", "\r\n.", ";."))
        .map((parts) => parts.join("") + secret),
      fc.stringMatching(/^[A-Za-z0-9;=,. -]{0,80}\.[\w-]{42,44}$/),
    );
    fc.assert(
      fc.property(anything, (value) => {
        const machine = machineOf(value);
        if (machine === undefined) return;
        expect(machine).toMatch(/^[A-Za-z0-9-]{1,63}$/);
        expect(value).toBe(cookieOf(machine, value.slice(-43)));
      }),
      { numRuns: 1000 },
    );
  });

  test("of every machine that the settings allow gives back its name", () => {
    const names = fc.stringMatching(/^[A-Za-z0-9-]{1,63}$/);
    fc.assert(
      fc.property(names, fc.uint8Array({ minLength: 32, maxLength: 32 }), (name, bytes) => {
        const MACHINE_ID = parseConfig({ MACHINE_ID: name }).MACHINE_ID;
        const text = bytes.toBase64({ alphabet: "base64url", omitPadding: true });
        expect(machineOf(cookieOf(MACHINE_ID, text))).toBe(name);
        expect(machineOf(text)).toBeUndefined();
      }),
    );
  });
});

describe("another machine", () => {
  test("passes every request of the session on, unseen, and keeps nothing of it", async () => {
    const { cookie: Cookie } = await signIn(one);
    const before = await events(two);
    const asked: [path: string, init: RequestInit][] = [
      ["/admin", {}],
      ["/admin/projects", {}],
      ["/admin/projects", { method: "HEAD" }],
      ["/admin/sign-in", {}],
      ["/admin/nothing", {}],
      // Not even a form of another site, of another type, or with a wrong password is looked at.
      ["/admin/sign-in", { method: "POST", body: new URLSearchParams({ password: "wrong" }) }],
      ["/admin/projects", { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } }],
    ];
    for (const [path, init] of asked) {
      for (let i = 0; i < 12; i++) {
        const headers = new Headers(init.headers);
        headers.set("Cookie", Cookie);
        const response = await two.request(path, { ...init, headers });
        expect([response.status, orderOf(response)]).toEqual([409, order("one")]);
        expect(response.headers.get("Cache-Control")).toBe("no-store");
      }
    }
    expect(await events(two)).toBe(before);
    expect(two.sessions.size).toBe(0);
    // Twelve wrong passwords were none here.
    expect((await two.browser().post("/admin/sign-in", { password: "wrong" })).status).toBe(401);
  });

  test("reads no byte of a form", async () => {
    const { cookie: Cookie } = await signIn(one);
    let pulled = false;
    const body = new ReadableStream(
      {
        pull(controller) {
          pulled = true;
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const type = "application/x-www-form-urlencoded";
    const headers = { Cookie, Origin: origin, "Content-Type": type, "Content-Length": "20" };
    const response = await two.request("/admin/projects", { method: "POST", headers, body });
    expect([orderOf(response), pulled]).toEqual([order("one"), false]);
  });

  test("answers itself what is nobody's session: the API, files, health, and who has not signed in", async () => {
    const metered = await one.sibling({ MACHINE_ID: "three", METRICS: "true" });
    const { cookie: Cookie } = await signIn(one);
    for (const path of [
      "/",
      "/livez",
      "/metrics",
      "/api/status",
      "/api/secrets",
      "/api/docs",
      "/api/openapi.json",
    ])
      expect(orderOf(await metered.request(path, { headers: { Cookie } }))).toBeNull();
    const page = await (await metered.request("/admin/sign-in")).text();
    const style = /href="(\/assets\/[^"]+)"/.exec(page)?.[1] ?? "";
    const file = await metered.request(style, { headers: { Cookie } });
    expect([file.status, orderOf(file)]).toEqual([200, null]);
    metered.close();
  });

  test("has no name to pass on to where it is the only one", async () => {
    const alone = await one.sibling({ MACHINE_ID: "" });
    const response = await alone.request("/admin/projects", { headers: cookie(`two.${secret}`) });
    expect([response.status, orderOf(response)]).toEqual([303, null]);
    alone.close();
  });

  test("passes on to names alone, whatever a cookie holds", async () => {
    const hostile = [
      `two;app=other.${secret}`,
      `two,three.${secret}`,
      `two\r\nX-Evil: 1.${secret}`,
      `two;region=ams.${secret}`,
      `${"a".repeat(64)}.${secret}`,
      `.${secret}`,
      `two.${secret.slice(1)}`,
      `two.${secret}A`,
      `two.three.${secret}`,
      "two.",
      "two",
      `twö.${secret}`,
      `two\0.${secret}`,
    ];
    const prefix = fc.string({ unit: "binary", maxLength: 100 });
    const anything = fc.oneof(
      fc.constantFrom(...hostile),
      prefix,
      prefix.map((text) => `${text}.${secret}`),
    );
    const allowed = /^([A-Za-z0-9-]{1,63})\.A{43}$/;
    await fc.assert(
      fc.asyncProperty(anything, async (value) => {
        const response = await one.request("/admin/projects", { headers: cookie(encodeURIComponent(value)) });
        const machine = allowed.exec(value)?.[1];
        expect(orderOf(response)).toBe(machine && machine !== "one" ? order(machine) : null);
        expect(response.headers.get("X-Evil")).toBeNull();
      }),
    );
    const forged = await one.request("/admin/projects", { headers: cookie(`anybody.${secret}`) });
    expect(orderOf(forged)).toBe(order("anybody"));
  });

  test("tells a browser whose proxy does not know this to sign in again", async () => {
    const browser = moved(await signIn(one), two);
    const response = await browser.get("/admin/projects");
    expect(await response.text()).toContain("the proxy in front of this one has not passed the request on");
    expect(response.headers.getSetCookie()).toEqual(["secretsfly_session=; Max-Age=0; Path=/admin"]);
    expect((await browser.post("/admin/sign-in", { password })).status).toBe(303);
  });
});

describe("a request that was passed on already is not passed on again", () => {
  const signs: [string, Record<string, string>][] = [
    ["because its machine cannot be reached", failed],
    ["as the proxy tells with no reason", { "Fly-Replay-Failed": "" }],
    [
      "from a machine of ours",
      { "Fly-Replay-Src": "instance=three;region=ams;t=1700000000000000;state=session" },
    ],
    ["from this very machine", { "Fly-Replay-Src": "instance=two; region=ams; t=1700000000000000" }],
  ];
  for (const [why, headers] of signs) {
    test(why, async () => {
      const response = await two.request("/admin/projects", {
        headers: { ...cookie(`one.${secret}`), ...headers },
      });
      expect([response.status, orderOf(response)]).toEqual([303, null]);
      expect(response.headers.get("Location")).toBe("/admin/sign-in");
    });
  }

  test("but it is where another program has led it to us", async () => {
    const headers = { "Fly-Replay-Src": "instance=router;region=ams;t=1700000000000000;state=shop" };
    const response = await two.request("/admin/projects", {
      headers: { ...cookie(`one.${secret}`), ...headers },
    });
    expect(orderOf(response)).toBe(order("one"));
  });

  test("and what it asks for is answered where its session is", async () => {
    const browser = moved(await signIn(one), one, {
      "Fly-Replay-Src": "instance=two;region=ams;t=1700000000000000;state=session",
    });
    expect((await browser.get("/admin/projects")).status).toBe(200);
  });
});

describe("a session that is lost", () => {
  const gone =
    "The machine that held your session does not answer: it was stopped or replaced. What you had unsealed was in its memory only. Sign in again, and unseal again what you need.";
  const ended =
    "Your session is over, or the server that held it was restarted. What you had unsealed was in its memory only. Sign in again, and unseal again what you need.";

  test("with its machine is told so on the sign-in page, once, and another machine lets in again", async () => {
    const browser = moved(await signIn(one), two, failed);
    const response = await browser.get("/admin/projects");
    expect([response.status, response.headers.get("Location")]).toEqual([303, "/admin/sign-in"]);
    expect(response.headers.getSetCookie()).toContain("secretsfly_session=; Max-Age=0; Path=/admin");
    expect(browser.cookie).toBe("");
    expect(await browser.open("/admin/sign-in")).toContain(gone);
    expect(await browser.open("/admin/sign-in")).not.toContain("your session");
    expect((await browser.post("/admin/sign-in", { password })).status).toBe(303);
    expect(browser.cookie).toStartWith("secretsfly_session=two.");
    expect((await browser.get("/admin/projects")).status).toBe(200);
  });

  test("by a restart of its machine, or by time, is told so too", async () => {
    const alone = await one.sibling({ MACHINE_ID: "" });
    for (const app of [one, alone]) {
      const browser = await signIn(app);
      app.sessions.clear();
      const response = await browser.get("/admin/projects");
      expect([response.status, response.headers.get("Location")]).toEqual([303, "/admin/sign-in"]);
      expect(browser.cookie).toBe("");
      expect(await browser.open("/admin/sign-in")).toContain(ended);
    }
    alone.close();
  });

  test("is told of a form that nothing of it was saved, and of giving up nothing of the kind", async () => {
    const told = async (path: string) => {
      const browser = moved(await signIn(one), two, failed);
      await browser.post(path, { name: "shop" });
      return browser.open("/admin/sign-in");
    };
    expect(await told("/admin/projects")).toContain(`Nothing was saved. ${gone}`);
    for (const path of ["/admin/sign-out", "/admin/seal"]) {
      const page = await told(path);
      expect(page).toContain(gone);
      expect(page).not.toContain("Nothing was saved.");
    }
  });

  test("is told of on the sign-in page itself, also beside a wrong password, and lets in with the right one", async () => {
    const browser = moved(await signIn(one), two, failed);
    const response = await browser.get("/admin/sign-in");
    expect(await response.text()).toContain(gone);
    expect(response.headers.getSetCookie()).toEqual(["secretsfly_session=; Max-Age=0; Path=/admin"]);

    const refused = await moved(await signIn(one), two, failed).post("/admin/sign-in", { password: "wrong" });
    expect(refused.status).toBe(401);
    expect(await refused.text()).toContain(gone);

    const late = moved(await signIn(one), two, failed);
    const entered = await late.post("/admin/sign-in", { password });
    expect(entered.headers.get("Location")).toBe("/admin/projects");
    expect(late.cookie).toStartWith("secretsfly_session=two.");
    expect(await late.open("/admin/projects")).not.toContain(gone);
  });
});

describe("another machine's session", () => {
  test("is not here: what is unsealed there is sealed here, and its secret under our name is nobody's", async () => {
    const admin = await signIn(one);
    const { id } = await admin.createRoot("shop");
    await admin.save(id, "prod", { PASSWORD: "hunter2" });
    const page = `/admin/projects/${id}/environments/prod/secrets?decrypt=true`;
    expect(await admin.open(page)).toContain("hunter2");

    const other = await signIn(two);
    expect(await other.open(page)).toContain("This project is sealed.");
    expect(two.sessions.unsealedRoots().size).toBe(0);

    const text = admin.cookie.slice(-43);
    for (const [app, value] of [
      [one, `two.${text}`],
      [one, text],
      [two, `two.${text}`],
      [two, `one.${text}`],
    ] as const) {
      const response = await app.request(page, { headers: { ...cookie(value), ...failed } });
      expect([response.status, response.headers.get("Location")]).toEqual([303, "/admin/sign-in"]);
    }
    expect(await admin.open(page)).toContain("hunter2");
  });

  test("of a browser that has come in before is known here: its tries are its own on every machine", async () => {
    const known = moved(await signIn(one), two, failed);
    for (let i = 0; i < 10; i++) await two.browser().post("/admin/sign-in", { password: "wrong" });
    expect((await two.browser().post("/admin/sign-in", { password })).status).toBe(429);
    expect((await known.post("/admin/sign-in", { password })).status).toBe(303);
  });

  test("never shows in a log", async () => {
    const admin = await signIn(one);
    await moved(admin, two).get("/admin/projects");
    await moved(admin, two, failed).get("/admin/projects");
    await moved(admin, two, failed).post("/admin/projects", { name: "shop" });
    await admin.get("/admin/projects");
    const logs = [...one.logs, ...two.logs].join("");
    expect(logs).toContain('"status":409');
    expect(logs).not.toContain(admin.cookie.slice(-43));
    expect(logs).not.toContain("one.");
  });
});

describe("a form of more than a megabyte", () => {
  const post = (app: TestApp, Cookie: string, id: number, headers: Record<string, string> = {}) => {
    const body = new URLSearchParams({ name: "LARGE", value: "x".repeat(1_000_000) });
    const length = { "Content-Length": String(String(body).length) };
    const all = { Cookie, Origin: origin, ...length, ...headers };
    return app.request(`/admin/projects/${id}/environments/prod/secrets`, {
      method: "POST",
      headers: all,
      body,
    });
  };

  test("is refused by another machine, which says what to do, and taken by its own", async () => {
    const admin = await signIn(one);
    const { id } = await admin.createRoot("shop");
    const refused = await post(two, admin.cookie, id);
    expect([refused.status, orderOf(refused)]).toEqual([413, null]);
    const page = await refused.text();
    expect(page).toContain("Your session is on another machine than the one that this form has reached");
    expect(page).toContain("Nothing was saved.");
    expect(refused.headers.get("Set-Cookie")).toBeNull();
    expect((await post(one, admin.cookie, id)).status).toBe(303);
  });
});
