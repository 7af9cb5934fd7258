/**
 * `bun run test:load [--connections 1000] [--seconds 60] [--executable dist/secretsfly]`: a server as a process of its
 * own under a load of 90 % fetches, 9 % that nothing has changed and 1 % writes; in the second half of the time with slow
 * clients and huge headers beside it. Prints what it did; fails if anything went wrong or the memory grows.
 */

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { growth, percentile } from "./figures.ts";
import { type Kind, Load, memoryOf, type Tally } from "./load.ts";
import { openSlowClients, sendHugeHeaders } from "./slow-clients.ts";
import { startLoaded } from "./world.ts";

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "1000" },
    seconds: { type: "string", default: "60" },
    executable: { type: "string" },
  },
});
const [connections, seconds] = [Number(values.connections), Number(values.seconds)];

/** The memory is looked at once everything is warm, in seconds. */
const warm = 10;
/** What it may grow by from then on, by the line that fits best, in MiB. */
const mayGrow = 32;
/** How much longer others may wait beside slow clients: this many times, and milliseconds. */
const [mayBeSlower, mayWait] = [2, 250] as const;

const say = (line: string) => process.stdout.write(`${line}\n`);

function tell(name: string, tally: Tally, time: number): void {
  say(`${name}: ${tally.requests} requests, ${Math.round(tally.requests / time)} a second`);
  for (const [kind, times] of Object.entries(tally.times)) {
    const [half, most, all] = [0.5, 0.99, 1].map((share) => percentile(times, share).toFixed(0));
    say(`  ${kind.padEnd(10)} ${String(times.length).padStart(7)}  p50 ${half}  p99 ${most}  max ${all} ms`);
  }
  for (const [message, times] of tally.errors) say(`  ERROR ${times} times: ${message}`);
}

await using world = await startLoaded(
  values.executable === undefined ? undefined : [resolve(values.executable), "serve"],
);
const { server, readers } = world;
const memory: number[] = [];
const sampler = setInterval(() => memory.push(memoryOf(server.pid)), 1000);
const load = await Load.open(world, connections);

const alone = await load.run(seconds / 2);
tell(`${connections} connections alone`, alone, seconds / 2);
using slow = await openSlowClients(server.url, readers[0] ?? "", 50);
let isOver = false;
const huge = Promise.all([20_000, 200_000].map((bytes) => sendHugeHeaders(server.url, bytes, () => isOver)));
const beside = await load.run(seconds / 2);
isOver = true;
tell(`beside ${slow.opened} slow clients and huge headers`, beside, seconds / 2);
for (const statuses of await huge) say(`  huge headers were answered with ${JSON.stringify([...statuses])}`);
clearInterval(sampler);
load.close();

const faults = [alone, beside].flatMap(({ errors }) => [...errors.keys()]);
const kinds: Kind[] = ["fetch", "unchanged", "write"];
for (const kind of kinds) {
  const [without, with_] = [alone.p99(kind), beside.p99(kind)];
  if (with_ > mayBeSlower * without + mayWait) faults.push(`p99 of ${kind} ${without} → ${with_} ms`);
}
say(`memory, each second, MiB: ${memory.map((size) => size.toFixed(0)).join(" ")}`);
const measured = memory.slice(warm);
if (measured.length > 10) {
  const span = Math.max(...measured) - Math.min(...measured);
  say(
    `memory after ${warm} s: grows by ${growth(measured).toFixed(1)} MiB, and moves within ${span.toFixed(1)} MiB`,
  );
  if (growth(measured) > mayGrow) faults.push(`the memory grows by ${growth(measured).toFixed(1)} MiB`);
}
const { exitCode } = await server.stop();
if (exitCode !== 0) faults.push(`the server ended with ${exitCode}`);
say(faults.length === 0 ? "held" : `FAILED: ${faults.join("; ")}`);
process.exitCode = faults.length === 0 ? 0 : 1;
