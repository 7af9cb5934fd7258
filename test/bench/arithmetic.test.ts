import { expect, test } from "bun:test";
import { median, medianRatio, percentile } from "../../bench/arithmetic.ts";

test("the median is the value in the middle, or between the two in the middle", () => {
  expect(median([5])).toBe(5);
  expect(median([9, 1, 5])).toBe(5);
  expect(median([1, 9, 3, 5])).toBe(4);
  expect(median([])).toBeNaN();
});

test("a share of all is not above its percentile", () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(percentile(values, 0.5)).toBe(51);
  expect(percentile(values, 0.99)).toBe(100);
  expect(percentile([7], 0.99)).toBe(7);
  expect(percentile([], 0.5)).toBeNaN();
});

test("ratios are taken pair by pair, so that a slow minute of the machine does not count", () => {
  // The second pair was measured while something else had the processor.
  expect(medianRatio([50, 5, 52], [100, 10, 100])).toBe(0.5);
  expect(medianRatio([50, 60], [100])).toBe(0.5);
});
