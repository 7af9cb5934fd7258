import { describe, expect, test } from "bun:test";
import { latencyChart, throughputChart } from "../../../bench/plots/charts.ts";
import { drawChart } from "../../../bench/plots/draw.tsx";
import type { Results, Series } from "../../../bench/results.ts";
import { harsh, realistic } from "./results-examples.ts";
import { elementsOf, parseXml, textOf } from "./xml.ts";

const chartsOf = ({ series }: Results) => series.flatMap((one) => [throughputChart(one), latencyChart(one)]);

function seriesOf(results: Results, id: Series["id"]): Series {
  const found = results.series.find((one) => one.id === id);
  if (!found) throw new Error(`no series ${id}`);
  return found;
}

const classed = (svg: string, name: string) =>
  elementsOf(parseXml(svg), "path").filter((path) => path.attributes.get("class") === name);

describe("a plot", () => {
  test("is well-formed, and holds no coordinate that is none", () => {
    for (const chart of [...chartsOf(realistic), ...chartsOf(harsh)]) {
      const svg = drawChart(chart);
      expect(parseXml(svg).attributes.get("xmlns")).toBe("http://www.w3.org/2000/svg");
      expect(svg).not.toMatch(/NaN|Infinity|undefined|\[object/);
    }
  });

  test("says to those who do not see it what it shows", () => {
    for (const chart of [...chartsOf(realistic), ...chartsOf(harsh)]) {
      const svg = parseXml(drawChart(chart));
      const labels = svg.attributes.get("aria-labelledby")?.split(" ") ?? [];
      const [title, description] = ["title", "desc"].map((name) => elementsOf(svg, name)[0]);
      expect([title, description].map((element) => element?.attributes.get("id"))).toEqual(labels);
      expect(title && textOf(title)).toBe(chart.title);
      expect(description && textOf(description)).toBe(chart.description);
      expect(svg.attributes.get("role")).toBe("img");
    }
  });

  test("has a marker for each point and one for each line in the legend, and a whisker for each throughput", () => {
    const connections = seriesOf(realistic, "connections");
    const throughput = drawChart(throughputChart(connections));
    expect(classed(throughput, "marker")).toHaveLength(3 * 6 + 3);
    expect(classed(throughput, "whisker")).toHaveLength(3 * 6);
    const latency = drawChart(latencyChart(connections));
    expect(classed(latency, "marker")).toHaveLength(2 * 3 * 6 + 6);
    expect(classed(latency, "whisker")).toHaveLength(0);
  });

  test("tells its lines apart by more than colour", () => {
    const { lines } = latencyChart(seriesOf(realistic, "connections"));
    const looks = lines.map(({ group, stroke }) => `${group} ${stroke}`);
    expect(new Set(looks).size).toBe(lines.length);
    const markers = classed(drawChart(throughputChart(seriesOf(realistic, "connections"))), "marker");
    const shapes = markers.slice(0, 3).map((path) => path.attributes.get("d")?.split("m")[1]);
    expect(new Set(shapes).size).toBe(3);
  });

  test("gives secretsfly and the yardstick the same look in every plot", () => {
    for (const chart of chartsOf(realistic)) {
      for (const { name, group } of chart.lines) {
        if (/secretsfly$/.test(name)) expect(group).toBe(0);
        if (/raw Bun\.serve$/.test(name)) expect(group).toBe(3);
      }
    }
  });

  test("of nothing says so", () => {
    const svg = parseXml(drawChart(throughputChart(seriesOf(harsh, "projects"))));
    expect(elementsOf(svg, "text").map(textOf)).toContain("Nothing was measured.");
  });

  test("leaves out what was not measured", () => {
    const names = throughputChart(seriesOf(harsh, "connections")).lines.map(({ name }) => name);
    expect(names).toEqual(["secretsfly <&>", expect.stringContaining("raw Bun.serve")]);
  });
});

describe("the sentence under a plot", () => {
  const sentences = (results: Results, id: Series["id"]) => {
    const series = seriesOf(results, id);
    return [throughputChart(series), latencyChart(series)].map(({ description }) => description);
  };

  test("says from what to what it goes, and what that is of the yardstick", () => {
    expect(sentences(realistic, "secrets")).toEqual([
      "From 0 to 2,000 (secrets in the view), secretsfly goes from 33,910 to 2,219 requests a second, 0.44 to 0.55 of raw Bun.serve. A point is the median of all runs; its whisker goes from the least to the most.",
      "From 0 to 2,000 (secrets in the view), secretsfly answers half of the requests within 0.28 to 4.42 ms and 99 of 100 within 0.92 to 9.7 ms.",
    ]);
  });

  test("compares lines of secretsfly with a yardstick, and never with each other", () => {
    const { lines, ...series } = seriesOf(realistic, "connections");
    const own = lines.filter(({ name }) => name !== "raw Bun.serve");
    const renamed = own.map((line, i) => ({ ...line, name: ["fetch", "304"][i] ?? "" }));
    const { description } = throughputChart({ ...series, lines: renamed });
    expect(description).toStartWith(
      "From 1 to 400 (connections), fetch goes from 11,207 to 27,125 requests a second. A point",
    );
  });

  test("of a single point names that alone", () => {
    expect(sentences(harsh, "depth")).toEqual([
      "At 5 (depth of the project in its tree), secretsfly answers 27,812 requests a second. A point is the median of all runs; its whisker goes from the least to the most.",
      "At 5 (depth of the project in its tree), secretsfly answers half of the requests within 0.33 ms and 99 of 100 within 1.1 ms.",
    ]);
  });
});
