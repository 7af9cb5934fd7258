import { medianRatio } from "./arithmetic.ts";
import type { Bench } from "./bench.ts";
import { type Load, type Measurement, throughputs } from "./load.ts";
import { processorSeconds } from "./process-figures.ts";
import type { Sample } from "./results.ts";

/** Somebody whose speed is compared. */
export interface Contender {
  load: Load;
  /** Of the server, where its processor time is to be told. */
  pid?: number;
}

/** What a contender did in each run. */
export interface Outcome {
  runs: Measurement[];
  /** Requests for each second of the server's own processor time, by run; empty without a `pid`. */
  perProcessorSecond: number[];
}

/** How often, and for how many seconds each time. */
export interface Rounds {
  count: number;
  seconds: number;
  /** Whether each is sent its load for a second before: for whom has been measured already it need not be. */
  isWarm?: boolean;
}

/**
 * Sends each contender its load by turns, A B A B …, so that whatever else the machine does meets all of them alike.
 * Each is warmed up for a second before, unless it is warm.
 */
export async function alternate<Name extends string>(
  { generator }: Pick<Bench, "generator">,
  contenders: Record<Name, Contender>,
  { count, seconds, isWarm = false }: Rounds,
): Promise<Record<Name, Outcome>> {
  const all = Object.entries(contenders) as [Name, Contender][];
  const outcomes = Object.fromEntries(
    all.map(([name]) => [name, { runs: [], perProcessorSecond: [] }]),
  ) as unknown as Record<Name, Outcome>;
  for (const [, { load }] of all) if (!isWarm) await generator.measure(load, 1);
  for (let i = 0; i < count; i++) {
    for (const [name, { load, pid }] of all) {
      const before = pid === undefined ? 0 : processorSeconds(pid);
      const run = await generator.measure(load, seconds);
      outcomes[name].runs.push(run);
      if (pid === undefined) continue;
      outcomes[name].perProcessorSecond.push(run.requests / (processorSeconds(pid) - before));
    }
  }
  return outcomes;
}

/** The median of the ratios of throughput, pair by pair. */
export function ratioOf(of: Outcome, over: Outcome): number {
  return medianRatio(throughputs(of.runs), throughputs(over.runs));
}

/** How many requests each second of a server's own processor time was good for: whatever the generator could send. */
export function processorSample(name: string, { perProcessorSecond }: Outcome): Sample {
  return { name: `${name}, a second of its processor time`, unit: "requests/s", values: perProcessorSecond };
}
