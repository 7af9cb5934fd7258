import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { linearTicks, logarithmicTicks } from "../../../bench/plots/ticks.ts";

/** Two numbers in order, between these; no smaller ones than any clock or counter could have found. */
const span = (min: number, max: number) =>
  fc
    .tuple(fc.double({ min, max, noNaN: true }), fc.double({ min, max, noNaN: true }))
    .map((ends) => ends.map((end) => (Math.abs(end) < 1e-9 ? 0 : end)) as [number, number])
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

/** A little more than a double is off after some arithmetic. */
const close = 1e-9;

function isRound(value: number): boolean {
  const mantissa = Number(value.toExponential().split("e")[0]);
  return [1, 2, 5].includes(mantissa);
}

function expectOrdered(ticks: readonly number[]): void {
  expect(ticks).toEqual([...new Set(ticks)].sort((a, b) => a - b));
}

describe("linear ticks", () => {
  test("are where people expect them", () => {
    expect(linearTicks(0, 52_000)).toEqual([0, 20_000, 40_000, 60_000]);
    expect(linearTicks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearTicks(0, 0.3)).toEqual([0, 0.1, 0.2, 0.3]);
    expect(linearTicks(1, 10)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(linearTicks(0, 0)).toEqual([0, 0.2]);
  });

  test("enclose what is drawn, in equal round steps, and are few", () => {
    fc.assert(
      fc.property(span(0, 1e6), fc.integer({ min: 2, max: 12 }), ([least, most], count) => {
        fc.pre(most === least || most - least > most * 1e-6);
        const ticks = linearTicks(least, most, count);
        const [first = Number.NaN, second = Number.NaN, last = Number.NaN] = [
          ticks[0],
          ticks[1],
          ticks.at(-1),
        ];
        const slack = close * Math.max(most, 1e-300);
        expectOrdered(ticks);
        expect(first).toBeLessThanOrEqual(least + slack);
        expect(last).toBeGreaterThanOrEqual(most - slack);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(count + 3);
        for (const [i, tick] of ticks.entries())
          expect(Math.abs(tick - (first + i * (second - first)))).toBeLessThanOrEqual(slack + close * last);
      }),
    );
  });
});

describe("logarithmic ticks", () => {
  test("are where people expect them", () => {
    expect(logarithmicTicks(2219, 61_234)).toEqual([2000, 5000, 10_000, 20_000, 50_000, 100_000]);
    expect(logarithmicTicks(0.12, 1002)).toEqual([0.1, 1, 10, 100, 1000, 10_000]);
    expect(logarithmicTicks(1, 1)).toEqual([1, 2]);
    expect(logarithmicTicks(1e-9, 1e12, 6)).toEqual([1e-9, 1e-5, 0.1, 1000, 1e7, 1e11, 1e15]);
  });

  test("enclose what is drawn, are round, and few", () => {
    fc.assert(
      fc.property(span(-12, 12), fc.integer({ min: 3, max: 12 }), ([low, high], count) => {
        const [least, most] = [10 ** low, 10 ** high];
        const ticks = logarithmicTicks(least, most, count);
        expectOrdered(ticks);
        expect(ticks.every(isRound)).toBe(true);
        expect(ticks[0]).toBeLessThanOrEqual(least);
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(most);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(count + 1);
      }),
    );
  });

  test("of a round number begin and end with it", () => {
    for (let power = -12; power <= 12; power++) {
      const tick = Number(`1e${power}`);
      expect(logarithmicTicks(tick, tick * 1000)[0]).toBe(tick);
      expect(logarithmicTicks(tick, tick)[0]).toBe(tick);
    }
  });
});
