/** What a plot shows, before it is drawn. */
export interface Chart {
  /** Names its file, and its parts in a page that holds several plots. */
  id: string;
  title: string;
  /** One or two sentences on what is to be seen. */
  description: string;
  /** The axis to the right. */
  sizes: { label: string; isLogarithmic: boolean };
  /** The axis upwards. */
  values: { label: string };
  /** None with no points. */
  lines: ChartLine[];
}

export interface ChartLine {
  name: string;
  /** Lines of one group have one colour and one marker; see `style.ts`. */
  group: number;
  /** `solid` with filled markers, or `dashed` with hollow ones. */
  stroke: "solid" | "dashed";
  /** In the order in which they are joined. */
  points: ChartPoint[];
}

export interface ChartPoint {
  x: number;
  y: number;
  /** Drawn as a whisker, from the least to the most. */
  range?: readonly [least: number, most: number];
}
