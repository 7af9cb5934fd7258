import { median } from "./arithmetic.ts";
import type { Bench } from "./bench.ts";
import { type Load, latencyOf, type Measurement, pointOf, throughputs } from "./load.ts";
import type { Series, SeriesLine, SeriesPoint } from "./results.ts";
import { fetchAnswer, fetchQuestion } from "./servers.ts";

/**
 * Measures a deployment from outside, by fetches and by 304s over a few numbers of connections. What is between here and
 * there is in all of it, and no yardstick can be started beside it. Throws where it does not answer the token with 200.
 *
 * @param url - without a path
 */
export async function measureDeployment(bench: Bench, url: string, token: string): Promise<Series> {
  const question = fetchQuestion({ url }, token);
  const answer = await fetchAnswer(question);
  const conditional = {
    ...question,
    headers: { ...question.headers, "If-None-Match": answer.headers.etag ?? "" },
  };
  const [fetches, unchanged]: [SeriesPoint[], SeriesPoint[]] = [[], []];
  for (const connections of bench.pick([1, 4, 10, 40, 100], [1, 10])) {
    for (const [what, asked, bytes, points] of [
      ["fetch", question, answer.bytes, fetches],
      ["304", conditional, 0, unchanged],
    ] as const) {
      const runs = await repeat(bench, { ...asked, connections });
      points.push(pointOf(connections, bytes, runs));
      const { p50, p99 } = latencyOf(runs);
      bench.say(
        `  ${what.padEnd(5)} ${String(connections).padStart(3)} connections  ${median(throughputs(runs)).toFixed(0)} requests/s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
      );
    }
  }
  const lines: SeriesLine[] = [
    { name: "fetch", points: fetches },
    { name: "304", points: unchanged },
  ];
  const title = "Fetches from outside by the number of connections";
  return { id: "connections", title, axis: "connections", logarithmic: true, lines };
}

async function repeat(bench: Bench, load: Load) {
  const runs: Measurement[] = [];
  await bench.generator.measure(load, 1);
  for (let i = 0; i < bench.pick(5, 3); i++) runs.push(await bench.generator.measure(load, bench.pick(2, 1)));
  return runs;
}
