import { alternate } from "../alternate.ts";
import { median } from "../arithmetic.ts";
import type { Bench, Scenario } from "../bench.ts";
import { type Measurement, pointOf, sampleOf, throughputs, usualConnections } from "../load.ts";
import { sizesPlan } from "../plans.ts";
import type { SeriesPoint, TargetResult } from "../results.ts";
import { fetchAnswer, fetchQuestion, startYardstick } from "../servers.ts";
import { sizes } from "../sizes.ts";

/** From so many secrets up the price of a byte has to be the same. */
const base = 100;
/** How much dearer a byte may be. */
const most = 1.15;

interface Size {
  count: number;
  bytes: number;
  runs: Measurement[];
  ofYardstick: Measurement[];
}

/** Nanoseconds that each byte of a body takes: a second over the requests in it, over the bytes of one. */
function nanosecondsPerByte({ runs, bytes }: Size): number {
  return 1e9 / median(throughputs(runs)) / bytes;
}

async function measureSizes(bench: Bench): Promise<Size[]> {
  const fixture = await bench.fixture(sizesPlan(sizes));
  await using server = await bench.serve(fixture);
  const measured: Size[] = [];
  for (const count of bench.pick([0, 1, 10, 100, 500, 2000], [1, 100, 2000])) {
    const question = fetchQuestion(server, fixture.readers(String(count))[0] ?? "");
    const answer = await fetchAnswer(question);
    await using same = await startYardstick(answer);
    const load = { ...question, connections: usualConnections };
    // What no target is about is measured less often.
    const often = count < base ? 3 : 5;
    const { candidate, yardstick } = await alternate(
      bench,
      { yardstick: { load: { ...load, url: same.url } }, candidate: { load } },
      bench.pick({ count: often, seconds: 1 }, { count: 1, seconds: 1, isWarm: true }),
    );
    measured.push({ count, bytes: answer.bytes, runs: candidate.runs, ofYardstick: yardstick.runs });
  }
  return measured;
}

function judge(measured: readonly Size[]): TargetResult {
  const small = measured.find(({ count }) => count === base);
  if (!small) throw new Error(`no view of ${base} secrets was measured`);
  const larger = measured.filter(({ count }) => count >= base);
  const prices = larger.map((size) => `${size.count}: ${nanosecondsPerByte(size).toFixed(2)} ns`);
  const dearest = Math.max(...larger.map((size) => nanosecondsPerByte(size) / nanosecondsPerByte(small)));
  return {
    name: "0, 1, 10, 100, 500, 2,000 secrets",
    target: `time per byte flat from ${base} up: at most ${most} times that of ${base}`,
    measured: `${dearest.toFixed(2)} times at most (a byte of a view of ${prices.join(", ")})`,
    met: dearest <= most,
    samples: measured.flatMap(({ count, runs, ofYardstick }) => [
      sampleOf(`${count} secrets`, runs),
      sampleOf(`raw Bun.serve with the bytes of ${count} secrets`, ofYardstick),
    ]),
  };
}

const points = (measured: readonly Size[], of: "runs" | "ofYardstick"): SeriesPoint[] =>
  measured.map((size) => pointOf(size.count, size.bytes, size[of]));

/** How the answer's size matters. */
export const secretsScenario: Scenario = {
  name: "secrets",
  async run(bench) {
    const measured = await measureSizes(bench);
    return {
      targets: [judge(measured)],
      series: {
        ...{ id: "secrets", title: "Fetches by the number of secrets", axis: "secrets in the view" },
        logarithmic: true,
        lines: [
          { name: "secretsfly", points: points(measured, "runs") },
          { name: "raw Bun.serve", points: points(measured, "ofYardstick") },
        ],
      },
    };
  },
};
