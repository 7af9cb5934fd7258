/**
 * The page and the plots of a run's results. `bun bench/plots/page.ts bench/results/FILE.json` makes them anew from
 * what a run has written, beside that file.
 */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Results } from "../results.ts";
import { latencyChart, throughputChart } from "./charts.ts";
import { drawChart } from "./draw.tsx";
import { renderReport } from "./report.tsx";

/**
 * Writes `<folder>/<date>-<commit>/index.html`, a page with all results and plots that needs no other file, and beside
 * it `<series>-throughput.svg` and `<series>-latency.svg` of each series. What was there is overwritten.
 *
 * @returns the paths that were written, the page's first
 * Throws RangeError for a date or commit that names no folder, and what the file system does.
 */
export async function writePage(results: Results, folder: string): Promise<string[]> {
  const own = join(folder, folderName(results));
  const charts = results.series.flatMap((series) => [throughputChart(series), latencyChart(series)]);
  const files = new Map([
    [join(own, "index.html"), renderReport(results)],
    ...charts.map((chart) => [join(own, `${chart.id}.svg`), `${drawChart(chart)}\n`] as const),
  ]);
  await mkdir(own, { recursive: true });
  await Promise.all([...files].map(([path, text]) => writeFile(path, text)));
  return [...files.keys()];
}

function folderName({ date, commit }: Results): string {
  const name = `${date.slice(0, 10)}-${commit}`;
  if (!/^\d{4}-\d\d-\d\d-[\w.+-]+$/.test(name)) throw new RangeError(`no folder can be named ${name}`);
  return name;
}

async function main([path, ...rest]: readonly string[]): Promise<void> {
  if (path === undefined || rest.length > 0) {
    console.error("usage: bun bench/plots/page.ts bench/results/FILE.json");
    process.exitCode = 2;
    return;
  }
  const results = (await Bun.file(path).json()) as Results;
  for (const written of await writePage(results, dirname(path))) console.log(written);
}

if (import.meta.main) await main(process.argv.slice(2));
