import { raw } from "hono/html";
import { median } from "../arithmetic.ts";
import type { Machine, Results, Sample, Series, TargetResult } from "../results.ts";
import { latencyChart, throughputChart } from "./charts.ts";
import { drawChart } from "./draw.tsx";
import { measuredLines } from "./lines.ts";
import { formatNumber } from "./numbers.ts";
import { pageStyle } from "./page-style.ts";

/** The page of a run's results, as one HTML document that needs no other file. */
export function renderReport(results: Results): string {
  const title = `secretsfly bench, ${results.date.slice(0, 10)}, ${results.commit}`;
  const page = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <style>{raw(pageStyle)}</style>
      </head>
      <body>
        <main>
          <h1>{title}</h1>
          <Conditions results={results} />
          {results.targets.length > 0 ? <Targets targets={results.targets} /> : null}
          {results.series.map((series) => (
            <SeriesSection series={series} />
          ))}
          {results.targets.length > 0 ? <Samples targets={results.targets} /> : null}
        </main>
      </body>
    </html>
  );
  return `<!doctype html>\n${page}\n`;
}

const kinds = {
  full: "full",
  quick: "quick: fewer and shorter samples, so the figures scatter more",
};

const processorOf = ({ processor, cores }: Machine) =>
  `${processor}, ${cores} ${cores === 1 ? "core" : "cores"}`;

function Conditions({ results: { date, machine, generator, kind } }: { results: Results }) {
  const { memoryMiB, system, bun } = machine;
  const rows = {
    "Measured at": date,
    Kind: kinds[kind],
    Processor: processorOf(machine),
    Memory: `${formatNumber(memoryMiB)} MiB`,
    System: system,
    Bun: bun,
    "Load by": generator,
  };
  return (
    <dl>
      {Object.entries(rows).map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}

function Targets({ targets }: { targets: readonly TargetResult[] }) {
  const met = targets.filter((target) => target.met).length;
  return (
    <section aria-labelledby="targets">
      <h2 id="targets">Targets</h2>
      <p>
        {met} of {targets.length} are met.
      </p>
      <div class="scrolled">
        <table class="targets">
          <thead>
            <tr>
              <th scope="col">what</th>
              <th scope="col">target</th>
              <th scope="col">measured</th>
              <th scope="col">verdict</th>
            </tr>
          </thead>
          <tbody>
            {targets.map(({ name, target, measured, met: isMet }) => (
              <tr>
                <th scope="row">{name}</th>
                <td class="target">{target}</td>
                <td class="measured">{measured}</td>
                <td class={isMet ? "verdict met" : "verdict missed"}>{isMet ? "✓ met" : "✗ missed"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** A table's row of heads; all but the first are of numbers. */
function Head({ names }: { names: readonly string[] }) {
  return (
    <thead>
      <tr>
        {names.map((name, i) => (
          <th scope="col" class={i === 0 ? undefined : "number"}>
            {name}
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** Cells of numbers; those that were not measured have a dash. */
function Numbers({ values }: { values: readonly (number | undefined)[] }) {
  return (
    <>
      {values.map((value) => (
        <td class="number">{value === undefined || !Number.isFinite(value) ? "–" : formatNumber(value)}</td>
      ))}
    </>
  );
}

function Samples({ targets }: { targets: readonly TargetResult[] }) {
  return (
    <section aria-labelledby="samples">
      <h2 id="samples">Samples</h2>
      <p>
        What the targets were judged by. Median, least and most are of the runs; p50 and p99 of single
        requests, in milliseconds.
      </p>
      <section class="scrolled" aria-label="Samples, as a table" tabindex={0}>
        <table>
          <Head names={["sample", "runs", "median", "least", "most", "p50", "p99"]} />
          {targets.map(({ name, samples }) => (
            <tbody>
              <tr class="group">
                <th scope="rowgroup" colspan={7}>
                  {name}
                </th>
              </tr>
              {samples.map((sample) => (
                <SampleRow sample={sample} />
              ))}
            </tbody>
          ))}
        </table>
      </section>
    </section>
  );
}

function SampleRow({ sample: { name, unit, values, latency } }: { sample: Sample }) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return (
    <tr class="sample">
      <th scope="row">
        {name}, {unit}
      </th>
      <td class="number">{values.length}</td>
      <Numbers values={[median(values), least, most, latency?.p50, latency?.p99]} />
    </tr>
  );
}

function SeriesSection({ series }: { series: Series }) {
  const id = `series-${series.id}`;
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{series.title}</h2>
      <div class="pair">
        {[throughputChart(series), latencyChart(series)].map((chart) => (
          <figure>
            {raw(drawChart(chart))}
            <figcaption>{chart.description}</figcaption>
          </figure>
        ))}
      </div>
      <details>
        <summary>The numbers of these plots</summary>
        <SeriesTable series={series} />
      </details>
    </section>
  );
}

function SeriesTable({ series }: { series: Series }) {
  return (
    <section class="scrolled" aria-label={`${series.title}, as a table`} tabindex={0}>
      <table>
        <Head names={[series.axis, "requests a second", "least", "most", "p50, ms", "p99, ms", "bytes"]} />
        {measuredLines(series).map(({ name, points }) => (
          <tbody>
            <tr class="group">
              <th scope="rowgroup" colspan={7}>
                {name}
              </th>
            </tr>
            {points.map(({ x, throughput: { median: middle, least, most }, latency, bytes }) => (
              <tr class="sample">
                <th scope="row">{formatNumber(x)}</th>
                <Numbers values={[middle, least, most, latency.p50, latency.p99, bytes]} />
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </section>
  );
}
