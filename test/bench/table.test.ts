import { expect, test } from "bun:test";
import type { Results } from "../../bench/results.ts";
import { markdownTable, textTable } from "../../bench/table.ts";

const results: Results = {
  date: "2026-01-02T03:04:05.000Z",
  commit: "abc1234",
  machine: { processor: "some processor", cores: 2, memoryMiB: 4096, system: "Linux 6.1", bun: "1.4.5" },
  generator: "wrk 4.1.0",
  kind: "quick",
  targets: [
    {
      ...{ name: "fetch", target: "≥ 0.50", measured: "0.56", met: true },
      samples: [
        {
          ...{ name: "secretsfly", unit: "requests/s", values: [30_500, 29_000, 31_000] },
          latency: { p50: 0.31, p99: 0.92 },
        },
      ],
    },
    {
      ...{ name: "a | b", target: "≤ 60 ms more", measured: "75 ms more", met: false },
      samples: [{ name: "with secrets", unit: "ms", values: [9.25] }],
    },
  ],
  series: [
    {
      ...{ id: "depth", title: "Fetches by depth", axis: "depth", logarithmic: false },
      lines: [
        {
          name: "secretsfly",
          points: [
            {
              ...{ x: 10, throughput: { median: 1234, least: 1000, most: 1500 } },
              ...{ latency: { p50: 1, p99: 2 }, bytes: 3500 },
            },
          ],
        },
      ],
    },
  ],
};

test("the table on a terminal has each target with its median, spread and latency", () => {
  const text = textTable(results);
  expect(text).toContain("met     fetch\n        target ≥ 0.50\n        measured 0.56\n");
  expect(text).toContain("secretsfly: 30,500 (29,000–31,000) requests/s, p50 0.31 ms, p99 0.92 ms, 3 runs\n");
  expect(text).toContain("MISSED  a | b");
  expect(text).toContain("with secrets: 9.25 ms, 1 run\n");
  expect(text).toContain("1,234 (1,000–1,500) requests/s");
  expect(text).toContain("1 of 2 targets met");
});

test("the table in Markdown has a row for each target, whatever is in its name", () => {
  expect(markdownTable(results).split("\n")).toEqual([
    "| what | target | measured | |",
    "| --- | --- | --- | --- |",
    "| fetch | ≥ 0.50 | 0.56 | met |",
    "| a \\| b | ≤ 60 ms more | 75 ms more | **missed** |",
    "",
  ]);
});
