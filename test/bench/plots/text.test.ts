import { expect, test } from "bun:test";
import fc from "fast-check";
import { median } from "../../../bench/arithmetic.ts";
import { formatNumber } from "../../../bench/plots/numbers.ts";
import { shorten, textWidth, wrap } from "../../../bench/plots/text.ts";

test("a number has three digits that say something, and all of those before the point", () => {
  const written = [0, 0.0123, 0.3, 1.2345, 14.25, 123.4, 27_134.6, 1_000_000].map(formatNumber);
  expect(written).toEqual(["0", "0.0123", "0.3", "1.23", "14.3", "123", "27,135", "1,000,000"]);
});

test("the median is the middle one, or halfway between two", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([10, 9, 1, 2])).toBe(5.5);
  expect(median([])).toBeNaN();
});

test("a wrapped text has all its words, in lines that fit", () => {
  const words = fc.array(fc.stringMatching(/^[a-zA-Z]{1,12}$/), { maxLength: 12 });
  fc.assert(
    fc.property(words, (parts) => {
      const lines = wrap(parts.join(" "), 10, 100);
      expect(lines.join(" ")).toBe(parts.join(" "));
      for (const line of lines) expect(textWidth(line, 10)).toBeLessThanOrEqual(100);
    }),
  );
});

test("a shortened text fits, and says that it was shortened", () => {
  expect(shorten("secretsfly", 10, 100)).toBe("secretsfly");
  const short = shorten("secretsfly, with a name that is too long", 10, 100);
  expect(short).toEndWith("…");
  expect(textWidth(short, 10)).toBeLessThanOrEqual(100);
  expect(wrap("x".repeat(100), 10, 100)).toEqual([shorten("x".repeat(100), 10, 100)]);
});
