import type { Child } from "hono/jsx";
import type { ChartLine } from "./chart.ts";
import { classOf, Marker } from "./marker.tsx";
import { lineHeight, textSize } from "./style.ts";
import { shorten, textWidth } from "./text.ts";

/** Of a line with its marker, and to where its name begins. */
const [sampleWidth, nameStart] = [34, 41];

/**
 * Where each line of a plot is named: in two columns where all names have the room, otherwise below each other.
 *
 * @param width what there is of it
 * @returns what is to be drawn, from 0 0, and how high that is
 */
export function layLegend(lines: readonly ChartLine[], width: number): { height: number; entries: Child } {
  const needed = Math.max(0, ...lines.map(({ name }) => nameStart + textWidth(name, textSize) + 12));
  const columns = lines.length > 1 && needed <= width / 2 ? 2 : 1;
  const columnWidth = width / columns;
  const entries = lines.map((line, i) => (
    <g
      class={classOf(line)}
      transform={`translate(${(i % columns) * columnWidth} ${Math.floor(i / columns) * lineHeight})`}
    >
      <path class="line" d={`M0 10H${sampleWidth}`} />
      <Marker line={line} x={sampleWidth / 2} y={10} />
      <text class="name" x={nameStart} y={15}>
        {shorten(line.name, textSize, columnWidth - nameStart)}
      </text>
    </g>
  ));
  return { height: Math.ceil(lines.length / columns) * lineHeight, entries };
}
