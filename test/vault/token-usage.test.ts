import { afterEach, beforeEach, expect, test } from "bun:test";
import { asc, sql } from "drizzle-orm";
import { serviceTokenReads, serviceTokens } from "../../src/database/schema.ts";
import { bearer, createTestApp, fetchMap, type TestApp, type TestBrowser } from "../harness.ts";
import { put } from "./inspect.ts";

let app: TestApp;
let admin: TestBrowser;
let project: number;

beforeEach(async () => {
  app = await createTestApp();
  admin = app.browser();
  ({ id: project } = await admin.createRoot("shop"));
});
afterEach(() => app.close());

const usage = () =>
  app.db
    .select({ reads: serviceTokens.reads, lastUsedAt: serviceTokens.lastUsedAt })
    .from(serviceTokens)
    .orderBy(serviceTokens.id);

test("reads are counted in memory and written, with the time of the last, by a flush", async () => {
  const [one, two] = [await admin.createToken(project, "prod"), await admin.createToken(project, "dev")];
  await fetchMap(app, one);
  await fetchMap(app, one);
  await fetchMap(app, two);
  app.clock.advance(500);
  await fetchMap(app, one);
  expect(await usage()).toEqual([
    { reads: 0, lastUsedAt: null },
    { reads: 0, lastUsedAt: null },
  ]);
  await app.usage.flush();
  const now = app.clock.now;
  expect(await usage()).toEqual([
    { reads: 3, lastUsedAt: now },
    { reads: 1, lastUsedAt: now - 500 },
  ]);
  await app.usage.flush();
  app.clock.advance(500);
  await fetchMap(app, two);
  await app.usage.flush();
  expect(await usage()).toEqual([
    { reads: 3, lastUsedAt: now },
    { reads: 2, lastUsedAt: now + 500 },
  ]);
});

test("a 304 and one secret alone are reads, a refused request is none", async () => {
  const token = await admin.createToken(project, "prod", "write");
  await put(app, token, "A", "1");
  const first = await app.request("/api/secrets", { headers: bearer(token) });
  const etag = first.headers.get("ETag") ?? "";
  const again = await app.request("/api/secrets", { headers: { ...bearer(token), "If-None-Match": etag } });
  expect(again.status).toBe(304);
  await app.request("/api/secrets/A", { headers: bearer(token) });
  await app.request("/api/secrets", { headers: bearer(`${token}x`) });
  await app.request("/api/secrets?format=none", { headers: bearer(token) });
  await app.usage.flush();
  expect(await usage()).toMatchObject([{ reads: 3 }]);
});

test("what cannot be written is kept, and counted together with what comes meanwhile", async () => {
  const [one, two] = [await admin.createToken(project, "prod"), await admin.createToken(project, "dev")];
  await fetchMap(app, one);
  await fetchMap(app, two);
  await app.db.run(
    sql`create trigger locked before update on service_tokens begin select raise(abort, 'locked'); end`,
  );
  const flushed = () =>
    app.usage.flush().then(
      () => "written",
      () => "kept",
    );
  const first = flushed();
  await fetchMap(app, one);
  expect(await first).toBe("kept");
  app.clock.advance(10);
  await fetchMap(app, one);
  expect(await flushed()).toBe("kept");
  await app.db.run(sql`drop trigger locked`);
  expect(await flushed()).toBe("written");
  expect(await usage()).toEqual([
    { reads: 3, lastUsedAt: app.clock.now },
    { reads: 1, lastUsedAt: app.clock.now - 10 },
  ]);
  await app.usage.flush();
  expect(await usage()).toMatchObject([{ reads: 3 }, { reads: 1 }]);
  expect(await byDay()).toMatchObject([{ reads: 3, lastReadAt: app.clock.now }, { reads: 1 }]);
});

const day = 24 * 60 * 60 * 1000;
const byDay = () =>
  app.db
    .select()
    .from(serviceTokenReads)
    .orderBy(asc(serviceTokenReads.serviceTokenId), asc(serviceTokenReads.day));

test("reads are summed up by day, in UTC, with when and where the last of each came from", async () => {
  const addressed = await app.sibling({ CLIENT_IP_HEADER: "x-test-address" });
  const token = await admin.createToken(project, "prod");
  const fetchFrom = (address: string) =>
    addressed.request("/api/secrets", { headers: { ...bearer(token), "X-Test-Address": address } });
  const first = Math.floor(app.clock.now / day);
  await fetchFrom("203.0.113.1");
  await fetchFrom("203.0.113.2");
  app.clock.advance(day - 1);
  await fetchFrom("2001:db8::1");
  app.clock.advance(1);
  await fetchFrom("203.0.113.3");
  await addressed.usage.flush();
  await fetchFrom("203.0.113.4");
  await addressed.usage.flush();
  expect(await byDay()).toEqual([
    { serviceTokenId: 1, day: first, reads: 3, lastReadAt: app.clock.now - 1, lastAddress: "2001:db8::1" },
    { serviceTokenId: 1, day: first + 1, reads: 2, lastReadAt: app.clock.now, lastAddress: "203.0.113.4" },
  ]);
  expect(await usage()).toMatchObject([{ reads: 5 }]);
  addressed.close();
});

test("of two processes the later read is the last, whichever writes first", async () => {
  const [early, late] = [
    await app.sibling({ CLIENT_IP_HEADER: "x-early" }),
    await app.sibling({ CLIENT_IP_HEADER: "x-late" }),
  ];
  const token = await admin.createToken(project, "prod");
  await early.request("/api/secrets", { headers: { ...bearer(token), "X-Early": "203.0.113.1" } });
  app.clock.advance(10);
  await late.request("/api/secrets", { headers: { ...bearer(token), "X-Late": "203.0.113.2" } });
  await late.usage.flush();
  await early.usage.flush();
  expect(await byDay()).toMatchObject([{ reads: 2, lastReadAt: app.clock.now, lastAddress: "203.0.113.2" }]);
  early.close();
  late.close();
});

test("a token that was revoked meanwhile is counted, and what is used without a read has no day", async () => {
  const [revoked, touched] = [
    await admin.createToken(project, "prod"),
    await admin.createToken(project, "prod", "write"),
  ];
  await fetchMap(app, revoked);
  await put(app, touched, "A", "1");
  await admin.post(`/admin/projects/${project}/service-tokens/1/revoke`);
  await app.usage.flush();
  expect((await byDay()).map(({ serviceTokenId, reads }) => [serviceTokenId, reads])).toEqual([[1, 1]]);
  expect(await usage()).toMatchObject([{ reads: 1 }, { reads: 0, lastUsedAt: app.clock.now }]);
});

test("two processes add up, and the later of both times stays", async () => {
  const other = await app.sibling();
  const token = await admin.createToken(project, "prod");
  await fetchMap(app, token);
  app.clock.advance(1000);
  await fetchMap(other, token);
  await fetchMap(other, token);
  await other.usage.flush();
  await app.usage.flush();
  expect(await usage()).toEqual([{ reads: 3, lastUsedAt: app.clock.now }]);
  other.close();
});

test("a token that is gone by then is in nobody's way", async () => {
  const child = await admin.createChild("api", project);
  const [gone, kept] = [await admin.createToken(child, "prod"), await admin.createToken(project, "prod")];
  await fetchMap(app, gone);
  await fetchMap(app, kept);
  await admin.post(`/admin/projects/${child}/delete`, { confirmName: "api" });
  await app.usage.flush();
  expect(await usage()).toEqual([{ reads: 1, lastUsedAt: app.clock.now }]);
});
