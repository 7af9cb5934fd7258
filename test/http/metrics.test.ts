/** `GET /metrics`: what it says, what it never says, and that what it says is bounded. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { renameSync } from "node:fs";
import {
  bearer,
  createFileApp,
  createTestApp,
  fetchMap,
  type TestApp,
  type TestBrowser,
} from "../harness.ts";

let app: TestApp;
let admin: TestBrowser;
let id: number;
let masterKey: string;
let token: string;
beforeEach(async () => {
  app = await createTestApp({ METRICS: "true" });
  admin = app.browser();
  ({ id, masterKey } = await admin.createRoot("canary-project"));
  await admin.save(id, "prod", { CANARY_NAME: "canary value" });
  token = await admin.createToken(id, "prod", "write");
});
afterEach(() => app.close());

const scrape = async (of = app) => (await of.request("/metrics")).text();

/** The sample lines of a scrape: name with labels → number. Throws for a line that is none of the format's. */
function parse(text: string): Map<string, number> {
  const label = String.raw`[a-z_]+="(?:[^"\\\n]|\\["\\n])*"`;
  const sample = new RegExp(
    String.raw`^[a-z_]+(?:\{${label}(?:,${label})*\})? (?:\d+(?:\.\d+)?(?:e[+-]?\d+)?)$`,
  );
  expect(text).toEndWith("\n");
  const lines = text.slice(0, -1).split("\n");
  const samples = lines.filter(
    (line) => !/^# (?:HELP [a-z_]+ .+|TYPE [a-z_]+ (?:counter|gauge|histogram))$/.test(line),
  );
  expect(samples.filter((line) => !sample.test(line))).toEqual([]);
  return new Map(
    samples.map((line) => {
      const end = line.lastIndexOf(" ");
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

const numbers = async (of = app) => parse(await scrape(of));
const requests = (method: string, route: string, status: number) =>
  `secretsfly_http_requests_total{method="${method}",route="${route}",status="${status}"}`;

test("is Prometheus text, fresh at each scrape, and needs no credentials", async () => {
  const response = await app.request("/metrics");
  expect([
    response.status,
    response.headers.get("Content-Type"),
    response.headers.get("Cache-Control"),
  ]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8", "no-store"]);
  const text = await response.text();
  const families = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name as string);
  expect(new Set(families).size).toBe(families.length);
  for (const name of parse(text).keys()) {
    const family = name
      .replace(/\{.*/, "")
      .replace(/_(?:bucket|sum|count)$/, (ending) =>
        families.includes(name.replace(/\{.*/, "")) ? ending : "",
      );
    expect(families).toContain(family);
  }
  expect((await app.request("/metrics", { method: "POST" })).status).toBe(405);
});

test("is nothing unless it is asked for", async () => {
  const without = await createTestApp();
  try {
    const [metrics, nothing] = await Promise.all(
      ["/metrics", "/nothing"].map(async (path) => {
        const response = await without.request(path);
        const requestId = response.headers.get("X-Request-Id") ?? "";
        return [response.status, (await response.text()).replaceAll(requestId, "")];
      }),
    );
    expect(metrics).toEqual(nothing as (string | number)[]);
  } finally {
    without.close();
  }
});

test("counts requests by method, the pattern of the route, and status", async () => {
  for (let i = 0; i < 3; i++) await fetchMap(app, token);
  await app.request("/api/secrets/CANARY_NAME", { headers: bearer(token) });
  await app.request("/api/secrets/CANARY_MISSING", { headers: bearer(token) });
  await app.request("/api/secrets");
  await admin.get(`/admin/projects/${id}/environments/prod/secrets`);
  const counted = await numbers();
  expect(counted.get(requests("GET", "/api/secrets", 200))).toBe(3);
  expect(counted.get(requests("GET", "/api/secrets", 401))).toBe(1);
  expect(counted.get(requests("GET", "/api/secrets/:name", 200))).toBe(1);
  expect(counted.get(requests("GET", "/api/secrets/:name", 404))).toBe(1);
  expect(counted.get(requests("GET", "/admin/projects/:id/environments/:environment/secrets", 200))).toBe(1);
});

test("measures how long it took: buckets that grow up to all requests, and their sum", async () => {
  for (let i = 0; i < 5; i++) await fetchMap(app, token);
  const name = "secretsfly_http_request_duration_seconds";
  const labels = 'method="GET",route="/api/secrets"';
  const measured = await numbers();
  const buckets = [...measured].filter(([key]) => key.startsWith(`${name}_bucket{${labels},le=`));
  const counts = buckets.map(([, value]) => value);
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  expect(buckets.at(-1)).toEqual([`${name}_bucket{${labels},le="+Inf"}`, 5]);
  expect(measured.get(`${name}_count{${labels}}`)).toBe(5);
  expect(measured.get(`${name}_sum{${labels}}`)).toBeGreaterThan(0);
});

test("is bounded: no path, method or header of a client makes a line of its own", async () => {
  await numbers();
  const once = (await numbers()).size;
  const odd = ["PROPFIND", "MKCOL", "LOCK", "REPORT", "SEARCH", "PURGE", "SUBSCRIBE", "MERGE"];
  for (let i = 0; i < 50; i++) {
    await app.request(`/canary-${i}`);
    await app.request(`/admin/canary-${i}`);
    await app.request(`/api/secrets/CANARY_${i}`, { headers: bearer(token) });
    await app.request("/livez", { method: odd[i % odd.length] as string });
    await app.request("/", { headers: { Host: `canary-${i}` } });
  }
  const lines = (await numbers()).size;
  // One line of status and those of a histogram for each of: none, a name that is not there, an odd method, and `/`.
  expect(lines - once).toBeLessThan(5 * 18);
});

test("tells what is unsealed, who is signed in, and what the audit has, as numbers", async () => {
  const second = (await admin.createRoot("canary-second")).id;
  const other = app.browser();
  await other.unseal(id, masterKey);
  const before = await numbers();
  // Of two sessions, one has both roots unsealed and the other one of them.
  expect(before.get("secretsfly_unsealed_projects")).toBe(2);
  expect(before.get("secretsfly_sessions")).toBe(2);
  await admin.post(`/admin/projects/${second}/seal`);
  const after = await numbers();
  expect(after.get("secretsfly_unsealed_projects")).toBe(1);
  expect(after.get("secretsfly_audit_events_total")).toBe(
    (before.get("secretsfly_audit_events_total") ?? 0) + 1,
  );
  app.clock.advance(300_000);
  expect((await numbers()).get("secretsfly_unsealed_projects")).toBe(0);
  app.clock.advance(3_600_000);
  expect((await numbers()).get("secretsfly_sessions")).toBe(0);
});

test("tells for how long reads have been counted and not written", async () => {
  const lag = async () => (await numbers()).get("secretsfly_audit_lag_seconds");
  await app.usage.flush();
  expect(await lag()).toBe(0);
  await fetchMap(app, token);
  app.clock.advance(7000);
  await fetchMap(app, token);
  expect(await lag()).toBe(7);
  await app.stored.write("alter table service_tokens rename to elsewhere");
  expect(await app.usage.flush().catch(() => "failed")).toBe("failed");
  app.clock.advance(3000);
  expect(await lag()).toBe(10);
  await app.stored.write("alter table elsewhere rename to service_tokens");
  await app.usage.flush();
  expect(await lag()).toBe(0);
});

test("answers while the database file is gone, and says so", async () => {
  const onFile = await createFileApp({ METRICS: "true" });
  const browser = onFile.browser();
  const shop = await browser.createRoot("shop");
  const write = await browser.createToken(shop.id, "prod", "write");
  renameSync(onFile.file, `${onFile.file}.away`);
  await onFile.request("/api/secrets/LOST", {
    method: "PUT",
    headers: { ...bearer(write), "Content-Type": "application/json" },
    body: '{"value":"x"}',
  });
  const gone = await numbers(onFile);
  expect(gone.get("secretsfly_database_up")).toBe(0);
  expect(gone.get('secretsfly_storage_fault{kind="missing"}')).toBe(1);
  expect(gone.has("secretsfly_audit_events_total")).toBe(false);
  renameSync(`${onFile.file}.away`, onFile.file);
  const back = await numbers(onFile);
  expect(back.get("secretsfly_database_up")).toBe(1);
  expect(back.get("secretsfly_audit_events_total")).toBeGreaterThan(0);
  onFile.close();
});

describe("never says", () => {
  test("a name, a value, a token, a key or an address of anything", async () => {
    await fetchMap(app, token);
    await app.request(`/${token}`);
    await app.request(`/api/secrets/${token}`, { headers: bearer(token) });
    await app.request("/api/secrets?format=canary", {
      headers: { ...bearer(token), "X-Forwarded-For": "203.0.113.77" },
    });
    await admin.get(`/admin/projects/${id}/environments/prod/secrets/CANARY_NAME/history`);
    const text = await scrape();
    const database = app.config.DATABASE_URL.replace(/^\w+:(?:\/\/)?/, "");
    const secretOfToken = token.split("_")[2] as string;
    for (const word of [/canary/i, "prod", "203.0.113", "127.0.0.1", database, masterKey, secretOfToken])
      expect(text).not.toMatch(word instanceof RegExp ? word : new RegExp(RegExp.escape(word)));
  });
});
