import { median } from "../arithmetic.ts";
import type { Scenario } from "../bench.ts";
import { fetchOnceEach } from "../once.ts";
import { fleetPlan } from "../plans.ts";
import { processorSeconds } from "../process-figures.ts";

const least = 1500;

/** Tokens that the server has not seen since it started, each once: for each of them a key is opened. */
export const coldScenario: Scenario = {
  name: "cold",
  async run(bench) {
    const [count, perRun] = bench.pick([10_000, 2000] as const, [3000, 1000] as const);
    const fixture = await bench.fixture(fleetPlan(bench.pick(1000, 100)));
    await using server = await bench.serve(fixture);
    // So that what is measured is no longer the server's own first requests; those tokens are not used again.
    const unmeasured = bench.pick(200, 0);
    await fetchOnceEach({ url: server.url, tokenFile: fixture.tokenFile, from: 0, until: unmeasured });
    const [throughput, perSecond, p50s, p99s]: number[][] & { length: 4 } = [[], [], [], []];
    for (let from = unmeasured; from < unmeasured + count; from += perRun) {
      const before = processorSeconds(server.pid);
      const { requests, seconds, p50, p99 } = await fetchOnceEach({
        ...{ url: server.url, tokenFile: fixture.tokenFile, from, until: from + perRun },
      });
      throughput.push(requests / seconds);
      perSecond.push(requests / (processorSeconds(server.pid) - before));
      p50s.push(p50);
      p99s.push(p99);
    }
    const perCore = median(perSecond);
    return {
      targets: [
        {
          name: `${count.toLocaleString("en")} different tokens, each once (cold)`,
          target: `≥ ${least.toLocaleString("en")} requests/s a core`,
          measured: `${Math.round(perCore).toLocaleString("en")} requests for each second of the server's processor time`,
          met: perCore >= least,
          samples: [
            { name: "a second of the server's processor time", unit: "requests/s", values: perSecond },
            {
              ...{ name: "by the clock", unit: "requests/s", values: throughput },
              latency: { p50: median(p50s), p99: median(p99s) },
            },
          ],
        },
      ],
    };
  },
};
