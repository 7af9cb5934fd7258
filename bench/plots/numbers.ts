const format = new Intl.NumberFormat("en", {
  maximumSignificantDigits: 3,
  maximumFractionDigits: 0,
  roundingPriority: "morePrecision",
});

/** A number for people: `27,134`, `14.2`, `0.142`. Whole from 100 up, three significant digits below. */
export function formatNumber(value: number): string {
  return format.format(value);
}
