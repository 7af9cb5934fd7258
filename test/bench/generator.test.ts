import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chooseGenerator, type GeneratorKind } from "../../bench/generator.ts";
import { temporaryFolder } from "../server-process.ts";

const folder = temporaryFolder();
const tokenFile = join(folder.path, "tokens");
const seen = new Map<string, number>();
let status = 200;
let server: Bun.Server<undefined>;

beforeAll(() => {
  writeFileSync(tokenFile, "first\nsecond\nthird\n", { mode: 0o600 });
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const who = `${request.headers.get("Authorization")} ${request.headers.get("X-Asked")}`;
      seen.set(who, (seen.get(who) ?? 0) + 1);
      return new Response(status === 304 ? null : "answer", { status });
    },
  });
});
beforeEach(() => {
  seen.clear();
  status = 200;
});
afterAll(async () => {
  await server.stop(true);
  folder[Symbol.dispose]();
});

const load = (headers: Record<string, string>) => ({ url: server.url.href, headers, connections: 2 });
const kinds: GeneratorKind[] = Bun.which("wrk") ? ["wrk", "autocannon"] : ["autocannon"];

describe.each(kinds)("%s", (kind) => {
  const generator = chooseGenerator(folder.path, kind);

  test("says its version", () => expect(generator.name).toMatch(/^[a-z]+ \d+\.\d+\.\d+$/));

  test("sends the headers that it is told, and counts and times the answers", async () => {
    const measurement = await generator.measure(load({ Authorization: "Bearer one", "X-Asked": "a: b" }), 1);
    expect([...seen.keys()]).toEqual(["Bearer one a: b"]);
    const answered = seen.get("Bearer one a: b") ?? 0;
    // What is under way when the time is over is answered and not counted.
    expect(measurement.requests).toBeWithin(answered - 10, answered + 1);
    expect(measurement.seconds).toBeGreaterThan(0.9);
    expect(measurement.p50).toBeGreaterThan(0);
    expect(measurement.p99).toBeGreaterThanOrEqual(measurement.p50);
  });

  test("takes one of many tokens for each request", async () => {
    await generator.measure({ ...load({ "X-Asked": "x" }), tokenFile }, 1);
    expect([...seen.keys()].sort()).toEqual(["Bearer first x", "Bearer second x", "Bearer third x"]);
  });

  test("takes 304 for an answer, and throws for what was refused", async () => {
    status = 304;
    expect((await generator.measure(load({}), 1)).failures).toBe(0);
    status = 401;
    await expect(generator.measure(load({}), 1)).rejects.toThrow("failed");
  });
});

test("what is told to it of a token is in no file afterwards", () => {
  expect(readdirSync(folder.path)).toEqual(["tokens"]);
});
