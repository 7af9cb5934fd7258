import type { ChartLine } from "./chart.ts";

/** The markers of the groups, around 0 0: circle, triangle, diamond, square, and a triangle upside down. */
const markers = [
  "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
  "m0 -5l4.6 8.2h-9.2z",
  "m0 -5.2l5.2 5.2l-5.2 5.2l-5.2 -5.2z",
  "m-3.6 -3.6h7.2v7.2h-7.2z",
  "m0 5l4.6 -8.2h-9.2z",
];

/** What stands at each point of a line. */
export function Marker({ line, x, y }: { line: ChartLine; x: number; y: number }) {
  return <path class="marker" d={`M${x} ${y}${markers[line.group]}`} />;
}

/** The classes that give a line its colour and its stroke. */
export function classOf({ group, stroke }: ChartLine): string {
  return `group-${group} ${stroke}`;
}
