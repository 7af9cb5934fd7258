import { ratioOf } from "../alternate.ts";
import { median, percentile } from "../arithmetic.ts";
import type { Bench, Scenario } from "../bench.ts";
import { type Load, type Measurement, sampleOf, usualConnections } from "../load.ts";
import { familyPlan, usualSecrets } from "../plans.ts";
import type { TargetResult } from "../results.ts";
import { Writer } from "../writes.ts";

const mostMilliseconds = 10;
const leastShare = 0.8;
/** Of the steady writer, in milliseconds. */
const pace = 100;

/** What goes on while reads are measured. */
type Beside = "nothing" | "ten writes a second" | "a writer as fast as it is answered";

async function writesInARow(writer: Writer, count: number): Promise<TargetResult> {
  const times: number[] = [];
  for (let i = 0; i < 10; i++) await writer.writeOne();
  for (let i = 0; i < count; i++) times.push(await writer.writeOne());
  const latency = { p50: median(times), p99: percentile(times, 0.99) };
  return {
    name: `one write, ${usualSecrets} secrets, 20 descendants`,
    target: `p50 ≤ ${mostMilliseconds} ms`,
    measured: `p50 ${latency.p50.toFixed(1)} ms, p99 ${latency.p99.toFixed(1)} ms, one after the other`,
    met: latency.p50 <= mostMilliseconds,
    samples: [{ name: "a write", unit: "ms", values: times, latency }],
  };
}

/** Writes until `isOver`, each write when the one before is answered and not sooner than the pace. Returns how many. */
async function keepWriting(writer: Writer, beside: Beside, isOver: () => boolean): Promise<number> {
  let count = 0;
  while (beside !== "nothing" && !isOver()) {
    const took = await writer.writeOne();
    count++;
    if (beside === "ten writes a second") await Bun.sleep(Math.max(0, pace - took));
  }
  return count;
}

async function readsBeside(bench: Bench, load: Load, writer: Writer): Promise<TargetResult> {
  const runs: Record<Beside, Measurement[]> = {
    nothing: [],
    "ten writes a second": [],
    "a writer as fast as it is answered": [],
  };
  let fastWrites = 0;
  const { count, seconds } = bench.pick({ count: 5, seconds: 1 }, { count: 2, seconds: 1 });
  await bench.generator.measure(load, 1);
  for (let i = 0; i < count; i++) {
    for (const beside of Object.keys(runs) as Beside[]) {
      let isOver = false;
      const writing = keepWriting(writer, beside, () => isOver);
      runs[beside].push(await bench.generator.measure(load, seconds));
      isOver = true;
      const written = await writing;
      if (beside === "a writer as fast as it is answered") fastWrites += written;
    }
  }
  const outcome = (beside: Beside) => ({ runs: runs[beside], perProcessorSecond: [] });
  const share = (beside: Beside) => ratioOf(outcome(beside), outcome("nothing"));
  const steady = share("ten writes a second");
  const fast = share("a writer as fast as it is answered").toFixed(2);
  return {
    name: "read throughput during writes, of that tree",
    target: `≥ ${leastShare.toFixed(2)} of that without`,
    measured: `${steady.toFixed(2)} beside 10 writes a second; ${fast} beside one writer as fast as it is answered (${Math.round(fastWrites / count / seconds)} a second)`,
    met: steady >= leastShare,
    samples: Object.entries(runs).map(([beside, measured]) => sampleOf(`reads beside ${beside}`, measured)),
  };
}

/** A project whose secrets 20 others inherit: what a write takes, and what it takes from those who read. */
export const writesScenario: Scenario = {
  name: "writes",
  async run(bench) {
    const fixture = await bench.fixture(familyPlan());
    await using server = await bench.serve(fixture);
    const writer = new Writer(server.url, fixture.writers("family")[0] ?? "");
    const alone = await writesInARow(writer, bench.pick(200, 50));
    // Read are all 21 projects at random, each of which every write changes.
    const load: Load = {
      url: `${server.url}/api/secrets`,
      headers: {},
      ...{ tokenFile: fixture.tokenFile, connections: usualConnections },
    };
    return { targets: [alone, await readsBeside(bench, load, writer)] };
  },
};
