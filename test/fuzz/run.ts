/**
 * `bun run test:fuzz [--requests 100000] [--seed N]`: sends requests that nobody would send, made from the OpenAPI
 * document and the app's own routes, and judges each answer. Prints what was answered how often, and what was wrong.
 */

import { parseArgs } from "node:util";
import { fuzz } from "./campaign.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const seed = Number(values.seed);
const total = Number(values.requests);
const say = (line: string) => process.stdout.write(`${line}\n`);

say(`seed ${seed}, ${total} requests`);
const began = performance.now();
const { requests, findings, answers } = await fuzz(seed, total, (sent) => {
  if (sent % 20_000 === 0) say(`${sent} sent`);
});
for (const [kind, count] of [...answers].sort(([a], [b]) => (a < b ? -1 : 1)))
  say(`${String(count).padStart(7)}  ${kind}`);
for (const { seed: of, request, what, faults } of findings.slice(0, 20))
  say(`\nworld ${of}, request ${request}: ${what}\n  ${faults.join("\n  ")}`);
const seconds = (performance.now() - began) / 1000;
say(`\n${requests} requests in ${seconds.toFixed(0)} s, ${findings.length} findings`);
process.exit(findings.length === 0 ? 0 : 1);
