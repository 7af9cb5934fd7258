/** `bun run bench`: measures how fast the program is beside what is possible, and says whether that is as it has to be. See `options.ts`. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Bench } from "./bench.ts";
import { chooseGenerator } from "./generator.ts";
import { currentCommit, describeMachine } from "./machine.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { writePage } from "./plots/page.ts";
import { measureDeployment } from "./remote.ts";
import type { Results } from "./results.ts";
import { endAll } from "./running.ts";
import { scenarios } from "./scenarios/all.ts";
import { textTable } from "./table.ts";

const say = (line: string) => console.log(line);

/** Runs the scenarios; one that breaks is told, and the others go on. */
async function runScenarios(bench: Bench, { only }: Options, results: Results): Promise<boolean> {
  let isWhole = true;
  for (const scenario of scenarios.filter(({ name }) => name.includes(only))) {
    say(scenario.name);
    const began = performance.now();
    try {
      const { targets = [], series } = await scenario.run(bench);
      results.targets.push(...targets);
      if (series) results.series.push(series);
      for (const { met, measured } of targets) say(`  ${met ? "met" : "MISSED"}: ${measured}`);
    } catch (error) {
      isWhole = false;
      say(`  BROKEN: ${error instanceof Error ? error.message : String(error)}`);
    }
    say(`  ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
  return isWhole;
}

async function measure(options: Options, folder: string): Promise<boolean> {
  const generator = chooseGenerator(folder, options.generator);
  const bench = new Bench(options.isQuick, generator, folder, options.executable, say);
  say(`requests are sent by ${generator.name}`);
  const results: Results = {
    date: new Date().toISOString(),
    commit: options.commit ?? (options.url ? new URL(options.url).hostname : currentCommit()),
    machine: describeMachine(),
    ...{ generator: generator.name, kind: options.isQuick ? "quick" : "full" },
    ...{ targets: [], series: [] },
  };
  let isWhole = true;
  if (options.url === undefined) isWhole = await runScenarios(bench, options, results);
  else results.series.push(await measureDeployment(bench, options.url, await tokenOf(options)));
  say(textTable(results));
  for (const path of [writeResults(results, options.out), ...(await writePage(results, options.out))])
    say(path);
  return isWhole;
}

/** Writes the results into a folder, and returns the path of their file. */
function writeResults(results: Results, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${results.date.slice(0, 10)}-${results.commit}.json`);
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
  return file;
}

async function tokenOf({ token }: Options): Promise<string> {
  if (token === undefined)
    throw new Error("a deployment is measured with SECRETSFLY_TOKEN in the environment");
  return token === "-" ? (await Bun.stdin.text()).trim() : token;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options.isHelp) {
    process.stdout.write(usage);
    return 0;
  }
  if (options.isList) {
    for (const { name } of scenarios) say(name);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), "secretsfly-bench-"));
  process.on("exit", () => {
    endAll();
    rmSync(folder, { recursive: true, force: true });
  });
  process.on("SIGINT", () => process.exit(130));
  process.on("SIGTERM", () => process.exit(143));
  return (await measure(options, folder)) ? 0 : 1;
}

try {
  process.exit(await main());
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
