import { median } from "./arithmetic.ts";
import type { Sample, SeriesPoint } from "./results.ts";

/** How many connections a load has where nothing else is said. */
export const usualConnections = 10;

/** Requests of one kind: GETs over a number of connections that stay open, each sending as soon as it is answered. */
export interface Load {
  url: string;
  headers: Record<string, string>;
  /** A file with one service token a line, of which each request takes one at random. */
  tokenFile?: string;
  connections: number;
}

/** What became of a load in some seconds. */
export interface Measurement {
  requests: number;
  seconds: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** Answers of 400 and above, and connections that broke. */
  failures: number;
}

/** Requests a second of each measurement. */
export function throughputs(measurements: readonly Measurement[]): number[] {
  return measurements.map(({ requests, seconds }) => requests / seconds);
}

/** The latency of several runs: the medians of what each run's half, and 99 of 100, were not above. Milliseconds. */
export function latencyOf(measurements: readonly Measurement[]): { p50: number; p99: number } {
  return {
    p50: median(measurements.map(({ p50 }) => p50)),
    p99: median(measurements.map(({ p99 }) => p99)),
  };
}

/** The runs of one contender as a sample. */
export function sampleOf(name: string, measurements: readonly Measurement[]): Sample {
  return {
    ...{ name, unit: "requests/s" },
    values: throughputs(measurements),
    latency: latencyOf(measurements),
  };
}

/** The runs at one place of an axis as a point of a plot. `bytes` are those of one answer's body. */
export function pointOf(x: number, bytes: number, measurements: readonly Measurement[]): SeriesPoint {
  const values = throughputs(measurements);
  const throughput = { median: median(values), least: Math.min(...values), most: Math.max(...values) };
  return { x, throughput, latency: latencyOf(measurements), bytes };
}
