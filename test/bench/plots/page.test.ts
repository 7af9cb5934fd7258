import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "../../../bench/arithmetic.ts";
import { formatNumber } from "../../../bench/plots/numbers.ts";
import { writePage } from "../../../bench/plots/page.ts";
import { renderReport } from "../../../bench/plots/report.tsx";
import { harsh, realistic } from "./results-examples.ts";
import { parseXml, plain } from "./xml.ts";

/** What a reader of a page sees in its cells, heads and lists. */
function textsOf(html: string): string[] {
  const texts: string[] = [];
  let text = "";
  new HTMLRewriter()
    .on("td, th, dd, figcaption, li", {
      element(element) {
        text = "";
        element.onEndTag(() => {
          texts.push(plain(text));
        });
      },
      text(chunk) {
        text += chunk.text;
      },
    })
    .transform(html);
  return texts;
}

describe("the page of results", () => {
  test("holds every number that was measured", () => {
    const texts = textsOf(renderReport(realistic));
    const ofTargets = realistic.targets.flatMap(({ samples }) =>
      samples.flatMap(({ values, latency }) => {
        const ofRuns = [median(values), Math.min(...values), Math.max(...values)];
        return latency ? [...ofRuns, latency.p50, latency.p99] : ofRuns;
      }),
    );
    const ofSeries = realistic.series.flatMap(({ lines }) =>
      lines.flatMap(({ points }) =>
        points.flatMap(({ x, throughput, latency, bytes }) => [
          ...[x, throughput.median, throughput.least, throughput.most, latency.p50, latency.p99, bytes],
        ]),
      ),
    );
    const missing = [...ofTargets, ...ofSeries].map(formatNumber).filter((number) => !texts.includes(number));
    expect(missing).toEqual([]);
  });

  test("says of each target what it was to be, what it was, and whether that is met", () => {
    const texts = textsOf(renderReport(realistic));
    for (const { name, target, measured } of realistic.targets)
      expect(texts).toEqual(expect.arrayContaining([name, target, measured]));
    expect(texts.filter((text) => /^. (met|missed)$/u.test(text))).toEqual(["✓ met", "✗ missed", "✓ met"]);
    expect(renderReport(realistic)).toContain("2 of 3 are met.");
  });

  test("says on what machine it was measured, when, how and by what", () => {
    const texts = textsOf(renderReport(realistic));
    const { processor, system, bun } = realistic.machine;
    const conditions = [
      `${processor}, 2 cores`,
      "7,938 MiB",
      system,
      bun,
      realistic.generator,
      realistic.date,
    ];
    expect(texts).toEqual(expect.arrayContaining(conditions));
    expect(textsOf(renderReport(harsh))).toContain(
      "quick: fewer and shorter samples, so the figures scatter more",
    );
  });

  test("shows every text as text", () => {
    const html = renderReport(harsh);
    expect(html).not.toContain("<script");
    expect(html).not.toContain("<b>");
    expect(html).not.toContain("<i>");
    expect(html).not.toContain("<of each");
    expect(textsOf(html)).toEqual(expect.arrayContaining(["<b>&amp;", '"quoted"', "]]>", "<i>, ms"]));
  });

  test("of a deployment, for which there are no targets, has only what there is", () => {
    const html = renderReport({ ...realistic, targets: [] });
    expect(html).not.toContain("Targets");
    expect(html).not.toContain("Samples");
    expect(html).toContain("<svg");
  });

  test("needs no other file", () => {
    const html = renderReport(realistic);
    expect(html).not.toMatch(/\b(?:src|href)=|url\(|@import/);
    const ids = [...html.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("writing it", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "secretsfly-bench-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("makes a folder with the page, and beside it each plot as a file", async () => {
    const paths = await writePage(realistic, folder);
    const own = join(folder, "2026-11-27-7ad99c8");
    const plots = ["secrets", "projects", "depth", "connections"].flatMap((id) => [
      `${id}-throughput.svg`,
      `${id}-latency.svg`,
    ]);
    expect(paths).toEqual(["index.html", ...plots].map((name) => join(own, name)));
    expect(readdirSync(own).sort()).toEqual(["index.html", ...plots].sort());
    const page = readFileSync(join(own, "index.html"), "utf8");
    for (const name of plots) {
      const svg = readFileSync(join(own, name), "utf8");
      parseXml(svg);
      expect(page).toContain(svg.trim());
    }
  });

  test("is refused where date or commit would lead elsewhere", async () => {
    for (const wrong of [{ commit: "../up" }, { commit: "" }, { date: "../../etc/passwd" }])
      expect(writePage({ ...realistic, ...wrong }, folder)).rejects.toThrow(RangeError);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("can be done anew from the file that a run has written", async () => {
    const file = join(folder, "results.json");
    writeFileSync(file, JSON.stringify(harsh));
    const script = join(import.meta.dir, "../../../bench/plots/page.ts");
    const child = Bun.spawn({ cmd: [process.execPath, script, file], stdout: "pipe", stderr: "inherit" });
    const told = (await new Response(child.stdout).text()).trim().split("\n");
    expect(await child.exited).toBe(0);
    expect(told[0]).toBe(join(folder, "2026-11-27-0000000+", "index.html"));
    // JSON has no NaN: the point that was none is left out all the same.
    expect(readFileSync(told[0] ?? "", "utf8")).toBe(renderReport(harsh));
  });
});
