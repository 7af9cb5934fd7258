import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import type { Chart, ChartLine, ChartPoint } from "./chart.ts";
import { layLegend } from "./legend.tsx";
import { classOf, Marker } from "./marker.tsx";
import { formatNumber } from "./numbers.ts";
import { type Scale, sizeScale, valueScale } from "./scale.ts";
import { lineHeight, plotStyle, textSize, titleSize } from "./style.ts";
import { shorten, textWidth, wrap } from "./text.ts";

/** A plot is this wide in its own unit; how wide it is shown is for others to say. */
const width = 480;
const margin = 14;
const inner = width - 2 * margin;
const titleHeight = 22;
/** Between the axes. */
const plotHeight = 210;

/** The corners of what is between the axes. */
interface Area {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Coordinates need no more than a tenth of a unit. */
const round = (value: number) => Number(value.toFixed(1));
const labelWidth = (tick: number) => textWidth(formatNumber(tick), textSize);

/** Draws a plot as an SVG document, which may also stand in an HTML page as it is. */
export function drawChart(chart: Chart): string {
  // Its letters are bold, which are wider.
  const title = wrap(chart.title, 1.12 * titleSize, inner);
  const legend = layLegend(chart.lines, inner);
  const legendTop = margin + title.length * titleHeight + 6;
  const unitTop = legendTop + legend.height + 6;
  const { area, vertical, horizontal } = layAxes(chart, unitTop + lineHeight + 12);
  const height = round(area.bottom + 2 * lineHeight + margin + 4);
  const { label } = chart.values;
  const drawing = (
    <Frame chart={chart} height={height}>
      {title.map((line, i) => (
        <text class="title" x={margin} y={margin + titleSize - 3 + i * titleHeight}>
          {line}
        </text>
      ))}
      <g transform={`translate(${margin} ${legendTop})`}>{legend.entries}</g>
      <text x={margin} y={unitTop + textSize}>
        {vertical.isLogarithmic ? `${label}, logarithmic` : label}
      </text>
      {chart.lines.length > 0 ? <Axes {...{ area, vertical, horizontal }} /> : <Nothing area={area} />}
      <text x={round((area.left + area.right) / 2)} y={height - margin + 2} text-anchor="middle">
        {shorten(chart.sizes.label, textSize, area.right - area.left)}
      </text>
      {chart.lines.map((line) => (
        <Line {...{ line, vertical, horizontal }} />
      ))}
    </Frame>
  );
  return String(drawing);
}

/** The axes below `top`: as far from the left as their labels need. */
function layAxes({ lines, sizes }: Chart, top: number) {
  const points = lines.flatMap((line) => line.points);
  const bottom = top + plotHeight;
  const vertical = valueScale(
    points.flatMap(({ y, range = [] }) => [y, ...range]),
    [bottom, top],
  );
  const left = round(margin + Math.max(...vertical.ticks.map(labelWidth)) + 8);
  const right = width - margin - 10;
  const places = points.map(({ x }) => x);
  const horizontal = sizeScale(places, sizes.isLogarithmic, [left + 10, right], labelWidth);
  return { area: { left, right, top, bottom }, vertical, horizontal };
}

function Frame({ chart, height, children }: { chart: Chart; height: number; children: Child }) {
  const [title, description] = [`${chart.id}-title`, `${chart.id}-description`];
  return (
    <svg
      xmlns="http://www.w3.org/2000/svg"
      class="plot"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-labelledby={`${title} ${description}`}
    >
      <title id={title}>{chart.title}</title>
      <desc id={description}>{chart.description}</desc>
      <style>{raw(plotStyle)}</style>
      <rect class="ground" width={width} height={height} rx={8} />
      {children}
    </svg>
  );
}

function Nothing({ area: { left, right, top, bottom } }: { area: Area }) {
  return (
    <text x={round((left + right) / 2)} y={round((top + bottom) / 2)} text-anchor="middle">
      Nothing was measured.
    </text>
  );
}

function Axes({ area, vertical, horizontal }: { area: Area; vertical: Scale; horizontal: Scale }) {
  const { left, right, bottom } = area;
  return (
    <>
      {vertical.ticks.map((tick) => {
        const y = round(vertical.at(tick));
        return (
          <>
            <path class="grid" d={`M${left} ${y}H${right}`} />
            <text x={left - 8} y={y + 5} text-anchor="end">
              {formatNumber(tick)}
            </text>
          </>
        );
      })}
      <path class="axis" d={`M${left} ${bottom}H${right}`} />
      {horizontal.ticks.map((tick) => {
        const x = round(horizontal.at(tick));
        return (
          <>
            <path class="axis" d={`M${x} ${bottom}v5`} />
            <text x={x} y={bottom + 20} text-anchor="middle">
              {formatNumber(tick)}
            </text>
          </>
        );
      })}
      {horizontal.gap === undefined ? null : <Break x={round(horizontal.gap)} y={bottom} />}
    </>
  );
}

/** Two strokes across the axis where it is interrupted. */
function Break({ x, y }: { x: number; y: number }) {
  return (
    <>
      <path class="break" d={`M${x - 5} ${y + 5}l6 -10h6l-6 10z`} />
      <path class="axis" d={`M${x - 5} ${y + 5}l6 -10M${x + 1} ${y + 5}l6 -10`} />
    </>
  );
}

function Line({ line, horizontal, vertical }: { line: ChartLine; horizontal: Scale; vertical: Scale }) {
  const place = ({ x, y }: ChartPoint) => [round(horizontal.at(x)), round(vertical.at(y))] as const;
  const path = line.points.map((point) => place(point).join(" ")).join("L");
  return (
    <g class={classOf(line)}>
      {line.points.map(({ x, range }) => {
        if (!range) return null;
        const [at, low, high] = [round(horizontal.at(x)), ...range.map((value) => round(vertical.at(value)))];
        return <path class="whisker" d={`M${at} ${low}V${high}M${at - 4} ${low}h8M${at - 4} ${high}h8`} />;
      })}
      <path class="line" d={`M${path}`} />
      {line.points.map((point) => {
        const [x, y] = place(point);
        return <Marker line={line} x={x} y={y} />;
      })}
    </g>
  );
}
