/** The fast path: that it is taken, says what the app says, and knows nothing that is no longer so. */

import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { systemRandom } from "../../src/cryptography/bytes.ts";
import { formatServiceToken, generateServiceToken } from "../../src/cryptography/service-token.ts";
import type { TokenAccess } from "../../src/vault/token-access.ts";
import { bearer, createFileApp, createTestApp, origin, type TestApp, type TestBrowser } from "../harness.ts";

let app: TestApp;
let admin: TestBrowser;
let root: number;
let token: string;
const values = { A: "the value of A", B: 'é\n"\\' };

async function open(create: typeof createTestApp): Promise<void> {
  app = await create({}, "fast");
  admin = app.browser();
  ({ id: root } = await admin.createRoot("shop"));
  await admin.save(root, "prod", values);
  token = await admin.createToken(root, "prod");
}
beforeEach(() => open(createTestApp));
afterEach(() => app.close());

const fetchWith = (headers: Record<string, string>, path = "/api/secrets") => app.request(path, { headers });
const fetched = (of = token) => fetchWith(bearer(of));
const statusOf = async (of = token) => (await fetched(of)).status;
/** How often the app, and the database, is asked meanwhile. */
async function asked(task: () => Promise<unknown>): Promise<{ app: number; database: number }> {
  const spies = [spyOn(app.app, "fetch"), spyOn(app.db.$client, "execute")] as const;
  await task();
  const [byApp, byDatabase] = spies.map((spy) => spy.mock.calls.length);
  for (const spy of spies) spy.mockRestore();
  return { app: byApp ?? 0, database: byDatabase ?? 0 };
}
/** Repeats until it is so; what it waits for is an answer of the thread that writes, and no time. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    if (await isSo()) return;
    await Bun.sleep(1);
  }
  throw new Error("it never was");
}
/** Fetches until the token is known, and the thread that writes has answered the first time whether others write. */
async function learn(of = token): Promise<void> {
  await fetched(of);
  await app.usage.flush();
  await until(async () => (await asked(() => fetched(of))).app === 0);
}
const revokeFrom = async (other: TestApp) => {
  await other.db.$client.execute("update service_tokens set revoked_at = 1");
};
/** The revision in an answer's ETag. */
const etagOf = (answer: Response) => /\.([^."]+)"$/.exec(answer.headers.get("ETag") ?? "")?.[1] ?? "";
const way = { fast: { app: 0, database: 0 }, read: { app: 1, database: 1 } };

describe("a fetch by a known token", () => {
  test("asks neither the app nor the database; the first one does", async () => {
    expect(await asked(fetched)).toEqual(way.read);
    await learn();
    expect(await asked(fetched)).toEqual(way.fast);
    const etag = (await fetched()).headers.get("ETag") ?? "";
    expect(await asked(() => fetchWith({ ...bearer(token), "If-None-Match": etag }))).toEqual(way.fast);
  });

  test("is answered as the app answers it: status, headers and bytes", async () => {
    await learn();
    const etag = (await fetched()).headers.get("ETag") ?? "";
    const other = '"1.prod.json.AAAAAAAAAAAAAAAAAAAAAA"';
    const conditions = [
      undefined,
      etag,
      `W/${etag}`,
      `${other}, ${etag}`,
      other,
      etag.slice(0, -1),
      etag.replace("json", "env"),
      "*",
      "",
      "x",
    ];
    for (const condition of conditions) {
      const headers = { ...bearer(token), ...(condition !== undefined && { "If-None-Match": condition }) };
      const request = () => new Request(`${origin}/api/secrets`, { headers });
      const answers = [await app.handle(request()), await app.app.fetch(request())];
      expect(await asked(async () => app.handle(request()))).toEqual(way.fast);
      const [fast, slow] = await Promise.all(
        answers.map(async (answer) => ({
          status: answer.status,
          headers: Object.fromEntries([...answer.headers].filter(([name]) => name !== "x-request-id")),
          bytes: await answer.text(),
        })),
      );
      expect(fast).toEqual(slow as NonNullable<typeof slow>);
      const ids = answers.map((answer) => answer.headers.get("X-Request-Id"));
      expect(new Set([...ids, null]).size).toBe(3);
    }
  });

  test("by the bare token, and with spaces around it, is one", async () => {
    await learn();
    for (const Authorization of [token, ` ${token} `, `bearer   ${token}`]) {
      expect(await asked(() => fetchWith({ Authorization }))).toEqual(way.fast);
      expect((await fetchWith({ Authorization })).status).toBe(200);
    }
  });

  test("is counted and told of at debug, as any other", async () => {
    await learn();
    await app.usage.flush();
    await app.db.$client.execute("update service_tokens set reads = 1");
    app.logs.length = 0;
    expect(await asked(fetched)).toEqual(way.fast);
    const line = JSON.parse(app.logs.join("")) as Record<string, unknown>;
    expect(line).toMatchObject({
      level: 20,
      method: "GET",
      route: "/api/secrets",
      status: 200,
      msg: "request",
    });
    expect(JSON.stringify(line)).not.toContain("sfly_");
    await app.usage.flush();
    const { rows } = await app.db.$client.execute("select reads from service_tokens");
    expect(rows.map(({ reads }) => reads)).toEqual([2]);
  });

  test("of another address, query or method is the app's", async () => {
    await learn();
    const others: [string, RequestInit?][] = [
      ["/api/secrets/"],
      ["/api/secrets?format=json"],
      ["/api/secrets", { method: "HEAD" }],
      ["/api/secrets/A"],
    ];
    for (const [path, init] of others) {
      const answer = await asked(() => app.request(path, { headers: bearer(token), ...init }));
      expect(answer.app).toBe(1);
    }
  });
});

describe("what is known is not believed", () => {
  beforeEach(() => learn());

  test("of another secret under the same public id", async () => {
    const id = token.split("_")[1] ?? "";
    const forged = formatServiceToken({ ...generateServiceToken(systemRandom), id });
    expect(await statusOf(forged)).toBe(401);
    expect(await statusOf(token.replace(/.$/, (last) => (last === "0" ? "1" : "0")))).toBe(401);
    expect(await asked(fetched)).toEqual(way.fast);
  });

  test("once the token is revoked: the very next request is refused", async () => {
    const revoked = await admin.post(`/admin/projects/${root}/service-tokens/1/revoke`);
    expect(revoked.status).toBe(303);
    expect(await statusOf()).toBe(401);
  });

  test("once the token has expired", async () => {
    const short = await admin.createToken(root, "prod", "read", { expiresInDays: "1" });
    await learn(short);
    const { rows } = await app.db.$client.execute(
      "select expires_at from service_tokens where expires_at is not null",
    );
    app.clock.now = Number(rows[0]?.[0]) - 1;
    expect(await asked(() => fetched(short))).toEqual(way.fast);
    app.clock.now += 1;
    expect(await statusOf(short)).toBe(401);
  });

  test("once something is written: the next read sees it", async () => {
    for (let i = 0; i < 10; i++) {
      await admin.save(root, "prod", { A: `value ${i}` });
      expect(await (await fetched()).text()).toContain(`"value ${i}"`);
    }
  });

  test("once something is written in its own tree, or may be anywhere; what is written elsewhere is nothing to it", async () => {
    const { id: other } = await admin.createRoot("another tree");
    await learn();
    await admin.save(other, "prod", { A: "elsewhere" });
    expect(await asked(fetched)).toEqual(way.fast);
    // Only the audit is written to.
    await admin.post(`/admin/projects/${other}/seal`);
    expect(await asked(fetched)).toEqual(way.fast);
    await admin.save(root, "dev", { A: "in the same tree" });
    expect(await asked(fetched)).toEqual(way.read);
    await learn();
    await admin.createRoot("a third");
    expect(await asked(fetched)).toEqual(way.read);
  });

  test("once the master key is rotated: apps go on with the same token", async () => {
    const { id, masterKey } = await admin.createRoot("other");
    await admin.save(id, "prod", { R: "of the other" });
    const its = await admin.createToken(id, "prod");
    await learn(its);
    const answer = await admin.post(`/admin/projects/${id}/rotate`, {
      currentMasterKey: masterKey,
      newMasterKey: "",
    });
    expect(answer.status).toBe(200);
    for (let i = 0; i < 3; i++) expect(await (await fetched(its)).text()).toContain("of the other");
    await learn(its);
  });

  test("from an address that is not in the token's list", async () => {
    const listed = await admin.createToken(root, "prod", "read", { allowedIps: "203.0.113.7" });
    const from = async (address: string) => {
      const request = new Request(`${origin}/api/secrets`, { headers: bearer(listed) });
      return (await app.handle(request, { requestIP: () => ({ address, family: "IPv4", port: 1 }) })).status;
    };
    expect([await from("203.0.113.7"), await from("203.0.113.8"), await from("203.0.113.7")]).toEqual([
      200, 403, 200,
    ]);
    expect((await asked(() => from("203.0.113.7"))).app).toBe(0);
  });

  test("of a body that was changed in the file, which does not open", async () => {
    await app.db.$client.execute("update views set sealed_body = zeroblob(100)");
    app.clock.advance(1000);
    expect(await statusOf()).toBe(500);
    expect(await statusOf()).toBe(500);
  });
});

describe("another process", () => {
  test("is believed after a second", async () => {
    const other = await app.sibling();
    try {
      await learn();
      await revokeFrom(other);
      app.clock.advance(1000);
      expect(await statusOf()).toBe(401);
    } finally {
      other.close();
    }
  });
});

describe("another process on the same file", () => {
  beforeEach(async () => {
    app.close();
    await open(createFileApp);
  });

  test("is believed after a second, whatever the file tells", async () => {
    const other = await app.sibling();
    try {
      await learn();
      spyOn(
        app.db.$client as { foreignCommits(): Promise<string> } & typeof app.db.$client,
        "foreignCommits",
      ).mockRejectedValue(new Error("does not tell"));
      await revokeFrom(other);
      app.clock.advance(999);
      expect(await statusOf()).toBe(200);
      app.clock.advance(1);
      expect(await statusOf()).toBe(401);
    } finally {
      other.close();
    }
  });

  test("is believed as soon as the file tells", async () => {
    const other = await app.sibling();
    try {
      await learn();
      await revokeFrom(other);
      app.clock.advance(250);
      await until(async () => (await statusOf()) === 401);
    } finally {
      other.close();
    }
  });

  test("is believed before anybody is told of it who listens, and fetches then", async () => {
    const other = await app.sibling();
    try {
      await learn();
      const view = { revision: 0, sealedBody: new Uint8Array(), bodyId: etagOf(await fetched()) };
      const { promise: told, resolve } = Promise.withResolvers<string>();
      const publicId = token.split("_")[1] ?? "";
      app.changes.listen(
        { token: { publicId, expiresAt: null } as TokenAccess["token"], view },
        { onRevision: resolve, onPing() {}, onEnd() {} },
      );
      await other.db.$client.execute("update views set body_id = 'written by another'");
      app.changes.poke();
      expect(await told).toBe("written by another");
      expect(etagOf(await fetched())).toBe("written by another");
    } finally {
      other.close();
    }
  });

  test("that writes nothing lets what is known be believed for longer, own counts included", async () => {
    await learn();
    for (let i = 0; i < 20; i++) {
      app.clock.advance(250);
      await app.usage.flush();
      await fetched();
      // The answer of the thread that writes comes behind that of the flush after it.
      await app.usage.flush();
    }
    await learn();
    app.clock.advance(500);
    expect(await asked(fetched)).toEqual(way.fast);
  });
});
