/**
 * Sends a load with autocannon. Reads it as JSON from standard input, with the `seconds` it is to take, and prints a
 * Measurement as one line of JSON. `generator.ts` starts it.
 */

import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import autocannon, { type Request } from "autocannon";
import { percentile } from "./arithmetic.ts";
import type { Load, Measurement } from "./load.ts";

const load = (await Bun.stdin.json()) as Load & { seconds: number };
const { url, headers, connections, seconds } = load;
const tokens = load.tokenFile ? readFileSync(load.tokenFile, "utf8").trimEnd().split("\n") : [];

function withSomeToken(request: Request): Request {
  const token = tokens[Math.floor(Math.random() * tokens.length)];
  return { ...request, headers: { ...request.headers, Authorization: `Bearer ${token}` } };
}

const times: number[] = [];
let failures = 0;
const began = performance.now();
const run = autocannon({
  ...{ url, headers, connections, duration: seconds, timeout: 10 },
  ...(tokens.length > 0 && { requests: [{ setupRequest: withSomeToken }] }),
});
run.on("response", (_client, statusCode, _bytes, milliseconds) => {
  times.push(milliseconds);
  if (statusCode >= 400) failures++;
});
const { errors, timeouts } = await run;
const measurement: Measurement = {
  requests: times.length,
  seconds: (performance.now() - began) / 1000,
  // Of these and not of its own report, which is in whole milliseconds.
  ...{ p50: percentile(times, 0.5), p99: percentile(times, 0.99) },
  failures: failures + errors + timeouts,
};
console.log(JSON.stringify(measurement));
process.exit(0);
