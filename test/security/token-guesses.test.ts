/** Requests with service tokens that are none: their noise is limited, and nobody with a good token notices. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { bearer, createTestApp, fetchMap, type TestApp } from "../harness.ts";
import { attacker, countEvents, from, home } from "./doors.ts";

let app: TestApp;
let good: string;
let project: number;
let generated: string;

beforeAll(async () => {
  app = await createTestApp({ ADMIN_PASSWORD: "the admin's password", CLIENT_IP_HEADER: "x-real-ip" });
  const admin = app.browser();
  await admin.post("/admin/sign-in", { password: "the admin's password" });
  ({ id: project, masterKey: generated } = await admin.createRoot("shop"));
  await admin.save(project, "prod", { A: "b" });
  good = await admin.createToken(project, "prod", "write");
});
afterAll(() => app.close());

const ask = (token: string, address: string, path = "/api/secrets") =>
  app.request(path, { headers: { ...from(address), ...(token && bearer(token)) } });

async function statusesOf(
  count: number,
  send: (i: number) => Promise<Response>,
): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const { status } = await send(i);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  return statuses;
}

/** As well formed as the good one, and of nobody. */
const stranger = "sfly_0123456789AB_";

describe("requests without a valid service token", () => {
  test("are answered 401 from one address 300 times, then 429 that says when to come back", async () => {
    const tokens = ["", "nonsense", stranger, `${good.slice(0, -1)}?`];
    const statuses = await statusesOf(320, (i) => ask(tokens[i % tokens.length] ?? "", attacker));
    expect([...statuses]).toEqual([
      [401, 300],
      [429, 20],
    ]);
    const response = await ask(stranger, attacker);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "retry-after": "1",
      "content-type": "application/problem+json",
      "cache-control": "no-store",
    });
    expect(response.headers.get("WWW-Authenticate")).toBeNull();
    expect(await response.json()).toEqual({
      type: "urn:secretsfly:problem:too-many-attempts",
      title: "Too many failed attempts",
      status: 429,
      detail: expect.stringContaining("A valid one is served at any time."),
      requestId: response.headers.get("X-Request-Id"),
    });
  });

  test("are told to the audit and the log once, without any token", async () => {
    expect(await countEvents(app, "service-token.limited")).toBe(1);
    const warnings = app.logs.filter((line) => line.includes("too many failed attempts"));
    expect(warnings).toHaveLength(1);
    expect(app.logs.join("")).not.toContain(stranger);
  });

  test("are in the way of no valid one, from the same address or another, to read or to write", async () => {
    const headers = { ...from(attacker), ...bearer(good), "Content-Type": "application/json" };
    for (let i = 0; i < 30; i++) {
      expect((await ask("nonsense", attacker)).status).toBe(429);
      expect((await ask(good, attacker)).status).toBe(200);
    }
    const write = { method: "PUT", headers, body: JSON.stringify({ value: "c" }) };
    expect((await app.request("/api/secrets/A", write)).status).toBe(200);
    expect(await fetchMap({ request: () => ask(good, home, "/api/secrets?format=map") }, good)).toEqual({
      A: "c",
    });
    // A success says nothing of the others.
    expect((await ask("nonsense", attacker)).status).toBe(429);
  });

  test("wait no longer than a minute, and begin anew after a quiet hour", async () => {
    let longest = 0;
    for (let i = 0; i < 12; i++) {
      const wait = Number((await ask("nonsense", attacker)).headers.get("Retry-After"));
      longest = Math.max(longest, wait);
      app.clock.advance(wait * 1000);
      expect((await ask("nonsense", attacker)).status).toBe(401);
    }
    expect(longest).toBe(60);
    app.clock.advance(3_600_000);
    for (let i = 0; i < 300; i++) expect((await ask("nonsense", attacker)).status).toBe(401);
  });

  test("are limited in all, at 3000", async () => {
    app.clock.advance(3_600_000);
    const statuses = await statusesOf(3100, (i) => ask("nonsense", `10.0.${i >> 8}.${i & 255}`));
    expect([...statuses]).toEqual([
      [401, 3000],
      [429, 100],
    ]);
    expect((await ask(good, "10.9.9.9")).status).toBe(200);
  });
});

test("a good token that lacks another right, or may not be used from there, is told so however often", async () => {
  app.clock.advance(3_600_000);
  const admin = app.browser();
  await admin.post("/admin/sign-in", { password: "the admin's password" });
  await admin.unseal(project, generated);
  const bound = await admin.createToken(project, "prod", "read", { allowedIps: "192.0.2.0/24" });
  const statuses = await statusesOf(310, () => ask(bound, attacker));
  expect([...statuses]).toEqual([[403, 310]]);
});

test("a token that is revoked after it was good is refused as any other", async () => {
  app.clock.advance(3_600_000);
  const admin = app.browser();
  await admin.post("/admin/sign-in", { password: "the admin's password" });
  const page = await (await admin.get(`/admin/projects/${project}/service-tokens`)).text();
  for (const [path] of page.matchAll(/\/admin\/projects\/\d+\/service-tokens\/\d+\/revoke/g))
    expect((await admin.post(path)).status).toBe(303);
  const statuses = await statusesOf(310, () => ask(good, home));
  expect([...statuses]).toEqual([
    [401, 300],
    [429, 10],
  ]);
});
