import { alternate, type Contender, processorSample, ratioOf } from "../alternate.ts";
import { medianRatio } from "../arithmetic.ts";
import type { Bench, Scenario } from "../bench.ts";
import { sampleOf, usualConnections } from "../load.ts";
import { sizesPlan, usualSecrets } from "../plans.ts";
import type { TargetResult } from "../results.ts";
import {
  type FetchedAnswer,
  fetchAnswer,
  fetchQuestion,
  type Question,
  startYardstick,
  withoutHeaders,
} from "../servers.ts";
import { sizes } from "../sizes.ts";

const contender = (url: string, { headers }: Question, pid: number): Contender => ({
  ...{ load: { url, headers, connections: usualConnections }, pid },
});

/** The server on an answer, against a raw one with the same bytes, and one with no header of its own. */
async function compare(
  bench: Bench,
  name: string,
  least: number,
  ask: (question: Question, answer: FetchedAnswer) => Promise<[Question, FetchedAnswer]>,
): Promise<TargetResult> {
  const fixture = await bench.fixture(sizesPlan(sizes));
  await using server = await bench.serve(fixture);
  const [token = ""] = fixture.readers(String(usualSecrets));
  const first = fetchQuestion(server, token);
  const [question, answer] = await ask(first, await fetchAnswer(first));
  await using same = await startYardstick(answer);
  await using bare = await startYardstick(withoutHeaders(answer));
  const { candidate, yardstick, minimal } = await alternate(
    bench,
    {
      yardstick: contender(same.url, question, same.pid),
      candidate: contender(question.url, question, server.pid),
      minimal: contender(bare.url, question, bare.pid),
    },
    bench.pick({ count: 7, seconds: 1 }, { count: 3, seconds: 1 }),
  );
  const ratio = ratioOf(candidate, yardstick);
  const ofProcessor = medianRatio(candidate.perProcessorSecond, yardstick.perProcessorSecond);
  const withoutAny = ratioOf(candidate, minimal);
  const [byProcessor, overBare] = [ofProcessor.toFixed(2), withoutAny.toFixed(2)];
  return {
    name,
    target: `≥ ${least.toFixed(2)} of raw Bun.serve with the same bytes`,
    measured: `${ratio.toFixed(2)} (by processor time ${byProcessor}; of one without headers ${overBare})`,
    met: ratio >= least,
    samples: [
      sampleOf("secretsfly", candidate.runs),
      sampleOf("raw Bun.serve", yardstick.runs),
      sampleOf("raw Bun.serve without headers", minimal.runs),
      processorSample("secretsfly", candidate),
      processorSample("raw Bun.serve", yardstick),
    ],
  };
}

/** An app that fetches 50 secrets with a token that has been used before. */
export const fetchScenario: Scenario = {
  name: "fetch",
  async run(bench) {
    const name = `GET /api/secrets, ${usualSecrets} secrets, warm token`;
    return { targets: [await compare(bench, name, 0.5, async (question, answer) => [question, answer])] };
  },
};

/** An app that asks whether anything has changed since. */
export const unchangedScenario: Scenario = {
  name: "unchanged",
  async run(bench) {
    const target = await compare(
      bench,
      "the same with If-None-Match → 304",
      0.8,
      async (question, { headers }) => {
        const conditional = {
          ...question,
          headers: { ...question.headers, "If-None-Match": headers.etag ?? "" },
        };
        return [conditional, await fetchAnswer(conditional, 304)];
      },
    );
    return { targets: [target] };
  },
};
