/** Results as a run could have them, for the tests of what is made of results. */

import type { Results, Series, SeriesLine } from "../../../bench/results.ts";

/** A line from its sizes, throughputs, and latencies (p50, p99). */
function line(name: string, rows: readonly (readonly [number, number, number, number])[]): SeriesLine {
  const points = rows.map(([x, median, p50, p99]) => ({
    x,
    throughput: { median, least: median * 0.94, most: median * 1.04 },
    latency: { p50, p99 },
    bytes: 14 + 70 * x,
  }));
  return { name, points };
}

const secrets: Series = {
  id: "secrets",
  title: "Fetches by the number of secrets",
  axis: "secrets in the view",
  logarithmic: true,
  lines: [
    line("raw Bun.serve", [
      [0, 61_234, 0.15, 0.61],
      [1, 60_871, 0.15, 0.6],
      [10, 58_204, 0.16, 0.66],
      [100, 43_817, 0.21, 0.94],
      [500, 17_345, 0.55, 1.72],
      [2000, 5012, 1.94, 4.81],
    ]),
    line("secretsfly", [
      [0, 33_910, 0.28, 0.92],
      [1, 33_615, 0.28, 0.95],
      [10, 32_148, 0.3, 1.01],
      [100, 23_467, 0.41, 1.37],
      [500, 8123, 1.18, 3.02],
      [2000, 2219, 4.42, 9.7],
    ]),
  ],
};

const projects: Series = {
  id: "projects",
  title: "Fetches by the number of projects",
  axis: "projects",
  logarithmic: true,
  lines: [
    line("secretsfly", [
      [1, 27_812, 0.33, 1.1],
      [10, 27_530, 0.34, 1.12],
      [100, 26_411, 0.35, 1.3],
      [1000, 24_009, 0.38, 1.94],
    ]),
  ],
};

const depth: Series = {
  id: "depth",
  title: "Fetches by the depth of the tree",
  axis: "depth of the project in its tree",
  logarithmic: false,
  lines: [
    line("secretsfly", [
      [1, 27_812, 0.33, 1.1],
      [2, 27_903, 0.33, 1.09],
      [4, 27_455, 0.34, 1.15],
      [7, 27_601, 0.34, 1.12],
      [10, 27_318, 0.34, 1.17],
    ]),
  ],
};

const connections: Series = {
  id: "connections",
  title: "Fetches by the number of connections",
  axis: "connections",
  logarithmic: true,
  lines: [
    line("raw Bun.serve", [
      [1, 17_423, 0.05, 0.12],
      [4, 38_810, 0.09, 0.31],
      [10, 51_992, 0.17, 0.7],
      [40, 54_310, 0.69, 1.9],
      [100, 53_877, 1.8, 4.4],
      [400, 51_006, 7.6, 15.8],
    ]),
    line("secretsfly", [
      [1, 11_207, 0.08, 0.19],
      [4, 21_345, 0.17, 0.55],
      [10, 28_114, 0.33, 1.1],
      [40, 29_002, 1.35, 3.3],
      [100, 28_410, 3.4, 8.2],
      [400, 27_125, 14.5, 31.4],
    ]),
    line("secretsfly, nothing changed", [
      [1, 15_921, 0.06, 0.14],
      [4, 33_410, 0.11, 0.37],
      [10, 43_992, 0.2, 0.8],
      [40, 45_110, 0.83, 2.3],
      [100, 44_871, 2.1, 5.1],
      [400, 43_016, 9.1, 18.9],
    ]),
  ],
};

/** What a quiet machine could have found. */
export const realistic: Results = {
  date: "2026-11-27T10:12:33.000Z",
  commit: "7ad99c8",
  machine: {
    processor: "AMD EPYC 7B13",
    cores: 2,
    memoryMiB: 7938,
    system: "Linux 6.12.9 x64",
    bun: "1.4.5",
  },
  generator: "wrk 4.1.0",
  kind: "full",
  targets: [
    {
      name: "GET /api/secrets, 50 secrets, warm token",
      target: "≥ 0.50 of the yardstick",
      measured: "0.56",
      met: true,
      samples: [
        {
          name: "raw Bun.serve",
          unit: "requests/s",
          values: [51_992, 52_310, 50_874, 52_008, 51_440],
          latency: { p50: 0.171, p99: 0.702 },
        },
        {
          name: "secretsfly",
          unit: "requests/s",
          values: [28_114, 29_001, 28_870, 28_333, 28_905],
          latency: { p50: 0.334, p99: 1.12 },
        },
      ],
    },
    {
      name: "one write, 50 secrets, 20 descendants",
      target: "p50 ≤ 10 ms, and read throughput during writes ≥ 0.8 of that without",
      measured: "11.4 ms; 0.83 at 10 writes a second, 0.41 without a pause",
      met: false,
      samples: [
        { name: "write", unit: "ms", values: [11.42, 11.38, 11.9], latency: { p50: 11.4, p99: 23.7 } },
      ],
    },
    {
      name: "resident memory idle and after a minute of load",
      target: "≤ 90 MiB and ≤ 150 MiB",
      measured: "84 MiB and 131 MiB",
      met: true,
      samples: [{ name: "idle", unit: "MiB", values: [84.1] }],
    },
  ],
  series: [secrets, projects, depth, connections],
};

/** What is rare: nothing at all, a single point, throughputs and latencies over several powers of ten, markup in names. */
export const harsh: Results = {
  ...realistic,
  commit: "0000000+",
  kind: "quick",
  machine: { ...realistic.machine, processor: `<script>alert("&'")</script>`, cores: 1 },
  targets: [
    {
      name: "<b>&amp;",
      target: `"quoted"`,
      measured: "]]>",
      met: false,
      samples: [{ name: "<i>", unit: "ms", values: [] }],
    },
  ],
  series: [
    { ...projects, lines: [] },
    { ...depth, lines: [line("secretsfly", [[5, 27_812, 0.33, 1.1]])] },
    {
      ...connections,
      title: "Fetches by connections, on a machine where everything has a long name that does not fit",
      axis: "connections <of each & every client>",
      lines: [
        line("raw Bun.serve, same bytes and also the same response head as the candidate's", [
          [1, 17_423, 0.012, 0.12],
          [400, 101_006, 7.6, 15.8],
        ]),
        line("secretsfly <&>", [
          [1, 200, 0.9, 41.9],
          [10, 514, 3.3, 101],
          [100, 402, 34, 820],
          [400, 251, 145, 1002],
        ]),
        line("not measured", []),
        { name: "bare", points: [{ ...line("", [[1, 1, 1, 1]]).points[0], x: Number.NaN } as never] },
      ],
    },
    {
      ...secrets,
      lines: [
        line(
          "secretsfly",
          [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144].map((x) => [
            x,
            30_000 / (1 + x / 50),
            0.3 + x / 90,
            1 + x / 20,
          ]),
        ),
      ],
    },
  ],
};
