/** The value that a share of all is not above: of times that took long, what the others did not. */
export function percentile(times: readonly number[], share: number): number {
  const sorted = Float64Array.from(times).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** How much values at equal distances grow from the first to the last: by the line that fits them best. */
export function growth(values: readonly number[]): number {
  const last = values.length - 1;
  const [meanAt, mean] = [last / 2, values.reduce((sum, value) => sum + value, 0) / values.length];
  let [above, below] = [0, 0];
  for (const [at, value] of values.entries()) {
    above += (at - meanAt) * (value - mean);
    below += (at - meanAt) ** 2;
  }
  return below === 0 ? 0 : (above / below) * last;
}
