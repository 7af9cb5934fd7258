import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { sizeScale, valueScale } from "../../../bench/plots/scale.ts";

/** No smaller ones than any clock or counter could have found. */
const value = fc.double({ min: 0, max: 1e6, noNaN: true }).map((drawn) => (drawn < 1e-9 ? 0 : drawn));
const values = fc.array(value, { minLength: 1, maxLength: 20 });
const sizes = fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 20 });

describe("the axis upwards", () => {
  test("draws every value between its ends, and a larger one never lower", () => {
    fc.assert(
      fc.property(values, (drawn) => {
        const scale = valueScale(drawn, [300, 100]);
        const places = drawn.toSorted((a, b) => a - b).map(scale.at);
        for (const place of places) {
          expect(place).toBeGreaterThanOrEqual(100 - 1e-6);
          expect(place).toBeLessThanOrEqual(300 + 1e-6);
        }
        for (const [i, place] of places.entries())
          expect(place).toBeLessThanOrEqual((places[i - 1] ?? 300) + 1e-6);
        expect(scale.at(scale.ticks[0] ?? 0)).toBeCloseTo(300);
        expect(scale.at(scale.ticks.at(-1) ?? 0)).toBeCloseTo(100);
      }),
    );
  });

  test("begins at 0 unless the smallest value would lie on the ground", () => {
    expect(valueScale([24_000, 28_000], [1, 0])).toMatchObject({ isLogarithmic: false });
    expect(valueScale([24_000, 28_000], [1, 0]).ticks[0]).toBe(0);
    expect(valueScale([2000, 60_000], [1, 0])).toMatchObject({ isLogarithmic: true });
    expect(valueScale([0, 60_000], [1, 0])).toMatchObject({ isLogarithmic: false });
    expect(valueScale([], [1, 0]).ticks[0]).toBe(0);
  });
});

describe("the axis to the right", () => {
  const narrow = () => 10;

  test("draws every size between its ends, in order, and larger ones further on", () => {
    fc.assert(
      fc.property(sizes, fc.boolean(), (drawn, isLogarithmic) => {
        const scale = sizeScale(drawn, isLogarithmic, [50, 450], narrow);
        const places = [...new Set(drawn)].sort((a, b) => a - b).map(scale.at);
        for (const [i, place] of places.entries()) {
          expect(place).toBeGreaterThanOrEqual(50 - 1e-6);
          expect(place).toBeLessThanOrEqual(450 + 1e-6);
          if (i > 0) expect(place).toBeGreaterThan(places[i - 1] ?? Number.NaN);
        }
      }),
    );
  });

  test("never lets two labels touch where it marks what was measured", () => {
    const scale = sizeScale([1, 4, 10, 40, 100, 400], true, [50, 450], narrow);
    expect(scale.ticks).toEqual([1, 4, 10, 40, 100, 400]);
    const crowded = sizeScale([1, 4, 10, 40, 41, 100, 400], true, [50, 450], narrow);
    expect(crowded.ticks).toEqual([1, 2, 5, 10, 20, 50, 100, 200]);
    expect(sizeScale([1001, 1002, 1003], true, [0, 20], narrow).ticks).toEqual([1001, 1003]);
  });

  test("has a place for zero beside a logarithm, and says where it is interrupted", () => {
    const scale = sizeScale([0, 1, 10, 100], true, [50, 450], narrow);
    expect(scale.at(0)).toBe(50);
    expect(scale.at(1)).toBeGreaterThan(60);
    expect(scale.gap).toBeGreaterThan(50);
    expect(scale.gap).toBeLessThan(scale.at(1));
    expect(sizeScale([1, 10], true, [50, 450], narrow).gap).toBeUndefined();
    expect(sizeScale([0, 10], false, [50, 450], narrow).gap).toBeUndefined();
  });

  test("draws a single size in the middle", () => {
    for (const only of [0, 5]) {
      const scale = sizeScale([only], true, [50, 450], narrow);
      expect([scale.at(only), scale.ticks]).toEqual([250, [only]]);
    }
  });
});
