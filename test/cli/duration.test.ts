import { expect, test } from "bun:test";
import { describeDuration, parseDuration } from "../../src/cli/duration.ts";

test.each([
  ["45s", 45_000],
  ["90m", 5_400_000],
  ["24h", 86_400_000],
  ["7d", 604_800_000],
  ["0d", undefined],
  ["7", undefined],
  ["1w", undefined],
  ["-1d", undefined],
  ["1.5h", undefined],
  ["", undefined],
])("%j is a duration of %p ms", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds as number);
});

test.each([
  [-1, "0 s"],
  [119_999, "119 s"],
  [120_000, "2 min"],
  [7_199_999, "119 min"],
  [7_200_000, "2 h"],
  [172_799_999, "47 h"],
  [172_800_000, "2 days"],
])("%d ms are %s", (milliseconds, words) => {
  expect(describeDuration(milliseconds)).toBe(words);
});
