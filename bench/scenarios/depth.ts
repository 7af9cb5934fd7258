import { alternate, type Contender, ratioOf } from "../alternate.ts";
import type { Scenario } from "../bench.ts";
import { pointOf, sampleOf, usualConnections } from "../load.ts";
import { deepest, depthPlan } from "../plans.ts";
import { fetchAnswer, fetchQuestion } from "../servers.ts";

const least = 0.95;

/** How the depth of the tree matters to whoever reads at its end; the view has 50 secrets each time. */
export const depthScenario: Scenario = {
  name: "depth",
  async run(bench) {
    const depths = bench.pick([1, 2, 4, 7, 10], [1, 10]);
    const fixture = await bench.fixture(depthPlan(depths));
    await using server = await bench.serve(fixture);
    const contenders: Record<string, Contender> = {};
    const bytes: Record<number, number> = {};
    for (const depth of depths) {
      const question = fetchQuestion(server, fixture.readers(deepest(depth))[0] ?? "");
      bytes[depth] = (await fetchAnswer(question)).bytes;
      contenders[depth] = { load: { ...question, connections: usualConnections } };
    }
    const rounds = bench.pick({ count: 5, seconds: 1 }, { count: 3, seconds: 1 });
    const measured = await alternate(bench, contenders, rounds);
    const outcomes = depths.map((depth) => ({
      depth,
      ...(measured[depth] ?? { runs: [], perProcessorSecond: [] }),
    }));
    const [flat] = outcomes;
    const ratios = outcomes
      .slice(1)
      .map((outcome) => ({ ...outcome, ratio: flat ? ratioOf(outcome, flat) : 0 }));
    return {
      targets: [
        {
          name: `depth 1 → ${depths.at(-1)} of the tree, read`,
          target: `≥ ${least.toFixed(2)} of the throughput at depth 1`,
          measured: ratios.map(({ depth, ratio }) => `${depth}: ${ratio.toFixed(2)}`).join(", "),
          met: ratios.every(({ ratio }) => ratio >= least),
          samples: outcomes.map(({ depth, runs }) => sampleOf(`depth ${depth}`, runs)),
        },
      ],
      series: {
        ...{
          id: "depth",
          title: "Fetches by the depth of the tree",
          axis: "projects from the root to the reader",
        },
        logarithmic: false,
        lines: [
          {
            name: "secretsfly",
            points: outcomes.map(({ depth, runs }) => pointOf(depth, bytes[depth] ?? 0, runs)),
          },
        ],
      },
    };
  },
};
