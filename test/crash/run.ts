/**
 * `bun run test:crash [--rounds 200] [--seed N]`: kills a server with SIGKILL while everything that can be written is
 * written, starts it again, and looks whether all that was acknowledged is there, and nothing by halves. Prints how
 * often it died in the middle of what, and what was lost.
 */

import { parseArgs } from "node:util";
import { crashTimes } from "./campaign.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const seed = Number(values.seed);
const total = Number(values.rounds);
const say = (line: string) => process.stdout.write(`${line}\n`);

say(`seed ${seed}, ${total} rounds`);
const began = performance.now();
const campaign = await crashTimes(seed, total, (round) => {
  if (round % 10 === 0) say(`${round} rounds`);
});
const { rounds, acknowledged, refused, unknown, found, kinds, kills, restarts, findings } = campaign;
const table = (counts: ReadonlyMap<string, number>) => {
  for (const [kind, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
    say(`${String(count).padStart(7)}  ${kind}`);
};
say("\nkills:");
table(kills);
say("\nacknowledged writes:");
table(kinds);
for (const { seed: of, round, way, faults, folder } of findings)
  say(
    `\nworld ${of}, round ${round}, killed ${way}, kept in ${folder}:\n  ${faults.slice(0, 20).join("\n  ")}`,
  );
const sorted = [...restarts].sort((a, b) => a - b);
const [median = 0, longest = 0] = [sorted[sorted.length >> 1], sorted.at(-1)];
say(
  `\nstart after a kill until the first answer: median ${median.toFixed(0)} ms, longest ${longest.toFixed(0)} ms`,
);
say(
  `${rounds} rounds in ${((performance.now() - began) / 1000).toFixed(0)} s: ${acknowledged} writes acknowledged, ${refused} refused, ${unknown} without an answer, of which ${found} were done; ${findings.length} rounds with a fault`,
);
process.exit(findings.length === 0 ? 0 : 1);
