/** As much as is allowed, many times at once, and more than is allowed: the server refuses it and stays. */

import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { bearer } from "../harness.ts";
import { temporaryFolder } from "../server-process.ts";
import { dial } from "./connection.ts";
import { createFaultyWorld, eventually, expectWhole, type FaultyWorld } from "./world.ts";

setDefaultTimeout(180_000);

let folder: ReturnType<typeof temporaryFolder>;
let world: FaultyWorld;
beforeEach(async () => {
  folder = temporaryFolder();
  world = await createFaultyWorld(folder.path);
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Twice what the server was seen to need; without its limits it is more than twice this. */
const mostMegabytes = 2000;

/** The most memory that the server has had, in megabytes. */
function peak(): number {
  const status = readFileSync(`/proc/${world.server.pid}/status`, "utf8");
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

/** What many requests at once were answered, each once: a status, and why it is none that says "done". */
async function outcomes(count: number, ask: (i: number) => Promise<Response>): Promise<string[]> {
  const answers = Array.from({ length: count }, async (_, i) => {
    const answer = await ask(i);
    const text = await answer.text();
    if (answer.status === 200) return "200";
    expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThan(0);
    return `${answer.status}: ${(JSON.parse(text) as { detail: string }).detail}`;
  });
  return [...new Set(await Promise.all(answers))].sort();
}

/** Some may be too many at once; at least one is served. */
const served = [
  ["200"],
  ["200", "503: Too much is being sent and fetched just now. Nothing was done; try again in a moment."],
];

const json = () => ({ ...bearer(world.token), "Content-Type": "application/json" });
const patch = (body: BodyInit, headers: Record<string, string> = {}) =>
  world.server.request("/api/secrets", { method: "PATCH", headers: { ...json(), ...headers }, body });

test("the largest values, sent and fetched many times at once, are served or refused, and the memory is bounded", async () => {
  const value = "x".repeat(1024 * 1024);
  const set = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`LARGE_${i}`, value]));
  const body = JSON.stringify({ set });
  expect((await patch(body)).status).toBe(200);
  const fetched = await outcomes(100, () => world.server.request("/api/secrets", { headers: json() }));
  expect(served).toContainEqual(fetched);
  const sent = await outcomes(60, () => patch(body));
  expect(served).toContainEqual(sent);
  const megabytes = peak();
  process.stdout.write(`100 fetches and 60 writes of 12 MB at once took up to ${megabytes} MB\n`);
  expect(megabytes).toBeLessThan(mostMegabytes);
  // Whatever was held is given back: one alone is served again, and so is a small one.
  expect((await patch(body)).status).toBe(200);
  expect((await world.put("SMALL", "x")).status).toBe(201);
  expect(Object.keys(await world.secrets()).length).toBe(14);
  await expectWhole(world.file, world.masterKey);
});

test("readers that go before they have all of it give back what they held", async () => {
  const set = Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [`LARGE_${i}`, "x".repeat(1024 * 1024)]),
  );
  expect((await patch(JSON.stringify({ set }))).status).toBe(200);
  for (let i = 0; i < 60; i++) {
    const connection = await dial(world.server.url);
    connection.say(`GET /api/secrets HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${world.token}\r\n\r\n`);
    // Some before the answer has begun.
    if (i % 2 === 0) expect(await connection.until("\r\n\r\n")).toMatch(/^HTTP\/1.1 (?:200|503)/);
    connection.close();
  }
  // The last of them may be noticed a moment later.
  await eventually(
    () => outcomes(1, () => world.server.request("/api/secrets", { headers: json() })),
    ([last]) => last === "200",
  );
});

for (const [how, headers] of [
  ["with its length", `Content-Length: ${1024 ** 3}\r\n`],
  ["in chunks", "Transfer-Encoding: chunked\r\n"],
] as const) {
  test(`a body of a gigabyte, sent ${how}, is refused and not kept`, async () => {
    const before = peak();
    const connection = await dial(world.server.url);
    connection.say(
      `PUT /api/secrets/LARGE HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${world.token}\r\nContent-Type: application/json\r\n${headers}\r\n`,
    );
    const megabyte = "x".repeat(1024 * 1024);
    const chunk = how === "in chunks" ? `100000\r\n${megabyte}\r\n` : megabyte;
    for (let i = 0; i < 300; i++) connection.say(chunk);
    expect(await connection.until("}")).toContain("413 Payload Too Large");
    connection.close();
    expect(await world.status()).toEqual([200, "up"]);
    process.stdout.write(`a body beyond the limit, ${how}: ${peak() - before} MB more at the most\n`);
    expect(peak() - before).toBeLessThan(mostMegabytes / 4);
  });
}

test("what is compressed is not unpacked", async () => {
  const bomb = gzipSync(new Uint8Array(200 * 1024 * 1024));
  const before = peak();
  const answer = await patch(bomb, { "Content-Encoding": "gzip" });
  expect(answer.status).toBe(400);
  expect(peak() - before).toBeLessThan(100);
});

test("references that double what they refer to, again and again, are refused before they fill the memory", async () => {
  const before = peak();
  const doubling = Array.from({ length: 60 }, (_, i) => [`R${i + 1}`, `\${R${i}}\${R${i}}`]);
  const answer = await patch(
    JSON.stringify({ set: { R0: "x".repeat(1000), ...Object.fromEntries(doubling) } }),
  );
  expect(answer.status).toBe(422);
  expect(peak() - before).toBeLessThan(500);
  expect(await world.secrets()).toEqual({ BEFORE: "was there" });
});
