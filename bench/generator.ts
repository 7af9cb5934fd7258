import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import autocannonManifest from "autocannon/package.json";
import type { Load, Measurement } from "./load.ts";

/** What sends a load: always a process of its own, so that it shares no event loop with a server or with the bench. */
export interface Generator {
  /** With its version, such as `wrk 4.1.0`. */
  name: string;
  /** Sends a load for a number of whole seconds. Throws where a request failed, since fast failures are no speed. */
  measure(load: Load, seconds: number): Promise<Measurement>;
}

/** What can send a load. */
export type GeneratorKind = "wrk" | "autocannon";

/**
 * wrk where it is installed, else autocannon; or the one that is asked for.
 *
 * @param folder - where files may be that hold tokens for as long as a load takes
 * @throws Error where wrk is asked for and not installed
 */
export function chooseGenerator(folder: string, wanted?: GeneratorKind): Generator {
  const wrk = Bun.which("wrk");
  if (wanted === "wrk" && !wrk) throw new Error("wrk is not installed");
  if (!wrk || wanted === "autocannon") return autocannon;
  // It has no option that only prints its version: this is the first line of its usage.
  const usage = Bun.spawnSync([wrk, "-v"]).stdout.toString();
  const version = /\d+\.\d+\.\d+/.exec(usage)?.[0] ?? "of an unknown version";
  return { name: `wrk ${version}`, measure: (load, seconds) => runWrk(wrk, folder, load, seconds) };
}

async function runWrk(wrk: string, folder: string, load: Load, seconds: number): Promise<Measurement> {
  // Not as arguments, which everybody on the machine may read.
  const plan = join(folder, "wrk-plan");
  const headers = Object.entries(load.headers).map(([name, value]) => `header ${name}: ${value}\n`);
  const tokens = load.tokenFile ? `tokens ${load.tokenFile}\n` : "";
  writeFileSync(plan, headers.join("") + tokens, { mode: 0o600 });
  const script = join(import.meta.dir, "wrk.lua");
  const figures = ["-t1", `-c${load.connections}`, `-d${seconds}s`];
  const child = Bun.spawn([wrk, ...figures, "--timeout", "10s", "-s", script, load.url, "--", plan], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  return readMeasurement("wrk", child).finally(() => rmSync(plan));
}

const autocannon: Generator = {
  name: `autocannon ${autocannonManifest.version}`,
  async measure(load, seconds) {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "autocannon-process.ts")], {
      stdin: new Blob([JSON.stringify({ ...load, seconds })]),
      stdout: "pipe",
      stderr: "pipe",
    });
    return readMeasurement("autocannon", child);
  },
};

async function readMeasurement(
  name: string,
  child: Bun.Subprocess<"ignore" | Blob, "pipe", "pipe">,
): Promise<Measurement> {
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const line = stdout.split("\n").find((text) => text.startsWith("{"));
  if ((await child.exited) !== 0 || !line) throw new Error(`${name} failed: ${stderr}${stdout}`);
  const measurement = JSON.parse(line) as Measurement;
  if (measurement.failures > 0 || measurement.requests === 0) {
    throw new Error(`${measurement.failures} of ${measurement.requests} requests of ${name} failed`);
  }
  return measurement;
}
