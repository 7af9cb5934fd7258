import { median } from "./arithmetic.ts";
import type { Results, Sample, Series, TargetResult } from "./results.ts";

const decimals = { "requests/s": 0, ms: 1, MiB: 0 };

/** A figure with the digits that its unit is worth. */
function figure(value: number, unit: Sample["unit"]): string {
  const text = value.toFixed(Math.abs(value) < 10 && unit === "ms" ? 2 : decimals[unit]);
  return text.replace(/\B(?=(\d{3})+(?!\d))/g, value < 1000 ? "" : ",");
}

/** A sample in one line: median, spread, and the latency of single requests where it was measured. */
function sampleLine({ name, unit, values, latency }: Sample): string {
  const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)].map((value) =>
    figure(value, unit),
  );
  const spread = values.length > 1 ? ` (${least}–${most})` : "";
  const times = latency ? `, p50 ${latency.p50.toFixed(2)} ms, p99 ${latency.p99.toFixed(2)} ms` : "";
  return `${name}: ${middle}${spread} ${unit}${times}, ${values.length} ${values.length === 1 ? "run" : "runs"}`;
}

const verdict = ({ met }: TargetResult) => (met ? "met" : "MISSED");

/** What stands on a terminal when all is measured. */
export function textTable({ targets, series, machine, generator, kind, commit }: Results): string {
  const lines = targets.flatMap((target) => [
    `${verdict(target).padEnd(6)}  ${target.name}`,
    `        target ${target.target}`,
    `        measured ${target.measured}`,
    ...target.samples.map((sample) => `          ${sampleLine(sample)}`),
  ]);
  const met = targets.filter((target) => target.met).length;
  return [
    "",
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryMiB} MiB, Bun ${machine.bun}, ${generator}, ${commit}, ${kind}`,
    "",
    ...lines,
    "",
    ...series.flatMap(seriesLines),
    ...(targets.length > 0 ? [`${met} of ${targets.length} targets met`, ""] : []),
  ].join("\n");
}

function seriesLines({ title, axis, lines }: Series): string[] {
  const rows = lines.flatMap(({ name, points }) =>
    points.map(({ x, throughput, latency, bytes }) => {
      const { median: middle, least, most } = throughput;
      const [a, b, c] = [middle, least, most].map((value) => figure(value, "requests/s"));
      return `  ${name.padEnd(16)} ${String(x).padStart(6)}  ${a} (${b}–${c}) requests/s, p50 ${latency.p50.toFixed(2)} ms, p99 ${latency.p99.toFixed(2)} ms, ${bytes} bytes`;
    }),
  );
  return [`${title}, by ${axis}`, ...rows, ""];
}

/** The table of targets in Markdown, as `bench/README.md` has it. */
export function markdownTable({ targets }: Results): string {
  const inCell = (text: string) => text.replaceAll("|", "\\|");
  const rows = targets.map(
    ({ name, target, measured, met }) =>
      `| ${inCell(name)} | ${inCell(target)} | ${inCell(measured)} | ${met ? "met" : "**missed**"} |`,
  );
  return ["| what | target | measured | |", "| --- | --- | --- | --- |", ...rows, ""].join("\n");
}
