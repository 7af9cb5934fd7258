/** `bun run bench:machines`: what it costs to have the database on a libSQL server, and what a replica of it on each machine changes. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestBrowser } from "../test/harness.ts";
import type { ServerProcess } from "../test/server-process.ts";
import { startServer } from "../test/server-process.ts";
import { type Sqld, startSqld } from "../test/sqld.ts";
import { percentile } from "./arithmetic.ts";
import { chooseGenerator, type Generator } from "./generator.ts";
import { secretsOf } from "./invented.ts";
import { latencyOf, type Measurement, throughputs, usualConnections } from "./load.ts";
import { describeMachine } from "./machine.ts";
import { processorSeconds, residentMiB } from "./process-figures.ts";
import { fetchQuestion } from "./servers.ts";
import { Writer } from "./writes.ts";

const say = (line: string) => console.log(line);
const milliseconds = (values: readonly number[]) =>
  `p50 ${percentile(values, 0.5).toFixed(1)} ms, p99 ${percentile(values, 0.99).toFixed(1)} ms`;

/** Where a server has its database. */
type Mode = "file" | "server" | "replica";

const modes: readonly Mode[] = ["file", "server", "replica"];

function settingsOf(mode: Mode, folder: string, primary: Sqld): Record<string, string> {
  if (mode === "file") return {};
  const replica = { DATABASE_REPLICA_PATH: join(folder, "data", "replica.db") };
  return { DATABASE_URL: primary.url, ...(mode === "replica" && replica) };
}

/** A project with 50 secrets and a token to write and read them; the browser has it unsealed. */
async function fill(server: ServerProcess): Promise<{ id: number; token: string; browser: TestBrowser }> {
  const browser = server.browser();
  const { id } = await browser.createRoot("shop");
  const token = await browser.createToken(id, "prod", "write");
  await new Writer(server.url, token).setAll(Object.fromEntries(secretsOf(0, 50)));
  return { id, token, browser };
}

/** Throughput and latency of fetches, of writes one after the other, and the time of a start, with one server. */
async function measureMode(mode: Mode, folder: string, generator: Generator): Promise<void> {
  await using primary = await startSqld();
  const home = join(folder, mode);
  await Bun.$`mkdir -p ${home}`.quiet();
  const settings = settingsOf(mode, home, primary);
  const first = await startServer(home, settings);
  const { token } = await fill(first);
  const writer = new Writer(first.url, token);
  const { url, headers } = fetchQuestion(first, token);
  const load = { url, headers, connections: usualConnections };
  await generator.measure(load, 1);
  const runs: Measurement[] = [];
  for (let i = 0; i < 3; i++) runs.push(await generator.measure(load, 2));
  const { p50, p99 } = latencyOf(runs);
  const writes: number[] = [];
  for (let i = 0; i < 100; i++) writes.push(await writer.writeOne());
  const memory = residentMiB(first.pid);
  await first.stop();
  const began = performance.now();
  await using again = await startServer(home, settings);
  const started = performance.now() - began;
  await fetch(url.replace(first.url, again.url), { headers });
  say(
    `${mode.padEnd(8)} ${Math.round(percentile(throughputs(runs), 0.5))} fetches/s (p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms); ` +
      `a write ${milliseconds(writes)}; a start ${started.toFixed(0)} ms; ${memory.toFixed(0)} MiB`,
  );
}

/** Asks until it is so; milliseconds since `began`. */
async function timeUntil(began: number, isSo: () => Promise<boolean>): Promise<number> {
  while (!(await isSo())) await Bun.sleep(2);
  return performance.now() - began;
}

/** How long the others take to serve a change and to refuse a revoked token, with three servers. */
async function measureStaleness(folder: string, interval: number, count: number): Promise<void> {
  await using primary = await startSqld();
  const nodes: ServerProcess[] = [];
  for (let i = 0; i < 3; i++) {
    const home = join(folder, `node-${interval}-${i}`);
    await Bun.$`mkdir -p ${home}`.quiet();
    const settings = {
      ...settingsOf("replica", home, primary),
      DATABASE_SYNC_MILLISECONDS: String(interval),
      ADMIN_MASTER_KEY_EXPIRATION: "3600",
    };
    nodes.push(await startServer(home, settings));
  }
  try {
    const [first, ...others] = nodes as [ServerProcess, ...ServerProcess[]];
    const { id, token, browser } = await fill(first);
    const answerOf = (node: ServerProcess, by: string) =>
      fetch(`${node.url}/api/secrets`, { headers: { Authorization: `Bearer ${by}` } });
    for (const node of others) await timeUntil(0, async () => (await answerOf(node, token)).ok);

    const idleFrom = [performance.now(), processorSeconds(primary.pid)] as const;
    await Bun.sleep(10_000);
    const looks = ((performance.now() - idleFrom[0]) / interval) * nodes.length;
    const perLook = ((processorSeconds(primary.pid) - idleFrom[1]) / looks) * 1000;

    const changes: number[] = [];
    for (let i = 0; i < count; i++) {
      await Bun.sleep(Math.random() * interval);
      const value = `change ${i} `.padEnd(32, "x");
      const response = await fetch(`${first.url}/api/secrets/CHANGING`, {
        method: "PUT",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        body: JSON.stringify({ value }),
      });
      if (!response.ok) throw new Error(`a write was answered with ${response.status}`);
      const acknowledged = performance.now();
      changes.push(
        ...(await Promise.all(
          others.map((node) =>
            timeUntil(acknowledged, async () => (await (await answerOf(node, token)).text()).includes(value)),
          ),
        )),
      );
    }

    const revocations: number[] = [];
    for (let i = 0; i < count / 2; i++) {
      const revoked = await browser.createToken(id, "prod", "read");
      for (const node of others) await timeUntil(0, async () => (await answerOf(node, revoked)).ok);
      await Bun.sleep(Math.random() * interval);
      await browser.post(`/admin/projects/${id}/service-tokens/${i + 2}/revoke`);
      const acknowledged = performance.now();
      // 401, or 429 where it has asked too often.
      revocations.push(
        ...(await Promise.all(
          others.map((node) => timeUntil(acknowledged, async () => !(await answerOf(node, revoked)).ok)),
        )),
      );
    }
    say(
      `looking every ${interval} ms: a change elsewhere after ${milliseconds(changes)} (${changes.length}); ` +
        `a revoked token refused after ${milliseconds(revocations)} (${revocations.length}); ` +
        `a look takes the primary ${perLook.toFixed(2)} ms of a processor`,
    );
  } finally {
    for (const node of nodes) await node[Symbol.asyncDispose]();
  }
}

const folder = mkdtempSync(join(tmpdir(), "secretsfly-machines-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const { processor, cores, memoryMiB, bun } = describeMachine();
say(`${processor}, ${cores} cores, ${memoryMiB} MiB, Bun ${bun}; everything on this one machine`);
const generator = chooseGenerator(folder);
for (const mode of modes) await measureMode(mode, folder, generator);
for (const interval of [500, 100]) await measureStaleness(folder, interval, 100);
