/**
 * `bun run bench:micro [TEXT] [--json FILE]`: how long the parts take that a request is made of, each alone and in this
 * process. TEXT takes only those in whose name it stands.
 *
 * Unlocking with a passphrase is not among them: Argon2id is slow on purpose, and by as much as its parameters say.
 */

import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { compact, run } from "mitata";
import { createFileApp } from "../test/harness.ts";
import { registerAccess } from "./micro/access.ts";
import { registerCryptography } from "./micro/cryptography.ts";
import { registerFormats } from "./micro/formats.ts";
import { registerViews } from "./micro/views.ts";

const usage = "usage: bun run bench:micro [TEXT] [--json FILE]";

/** Throws for what is no way of calling this. */
function readArguments(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    options: { json: { type: "string" }, help: { type: "boolean", short: "h" } },
    allowPositionals: true,
  });
  const [text = "", ...rest] = positionals;
  if (rest.length > 0) throw new Error(`one text, and not ${positionals.length}`);
  return { ...values, filter: new RegExp(RegExp.escape(text), "i") };
}

/** What is written of a benchmark: nanoseconds. */
function figuresOf({ runs }: Awaited<ReturnType<typeof run>>["benchmarks"][number]) {
  return runs.map(({ name, stats, error }) => {
    if (!stats) throw new Error(`${name} failed`, { cause: error });
    const { avg, min, p50, p75, p99, max } = stats;
    return { name, avg, min, p50, p75, p99, max };
  });
}

async function main(args: string[]): Promise<void> {
  const { json, help, filter } = readArguments(args);
  if (help) return console.log(usage);
  const app = await createFileApp({}, "fast");
  try {
    // One line each.
    await compact(async () => {
      await registerCryptography();
      await registerViews(app.vault);
      registerFormats();
      await registerAccess(app);
    });
    console.log("Each line: mean, 75 of 100, 99 of 100, and how all are spread.\n");
    const colors = Boolean(process.stdout.isTTY) && !process.env.NO_COLOR;
    const { context, benchmarks } = await run({ filter, colors, throw: true });
    if (benchmarks.length === 0) throw new Error("no benchmark has this in its name");
    console.log("\nNot here: unlocking with a passphrase. Argon2id is slow on purpose.");
    if (json === undefined) return;
    const { now, cpu, arch } = context;
    const conditions = { date: new Date(now).toISOString(), processor: cpu.name, arch, bun: Bun.version };
    const figures = { ...conditions, unit: "ns", benchmarks: benchmarks.flatMap(figuresOf) };
    await writeFile(json, `${JSON.stringify(figures, null, 2)}\n`);
  } finally {
    app.close();
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`bench:micro: ${error instanceof Error ? error.message : error}`);
  console.error(usage);
  process.exitCode = 1;
}
