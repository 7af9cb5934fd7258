import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { InStatement } from "@libsql/client";
import { sql } from "drizzle-orm";
import { parseServiceToken } from "../../../src/cryptography/service-token.ts";
import { serviceTokens } from "../../../src/database/schema.ts";
import { authenticate } from "../../../src/vault/token-access.ts";
import { EventReader, listen, listening } from "../../event-reader.ts";
import { bearer, createFileApp, createTestApp, type TestApp, type TestBrowser } from "../../harness.ts";
import { startServer, temporaryFolder } from "../../server-process.ts";
import { put } from "../../vault/inspect.ts";

const second = 1000;
const day = 24 * 60 * 60 * second;

let app: TestApp;
let admin: TestBrowser;
let shop: number;
let token: string;

beforeEach(async () => {
  app = await createTestApp();
  admin = app.browser();
  ({ id: shop } = await admin.createRoot("shop"));
  token = await admin.createToken(shop, "prod", "write");
});
afterEach(() => app.close());

/** The revision as the ETag of the list says it. */
async function revision(of = token): Promise<string> {
  const response = await app.request("/api/secrets", { headers: bearer(of) });
  return response.headers.get("ETag")?.replaceAll('"', "").split(".").at(-1) ?? "";
}

/** Lets the time come for a ping, and for a look into the database whether or not somebody told. */
async function pass({ clock, changes } = app): Promise<void> {
  clock.advance(15 * second);
  await changes.tick();
}

/**
 * Lets the time come at which a server is asked for what nobody tells. Of a file everything is told, and nothing is looked
 * for so soon.
 */
async function passOnServer(): Promise<void> {
  app.clock.advance(2 * second);
  await app.changes.tick();
}

/** Checks that none of these is told of a revision: pings are all that comes. */
async function expectSilence(...readers: readonly EventReader[]): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await pass();
    for (const reader of readers) expect(await reader.next()).toEqual({ event: "ping", data: "{}" });
  }
}

describe("listening", () => {
  test("begins with the present revision, which is the one in the ETag, and is kept by nobody", async () => {
    const reader = await listen(app, token);
    const { status, headers } = reader.response;
    expect(status).toBe(200);
    expect(headers.get("Content-Type")).toBe("text/event-stream; charset=utf-8");
    expect([headers.get("Cache-Control"), headers.get("X-Accel-Buffering")]).toEqual(["no-store", "no"]);
    expect(await reader.next()).toEqual({ retry: "3000" });
    const present = await revision();
    expect(present).toMatch(/^[\w-]{22}$/);
    expect(await reader.next()).toEqual({
      event: "revision",
      id: present,
      data: JSON.stringify({ revision: present }),
    });
    await expectSilence(reader);
  });

  test("goes on where it was: who knows the present revision is pinged, and anybody else told", async () => {
    const former = await revision();
    await put(app, token, "A", "1");
    const present = await revision();
    const first = async (lastEventId: string) => {
      const reader = await listen(app, token, { "Last-Event-ID": lastEventId });
      await reader.next();
      return reader.next();
    };
    expect(await first(present)).toEqual({ event: "ping", data: "{}" });
    for (const id of [former, "", "none", `"${present}"`, present.toLowerCase()]) {
      expect(await first(id)).toMatchObject({ event: "revision", id: present });
    }
  });

  test("is a use of the token, and no read, and is logged as what it is", async () => {
    await listening(app, token);
    expect(app.logs.at(-1)).toContain('"route":"/api/secrets/events"');
    await app.usage.flush();
    expect(await app.db.select().from(serviceTokens)).toMatchObject([
      { reads: 0, lastUsedAt: app.clock.now },
    ]);
  });

  test("works with whatever is accepted, while everything is sealed, and by HEAD opens nothing", async () => {
    await admin.post("/admin/seal");
    const head = await app.request("/api/secrets/events/", { method: "HEAD", headers: bearer(token) });
    expect([head.status, head.headers.get("Content-Type")]).toEqual([
      200,
      "text/event-stream; charset=utf-8",
    ]);
    expect(app.changes.size).toBe(0);
    const reader = await listen(app, token, { Accept: "application/json" });
    expect(reader.response.status).toBe(200);
    expect(app.changes.size).toBe(1);
  });
});

describe("a change", () => {
  test("is told to those who get something else by it, and to nobody else", async () => {
    const child = await admin.createChild("web", shop);
    const sibling = await admin.createChild("worker", shop);
    const { id: other } = await admin.createRoot("other");
    const childToken = await admin.createToken(child, "prod");
    await admin.save(sibling, "prod", { A: "the sibling's own" });
    const [own, below] = [await listening(app, token), await listening(app, childToken)];
    const elsewhere = await Promise.all(
      [
        await admin.createToken(shop, "dev"),
        await admin.createToken(sibling, "prod"),
        await admin.createToken(other, "prod"),
      ].map((its) => listening(app, its)),
    );
    await put(app, token, "A", "1");
    expect(await own.nextRevision()).toBe(await revision());
    expect(await below.nextRevision()).toBe(await revision(childToken));
    await expectSilence(own, below, ...elsewhere);

    await admin.save(child, "prod", { A: "the child's own" });
    expect(await below.nextRevision()).toBe(await revision(childToken));
    await put(app, token, "A", "overridden below");
    expect(await own.nextRevision()).toBe(await revision());
    await put(app, token, "A", "overridden below", "a note");
    await admin.post(`/admin/projects/${shop}/edit`, { name: "renamed", description: "", parentId: "" });
    await expectSilence(own, below, ...elsewhere);
  });

  test("by another process is told, and so is its revocation", async () => {
    const other = await app.sibling();
    const reader = await listening(app, token);
    await put(other, token, "A", "1");
    await passOnServer();
    expect(await reader.nextRevision()).toBe(await revision());
    await other.browser().post(`/admin/projects/${shop}/service-tokens/1/revoke`);
    await passOnServer();
    expect(await reader.next()).toBeUndefined();
    other.close();
  });

  test("is not queued up for a reader that is slow: it gets the newest", async () => {
    const reader = await listening(app, token);
    const told: string[] = [];
    const other = await listening(app, token);
    for (const value of ["1", "2", "3", "4"]) {
      await put(app, token, "A", value);
      told.push(await other.nextRevision());
    }
    await pass();
    // The first was on its way already.
    expect([await reader.nextRevision(), await reader.nextRevision()]).toEqual([
      told[0] as string,
      told[3] as string,
    ]);
    await expectSilence(reader);
  });

  test("that could not be read from the database is told once it can be", async () => {
    const reader = await listening(app, token);
    await app.changes.tick();
    await app.db.run(sql`alter table views rename to views_away`);
    app.clock.advance(15 * second);
    const failed = app.changes.tick().catch(() => "failed");
    expect(await failed).toBe("failed");
    expect(await reader.next()).toMatchObject({ event: "ping" });
    // Before it can be read again: who looks in between knows it, too.
    await app.db.run(sql`update views_away set body_id = 'another' where environment_id = 2`);
    await app.db.run(sql`alter table views_away rename to views`);
    await app.changes.tick();
    expect(await reader.nextRevision()).toBe("another");
  });
});

describe("listening ends, and the next try is refused, when the token", () => {
  async function expectEnd(reader: EventReader, its: string): Promise<void> {
    expect(await reader.next()).toBeUndefined();
    expect(app.changes.size).toBe(0);
    const again = await app.request("/api/secrets/events", { headers: bearer(its) });
    expect(again.status).toBe(401);
  }

  const ends: [string, () => Promise<unknown>][] = [
    ["is revoked", () => admin.post(`/admin/projects/${shop}/service-tokens/2/revoke`)],
    [
      "is deleted with its project",
      () => admin.post(`/admin/projects/${shop}/delete`, { confirmName: "shop" }),
    ],
  ];
  for (const [what, happen] of ends) {
    test(what, async () => {
      const mortal = await admin.createToken(shop, "prod");
      const reader = await listening(app, mortal);
      await happen();
      await expectEnd(reader, mortal);
    });
  }

  test("expires, and not before", async () => {
    const mortal = await admin.createToken(shop, "prod", "read", { expiresInDays: "1" });
    const reader = await listening(app, mortal);
    app.clock.advance(day - 1);
    await app.changes.tick();
    expect(await reader.next()).toMatchObject({ event: "ping" });
    app.clock.advance(1);
    await app.changes.tick();
    await expectEnd(reader, mortal);
  });

  test("is revoked by a rotation; one that is carried over goes on", async () => {
    const { id, masterKey } = await admin.createRoot("rotating");
    const [kept, lost] = [await admin.createToken(id, "prod"), await admin.createToken(id, "prod")];
    const [keptReader, lostReader] = [await listening(app, kept), await listening(app, lost)];
    const rotated = await admin.post(`/admin/projects/${id}/rotate`, {
      currentMasterKey: masterKey,
      newMasterKey: "",
      revoke: "3",
    });
    expect(rotated.status).toBe(200);
    expect(await lostReader.next()).toBeUndefined();
    await expectSilence(keptReader);
  });
});

describe("a crowd", () => {
  test("of a thousand listeners costs one look at a write, and with a file none while nothing is written", async () => {
    const app = await createFileApp();
    const admin = app.browser();
    const { id } = await admin.createRoot("shop");
    const token = await admin.createToken(id, "prod", "write");
    const statements: string[] = [];
    const { $client } = app.db;
    const execute = $client.execute.bind($client);
    let [begun, asked] = [0, 0];
    $client.execute = async (statement: InStatement) => {
      const text = typeof statement === "string" ? statement : statement.sql;
      const number = ++begun;
      statements.push(text);
      const answer = await execute(statement);
      if (/^pragma data_version/i.test(text)) asked = number;
      return answer;
    };
    const publicId = parseServiceToken(token)?.id ?? "";
    const looks = () => statements.filter((text) => /^select/i.test(text)).length;
    const count = () => {
      app.usage.touch(publicId);
      return app.usage.flush();
    };
    /** Until whoever watches the file has asked once more, and there was a look for all that came of it. */
    const settled = async () => {
      const from = begun;
      while (asked <= from) {
        await count();
        await Bun.sleep(5);
      }
      const since = looks();
      app.changes.poke();
      while (looks() === since) await Bun.sleep(1);
    };
    const other = await app.sibling();
    const readers = await Promise.all(Array.from({ length: 1000 }, () => listening(app, token)));
    await pass(app);
    for (const reader of readers) expect(await reader.next()).toMatchObject({ event: "ping" });

    statements.length = 0;
    await put(other, token, "A", "1");
    const present = await Promise.all(readers.map((reader) => reader.nextRevision()));
    expect(new Set(present).size).toBe(1);
    expect(looks()).toBeWithin(1, 4);

    // A look that was due anyway may have found the write before the watch has: then one more comes.
    await settled();
    // Each second the server writes its own counters, and that is not a change.
    statements.length = 0;
    for (let i = 0; i < 14; i++) {
      app.clock.advance(second);
      await count();
      await app.changes.tick();
    }
    expect(looks()).toBe(0);
    app.clock.advance(second);
    await app.changes.tick();
    expect(looks()).toBe(1);
    other.close();
    app.close();
  });

  test("that is too large is asked to come again, token by token", async () => {
    const access = await authenticate(app.vault, token, { address: "", requestId: "" });
    const deaf = { onRevision: () => {}, onPing: () => {}, onEnd: () => {} };
    const stops = Array.from({ length: 2000 }, () => app.changes.listen(access, deaf));
    const refused = await app.request("/api/secrets/events", { headers: bearer(token) });
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "1"]);
    expect(await refused.json()).toMatchObject({ type: "urn:secretsfly:problem:busy" });
    const another = await admin.createToken(shop, "prod");
    await listening(app, another);
    stops[0]?.();
    await listening(app, token);
  });

  test("leaves nothing behind", async () => {
    const readers = await Promise.all(Array.from({ length: 10 }, () => listening(app, token)));
    expect(app.changes.size).toBe(10);
    for (const reader of readers) await reader.cancel();
    expect(app.changes.size).toBe(0);
    await put(app, token, "A", "1");
    await pass();
  });

  test("is let go when the server stops, which takes no more", async () => {
    const readers = await Promise.all(Array.from({ length: 10 }, () => listening(app, token)));
    app.changes.close();
    for (const reader of readers) expect(await reader.next()).toBeUndefined();
    expect(app.changes.size).toBe(0);
    const late = await app.request("/api/secrets/events", { headers: bearer(token) });
    expect(late.status).toBe(503);
  });
});

describe("over a socket", () => {
  test("silence is no reason to hang up, and a listener that does is forgotten", async () => {
    const timeouts: number[] = [];
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request, itself) =>
        app.handle(request, {
          requestIP: (of: Request) => itself.requestIP(of),
          timeout(of: Request, seconds: number) {
            timeouts.push(seconds);
            itself.timeout(of, seconds);
          },
        }),
    });
    const hangUp = new AbortController();
    const response = await fetch(`${server.url.origin}/api/secrets/events`, {
      headers: bearer(token),
      signal: hangUp.signal,
    });
    const reader = new EventReader(response);
    await reader.next();
    expect(timeouts).toEqual([0]);
    expect(app.changes.size).toBe(1);
    hangUp.abort();
    while (app.changes.size > 0) await Bun.sleep(1);
    await server.stop(true);
  });

  test("a write by a second process is told by the first, whose stop ends the stream at once", async () => {
    using folder = temporaryFolder();
    const [first, second] = [await startServer(folder.path), await startServer(folder.path)];
    await using _first = first;
    await using _second = second;
    const browser = first.browser();
    const { id } = await browser.createRoot("shop");
    const its = await browser.createToken(id, "prod", "write");
    const reader = await listening(first, its);
    await put(second, its, "A", "1");
    const told = await reader.nextRevision();
    const etag = (await second.request("/api/secrets", { headers: bearer(its) })).headers.get("ETag");
    expect(etag).toEndWith(`.${told}"`);
    const stopped = first.stop();
    // As a stream ends that is over: what is given time and does not end by itself is cut off, which throws here.
    expect(await reader.next()).toBeUndefined();
    expect((await stopped).exitCode).toBe(0);
  });
});
