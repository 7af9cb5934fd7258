import { alternate } from "../alternate.ts";
import type { Scenario } from "../bench.ts";
import { pointOf } from "../load.ts";
import { sizesPlan, usualSecrets } from "../plans.ts";
import type { SeriesPoint } from "../results.ts";
import { fetchAnswer, fetchQuestion, startYardstick } from "../servers.ts";
import { sizes } from "../sizes.ts";

/** How the number of connections matters, beside a raw server with the same bytes. There is no target. */
export const connectionsScenario: Scenario = {
  name: "connections",
  async run(bench) {
    const fixture = await bench.fixture(sizesPlan(sizes));
    await using server = await bench.serve(fixture);
    const question = fetchQuestion(server, fixture.readers(String(usualSecrets))[0] ?? "");
    const answer = await fetchAnswer(question);
    await using same = await startYardstick(answer);
    const [ours, raw]: [SeriesPoint[], SeriesPoint[]] = [[], []];
    for (const connections of bench.pick([1, 4, 10, 40, 100, 400], [1, 10, 100])) {
      const load = { ...question, connections };
      const { candidate, yardstick } = await alternate(
        bench,
        { yardstick: { load: { ...load, url: same.url } }, candidate: { load } },
        bench.pick({ count: 3, seconds: 1, isWarm: true }, { count: 1, seconds: 1, isWarm: true }),
      );
      ours.push(pointOf(connections, answer.bytes, candidate.runs));
      raw.push(pointOf(connections, answer.bytes, yardstick.runs));
    }
    return {
      series: {
        ...{ id: "connections", title: "Fetches by the number of connections", axis: "connections" },
        logarithmic: true,
        lines: [
          { name: "secretsfly", points: ours },
          { name: "raw Bun.serve", points: raw },
        ],
      },
    };
  },
};
