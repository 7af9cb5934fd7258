/**
 * Where an axis is marked: at 1, 2 or 5 times a power of ten, which is what people read most easily.
 * The first and the last mark enclose what is drawn, so they are the axis' ends, too.
 */

/** Without the dust of binary fractions: 3 × 0.1 is 0.3. */
const clean = (value: number) => Number(value.toPrecision(12));

/** The `i`th of all numbers that are 1, 2 or 5 times a power of ten; the zeroth is 1. */
function roundNumber(i: number): number {
  const [power, mantissa] = [Math.floor(i / 3), [1, 2, 5][((i % 3) + 3) % 3] ?? 1];
  // Parsed, since a power of ten with a negative exponent is off by a little where it is computed.
  return Number(`${mantissa}e${power}`);
}

/** The index of the largest round number that is not above a positive value. */
function indexBelow(value: number): number {
  let i = Math.floor(Math.log10(value)) * 3 - 1;
  while (roundNumber(i + 1) <= value) i += 1;
  return i;
}

/** The index of the smallest round number that is not below a positive value. */
function indexAbove(value: number): number {
  const below = indexBelow(value);
  return roundNumber(below) === value ? below : below + 1;
}

/**
 * Marks in equal steps.
 *
 * @param least what they begin at or before; finite
 * @param most what they end at or behind; finite, and not below `least`
 * @param count about as many steps as are wanted; there are at most two more, and at least one
 */
export function linearTicks(least: number, most: number, count = 5): number[] {
  const span = most - least || Math.abs(most) || 1;
  const step = roundNumber(indexAbove(span / count));
  const first = Math.floor(clean(least / step));
  const last = Math.max(Math.ceil(clean(most / step)), first + 1);
  return Array.from({ length: last - first + 1 }, (_, i) => clean((first + i) * step));
}

/**
 * Marks of an axis on which each power of ten takes the same room: 1, 2 and 5 of each where that are few, otherwise
 * the powers alone, or every second, third … of them.
 *
 * @param least what they begin at or before; above 0
 * @param most what they end at or behind; not below `least`
 * @param count more steps than these there are not, except that there is at least one
 */
export function logarithmicTicks(least: number, most: number, count = 9): number[] {
  const [first, last] = [indexBelow(least), indexAbove(most)];
  const steps = Math.max(last - first, 1);
  if (steps <= count) return Array.from({ length: steps + 1 }, (_, i) => roundNumber(first + i));
  const [low, high] = [Math.floor(first / 3), Math.ceil(last / 3)];
  const stride = Math.ceil((high - low) / count);
  const length = Math.ceil((high - low) / stride) + 1;
  return Array.from({ length }, (_, i) => roundNumber(3 * (low + i * stride)));
}
