import { linearTicks, logarithmicTicks } from "./ticks.ts";

/** From what was measured to where it is drawn. */
export interface Scale {
  /** What is marked, in order. */
  ticks: readonly number[];
  /** Where a value is drawn. */
  at(value: number): number;
  /** Where the axis is interrupted, since it is logarithmic and has a zero beside that; undefined for nowhere. */
  gap: number | undefined;
}

/** Where something is drawn: from its first to its last coordinate, which may be the smaller one. */
type Range = readonly [from: number, to: number];

/** As much room as lies between a zero and the rest of a logarithmic axis. */
const zeroRoom = 48;

function scaleOf(
  [least, most]: readonly [number, number],
  [from, to]: Range,
  measure: (value: number) => number,
) {
  const [low, high] = [measure(least), measure(most)];
  // All in one place: in the middle of the range.
  if (low === high) return () => (from + to) / 2;
  return (value: number) => from + ((measure(value) - low) / (high - low)) * (to - from);
}

const same = (value: number) => value;

/**
 * The axis upwards. Logarithmic where the largest value is more than twenty times the smallest one, since otherwise
 * the small ones lie on the ground; from 0 in all other cases, so that heights can be compared.
 *
 * @param values what is to be drawn; finite and not negative. From 0 to 1 for none
 */
export function valueScale(values: readonly number[], range: Range): Scale & { isLogarithmic: boolean } {
  const [least, most] = values.length > 0 ? [Math.min(...values), Math.max(...values)] : [0, 1];
  const isLogarithmic = least > 0 && most > 20 * least;
  const ticks = isLogarithmic ? logarithmicTicks(least, most) : linearTicks(0, most);
  const ends = [ticks[0] ?? 0, ticks.at(-1) ?? 1] as const;
  return {
    isLogarithmic,
    ticks,
    gap: undefined,
    at: scaleOf(ends, range, isLogarithmic ? Math.log10 : same),
  };
}

/**
 * The axis to the right: from the smallest to the largest of what was measured, with a mark at each of them where their
 * labels have the room, otherwise at round numbers. A zero has no place on a logarithmic axis and gets one beside it.
 *
 * @param sizes what was measured; finite and not negative
 * @param widthOf how wide the label of a mark is drawn
 */
export function sizeScale(
  sizes: readonly number[],
  isLogarithmic: boolean,
  range: Range,
  widthOf: (tick: number) => number,
): Scale {
  const distinct = [...new Set(sizes)].sort((a, b) => a - b);
  const hasZero = isLogarithmic && distinct[0] === 0 && distinct.length > 1;
  const proper = hasZero ? distinct.slice(1) : distinct;
  const [from, to] = range;
  const start = hasZero ? from + zeroRoom : from;
  const ends = [proper[0] ?? 0, proper.at(-1) ?? 0] as const;
  // A zero that is alone needs no logarithm.
  const isProperlyLogarithmic = isLogarithmic && ends[0] > 0;
  const proportional = scaleOf(ends, [start, to], isProperlyLogarithmic ? Math.log10 : same);
  const at = (value: number) => (hasZero && value === 0 ? from : proportional(value));
  const gap = hasZero ? from + zeroRoom / 2 : undefined;
  if (haveRoom(distinct, at, widthOf)) return { ticks: distinct, at, gap };
  const round = isProperlyLogarithmic ? logarithmicTicks(...ends) : linearTicks(...ends);
  const inside = round.filter((tick) => tick >= ends[0] && tick <= ends[1]);
  // Between two close sizes there may be no round number: then they themselves are marked.
  const marked = inside.length > 1 ? inside : [...new Set(ends)];
  return { ticks: hasZero ? [0, ...marked] : marked, at, gap };
}

/** Whether labels in these places stay clear of each other. */
function haveRoom(
  ticks: readonly number[],
  at: (value: number) => number,
  widthOf: (tick: number) => number,
): boolean {
  return ticks.every((tick, i) => {
    const next = ticks[i + 1];
    if (next === undefined) return true;
    const needed = (widthOf(tick) + widthOf(next)) / 2;
    return at(next) - at(tick) >= needed + 6;
  });
}
