/** The middle of some values; of an even number of them, the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [below, above] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((below ?? Number.NaN) + (above ?? Number.NaN)) / 2;
}

/** The value that a share of all, from 0 to 1, is not above. NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/**
 * The median of the ratios pair by pair: what disturbs the machine for some seconds disturbs both of a pair. Pairs
 * are made as far as both go.
 */
export function medianRatio(of: readonly number[], over: readonly number[]): number {
  return median(of.slice(0, over.length).map((value, i) => value / (over[i] ?? Number.NaN)));
}
