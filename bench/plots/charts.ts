import type { Series } from "../results.ts";
import type { Chart, ChartLine } from "./chart.ts";
import { isYardstick, measuredLines } from "./lines.ts";
import { groupOf } from "./style.ts";
import { latencyInWords, throughputInWords } from "./words.ts";

/** Requests a second against the size, with whiskers from the least to the most of all runs. */
export function throughputChart(series: Series): Chart {
  const lines = groupedLines(series).map(({ name, points, group }): ChartLine => {
    const drawn = points.map(({ x, throughput: { median, least, most } }) => ({
      x,
      y: median,
      range: [least, most] as const,
    }));
    return { name, group, stroke: "solid", points: drawn };
  });
  return {
    id: `${series.id}-throughput`,
    title: `${series.title}: throughput`,
    description: throughputInWords(series),
    sizes: sizesOf(series),
    values: { label: "requests a second" },
    lines,
  };
}

/** Milliseconds against the size: what half of the requests take at most, and what 99 of 100 do. */
export function latencyChart(series: Series): Chart {
  const lines = groupedLines(series).flatMap(({ name, points, group }) =>
    (["p50", "p99"] as const).map((which): ChartLine => {
      const drawn = points.map(({ x, latency }) => ({ x, y: latency[which] }));
      return {
        name: `${which}, ${name}`,
        group,
        stroke: which === "p50" ? "solid" : "dashed",
        points: drawn,
      };
    }),
  );
  return {
    id: `${series.id}-latency`,
    title: `${series.title}: latency`,
    description: latencyInWords(series),
    sizes: sizesOf(series),
    values: { label: "milliseconds" },
    lines,
  };
}

/** The lines with their groups, so that secretsfly and the yardstick look the same in all plots. */
function groupedLines(series: Series) {
  const lines = measuredLines(series);
  const ours = lines.filter((line) => !isYardstick(line)).length;
  return lines.map((line, i) => ({ ...line, group: groupOf(i < ours ? i : i - ours, i >= ours) }));
}

function sizesOf({ axis, logarithmic }: Series): Chart["sizes"] {
  return { label: logarithmic ? `${axis}, logarithmic` : axis, isLogarithmic: logarithmic };
}
