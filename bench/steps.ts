/**
 * `bun run bench:steps`: where the time of a fetch goes. Servers that go one step further each are asked by turns, and the
 * processor time that each takes for a request is told, with what the step added. For those who want to make it quicker.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alternate, type Contender } from "./alternate.ts";
import { median } from "./arithmetic.ts";
import { chooseGenerator } from "./generator.ts";
import { usualConnections } from "./load.ts";
import { endAll, remember } from "./running.ts";
import { type Step, type SteppedServer, steps } from "./step-names.ts";

const rounds = { count: 9, seconds: 1 };

async function start(step: Step): Promise<Contender> {
  const command = [process.execPath, join(import.meta.dir, "steps-process.ts"), step];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  remember(child.pid);
  const { value } = await child.stdout.getReader().read();
  if (!value) throw new Error(`the server for "${step}" did not start`);
  const { url, token, etag } = JSON.parse(new TextDecoder().decode(value)) as SteppedServer;
  const isUnchanged = steps.indexOf(step) <= steps.indexOf("GET /api/secrets with If-None-Match");
  const headers = { Authorization: `Bearer ${token}`, ...(isUnchanged && { "If-None-Match": etag }) };
  return { load: { url: `${url}/api/secrets`, headers, connections: usualConnections }, pid: child.pid };
}

const folder = mkdtempSync(join(tmpdir(), "secretsfly-bench-"));
process.on("exit", () => {
  endAll("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});
process.on("SIGINT", () => process.exit(130));

const generator = chooseGenerator(folder);
const contenders: Partial<Record<Step, Contender>> = {};
for (const step of steps) contenders[step] = await start(step);
const measured = await alternate({ generator }, contenders as Record<Step, Contender>, rounds);
console.log(
  `requests are sent by ${generator.name}; µs of the server's processor time for a request, medians of ${rounds.count}`,
);
let before = 0;
for (const step of steps) {
  const microseconds = median(measured[step].perProcessorSecond.map((requests) => 1e6 / requests));
  const isFirst = step === steps[0] || step === "the same bytes as GET /api/secrets";
  const added = isFirst ? "" : `${microseconds >= before ? "+" : ""}${(microseconds - before).toFixed(1)}`;
  console.log(`  ${step.padEnd(46)} ${microseconds.toFixed(1).padStart(6)} ${added.padStart(6)}`);
  before = microseconds;
}
process.exit(0);
