import { alternate, type Contender, ratioOf } from "../alternate.ts";
import type { Scenario } from "../bench.ts";
import type { Fixture } from "../fixture.ts";
import { pointOf, sampleOf, usualConnections } from "../load.ts";
import { fetchOnceEach } from "../once.ts";
import { fleetPlan } from "../plans.ts";
import { fetchAnswer, fetchQuestion } from "../servers.ts";

const least = 0.85;

/** How the number of projects matters, each with ten tokens in three environments that are used at random. */
export const projectsScenario: Scenario = {
  name: "projects",
  async run(bench) {
    const counts = bench.pick([1, 10, 100, 1000], [1, 100]);
    await using servers = new AsyncDisposableStack();
    const contenders: Record<string, Contender> = {};
    let bytes = 0;
    const fixtures: [number, Fixture][] = [];
    for (const count of counts) fixtures.push([count, await bench.fixture(fleetPlan(count))]);
    for (const [count, fixture] of fixtures) {
      const server = servers.use(await bench.serve(fixture));
      // A token's first fetch is another scenario.
      await fetchOnceEach({ url: server.url, tokenFile: fixture.tokenFile });
      const { url, headers } = fetchQuestion(server, fixture.readers("fleet-0")[0] ?? "");
      ({ bytes } = await fetchAnswer({ url, headers }));
      const { tokenFile } = fixture;
      contenders[count] = { load: { url, headers: {}, tokenFile, connections: usualConnections } };
    }
    const rounds = bench.pick({ count: 5, seconds: 1 }, { count: 3, seconds: 1 });
    const measured = await alternate(bench, contenders, rounds);
    const outcomes = counts.map((count) => ({
      count,
      ...(measured[count] ?? { runs: [], perProcessorSecond: [] }),
    }));
    const [one] = outcomes;
    const ratios = outcomes
      .slice(1)
      .map((outcome) => ({ count: outcome.count, ratio: one ? ratioOf(outcome, one) : 0 }));
    const texts = ratios.map(({ count, ratio }) => `${count.toLocaleString("en")}: ${ratio.toFixed(2)}`);
    return {
      targets: [
        {
          name: `1 → ${counts.at(-1)?.toLocaleString("en")} projects × 3 environments × 10 tokens, tokens used at random`,
          target: `≥ ${least.toFixed(2)} of the throughput with 1 project`,
          measured: texts.join(", "),
          met: ratios.every(({ ratio }) => ratio >= least),
          samples: outcomes.map(({ count, runs }) => sampleOf(`${count} projects`, runs)),
        },
      ],
      series: {
        ...{
          id: "projects",
          title: "Fetches by the number of projects",
          axis: "projects, of 30 tokens each",
        },
        logarithmic: true,
        lines: [
          { name: "secretsfly", points: outcomes.map(({ count, runs }) => pointOf(count, bytes, runs)) },
        ],
      },
    };
  },
};
