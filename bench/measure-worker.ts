/** The thread of `measure.ts`: keeps as many requests under way as there are connections, and says what came of them. */

import { parentPort, workerData } from "node:worker_threads";
import type { Load, Measured } from "./measure.ts";

/** A server that takes longer than this for one answer, in milliseconds, is not measured. */
const patience = 60_000;

async function run({ url, headers, connections, seconds }: Load): Promise<Measured> {
  const times: number[] = [];
  const statuses = new Map<number, number>();
  let bytes = 0;
  const start = performance.now();
  const end = start + 1000 * seconds;
  const askAgainAndAgain = async () => {
    do {
      const asked = performance.now();
      const signal = AbortSignal.timeout(patience);
      const response = await fetch(url, { headers, redirect: "manual", signal });
      const body = await response.arrayBuffer();
      times.push(performance.now() - asked);
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      bytes = Math.max(bytes, body.byteLength);
    } while (performance.now() < end);
  };
  await Promise.all(Array.from({ length: connections }, askAgainAndAgain));
  const requestsPerSecond = (1000 * times.length) / (performance.now() - start);
  const sorted = Float64Array.from(times).sort();
  // The slowest of the share: there is always at least one request.
  const slowestOf = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return { requestsPerSecond, p50: slowestOf(0.5), p99: slowestOf(0.99), bytes, statuses };
}

parentPort?.postMessage(await run(workerData as Load));
