/** What a run of the bench has found: what is written to `bench/results/`, and what tables and plots are made of. */
export interface Results {
  /** ISO 8601, UTC. */
  date: string;
  /** Short hash; with `+` at its end where files had changes that were not committed. Of a deployment its host. */
  commit: string;
  machine: Machine;
  /** What sent the requests, with its version, such as `wrk 4.1.0` or `autocannon 8.0.0`. */
  generator: string;
  /** `quick` takes fewer and shorter samples. */
  kind: "full" | "quick";
  targets: TargetResult[];
  series: Series[];
}

export interface Machine {
  processor: string;
  cores: number;
  memoryMiB: number;
  system: string;
  bun: string;
}

/** One line of the table of targets. */
export interface TargetResult {
  /** What is measured, as the table says it. */
  name: string;
  /** What it has to be, as the table says it, such as `≥ 0.50 of the yardstick`. */
  target: string;
  /** What it was, such as `0.56`. */
  measured: string;
  met: boolean;
  /** What it was made of; the yardstick's, too, where there is one. */
  samples: Sample[];
}

/** Several measurements of one thing. */
export interface Sample {
  /** Such as `secretsfly` or `raw Bun.serve`. */
  name: string;
  unit: "requests/s" | "ms" | "MiB";
  /** One for each run, in the order in which they were made. */
  values: number[];
  /** Of single requests in all runs, in milliseconds; absent where no requests were timed. */
  latency?: { p50: number; p99: number };
}

/** How something changes with the size of something else: one plot. */
export interface Series {
  /** Such as `secrets`; also the name of its file. */
  id: "secrets" | "projects" | "depth" | "connections";
  title: string;
  /** What grows, such as `secrets in the view`. */
  axis: string;
  /** Whether each step of the axis is as many times the one before. */
  logarithmic: boolean;
  lines: SeriesLine[];
}

export interface SeriesLine {
  name: string;
  points: SeriesPoint[];
}

export interface SeriesPoint {
  x: number;
  /** Requests a second: median, least and most of all runs. */
  throughput: { median: number; least: number; most: number };
  /** Milliseconds. */
  latency: { p50: number; p99: number };
  /** Of one answer's body. */
  bytes: number;
}
