import type { Series, SeriesLine, SeriesPoint } from "../results.ts";

/**
 * The lines of a series that have points, secretsfly's own before any yardstick's. Their points are in the order of the
 * axis; those with something that is no number are left out.
 */
export function measuredLines({ lines }: Series): SeriesLine[] {
  const measured = lines
    .map(({ name, points }) => ({ name, points: points.filter(isMeasured).sort((a, b) => a.x - b.x) }))
    .filter(({ points }) => points.length > 0);
  return [...measured.filter((line) => !isYardstick(line)), ...measured.filter(isYardstick)];
}

function isMeasured({ x, throughput, latency }: SeriesPoint): boolean {
  const { median, least, most } = throughput;
  // JSON has null in the place of a NaN.
  return [x, median, least, most, latency.p50, latency.p99].every(Number.isFinite);
}

/** Whether a line is of what secretsfly is compared with, such as `raw Bun.serve`. */
export function isYardstick({ name }: Pick<SeriesLine, "name">): boolean {
  return /^(?:raw|bare)\b/i.test(name);
}
