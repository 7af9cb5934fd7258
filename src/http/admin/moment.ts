/**
 * ISO 8601 → milliseconds since the epoch; NaN where it is none, and for a day that no calendar has: `Date.parse` takes
 * the 30th of February for the 2nd of March, and somebody would be shown another day than the one that they typed.
 */
export function parseMoment(text: string): number {
  const day = text.slice(0, 10);
  const start = Date.parse(day);
  const isDay = !Number.isNaN(start) && new Date(start).toISOString().startsWith(day);
  return isDay ? Date.parse(text) : Number.NaN;
}
