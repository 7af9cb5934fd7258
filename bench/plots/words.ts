import type { Series, SeriesLine, SeriesPoint } from "../results.ts";
import { isYardstick, measuredLines } from "./lines.ts";
import { formatNumber } from "./numbers.ts";

const nothing = "Nothing was measured.";

/** What the plot of a series' throughput shows, in a sentence, and how to read it in another. */
export function throughputInWords(series: Series): string {
  const [ours, ...others] = measuredLines(series);
  if (!ours) return nothing;
  const [first, last] = [ours.points[0], ours.points.at(-1)].map((point) => point?.throughput.median ?? 0);
  const figures = `${fromTo(first, last)} requests a second`;
  const verb = ours.points.length > 1 ? "goes from" : "answers";
  const yardstick = others.find(isYardstick);
  const ratio = yardstick && ratioInWords(ours, yardstick);
  const sentence = `${where(series, ours)}, ${ours.name} ${verb} ${figures}${ratio ? `, ${ratio}` : ""}.`;
  return `${sentence} A point is the median of all runs; its whisker goes from the least to the most.`;
}

/** What the plot of a series' latency shows, in a sentence. */
export function latencyInWords(series: Series): string {
  const [ours] = measuredLines(series);
  if (!ours) return nothing;
  const [half, slow] = [spread(ours, ({ p50 }) => p50), spread(ours, ({ p99 }) => p99)];
  const answered = `${ours.name} answers half of the requests within ${half} ms and 99 of 100 within ${slow} ms`;
  return `${where(series, ours)}, ${answered}.`;
}

function where({ axis }: Series, { points }: SeriesLine): string {
  const [first, last] = [points[0]?.x ?? 0, points.at(-1)?.x ?? 0];
  return first === last ? `At ${formatNumber(first)} (${axis})` : `From ${fromTo(first, last)} (${axis})`;
}

/** `2 to 3`, or `2` where both are written the same. */
function fromTo(first = 0, last = 0): string {
  return [...new Set([first, last].map(formatNumber))].join(" to ");
}

function spread({ points }: SeriesLine, pick: (latency: SeriesPoint["latency"]) => number): string {
  const values = points.map(({ latency }) => pick(latency));
  return fromTo(Math.min(...values), Math.max(...values));
}

/** Throughput over a yardstick's, where both were measured; undefined for nowhere. */
function ratioInWords(ours: SeriesLine, yardstick: SeriesLine): string | undefined {
  const theirs = new Map(yardstick.points.map(({ x, throughput }) => [x, throughput.median]));
  const ratios = ours.points
    .map(({ x, throughput }) => throughput.median / (theirs.get(x) ?? Number.NaN))
    .filter(Number.isFinite);
  if (ratios.length === 0) return undefined;
  const ends = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2));
  return `${[...new Set(ends)].join(" to ")} of ${yardstick.name}`;
}
