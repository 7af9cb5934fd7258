import { type Outcome, ratioOf } from "../alternate.ts";
import { median } from "../arithmetic.ts";
import type { Bench, Scenario } from "../bench.ts";
import { type Listeners, startListeners } from "../listeners.ts";
import { type Load, sampleOf, usualConnections } from "../load.ts";
import { sizesPlan, usualSecrets } from "../plans.ts";
import type { TargetResult } from "../results.ts";
import { fetchQuestion } from "../servers.ts";
import { sizes } from "../sizes.ts";
import { Writer } from "../writes.ts";

const count = 1000;
const mostMilliseconds = 100;
const leastShare = 0.9;
const listeners = count.toLocaleString("en");

const now = () => performance.timeOrigin + performance.now();

/** How long after a change, and after its acknowledgement, the last listener is told of it. */
async function tellAll(bench: Bench, writer: Writer, listening: Listeners): Promise<TargetResult> {
  const [fromSending, fromAnswer]: [number[], number[]] = [[], []];
  for (let i = 0; i < bench.pick(10, 5); i++) {
    const sent = now();
    await writer.writeOne();
    const answered = now();
    const told = await listening.allTold();
    fromSending.push(told - sent);
    fromAnswer.push(told - answered);
    // Changes that follow at once are told together: each is to be one of its own here.
    await Bun.sleep(200);
  }
  const slowest = Math.max(...fromAnswer);
  return {
    name: `${listeners} listeners on /api/secrets/events and a change`,
    target: `all told within ${mostMilliseconds} ms`,
    measured: `the last after ${median(fromAnswer).toFixed(0)} ms, at most ${slowest.toFixed(0)} ms (from the sending of the change ${Math.max(...fromSending).toFixed(0)} ms)`,
    met: slowest <= mostMilliseconds,
    samples: [
      { name: "from the acknowledgement to the last listener", unit: "ms", values: fromAnswer },
      { name: "from the sending to the last listener", unit: "ms", values: fromSending },
    ],
  };
}

function compare(withThem: Outcome, without: Outcome): TargetResult {
  const ratio = ratioOf(withThem, without);
  return {
    name: `fetch throughput with ${listeners} listening`,
    target: `≥ ${leastShare.toFixed(2)} of that without`,
    measured: ratio.toFixed(2),
    met: ratio >= leastShare,
    samples: [
      sampleOf(`with ${listeners} listeners`, withThem.runs),
      sampleOf("without listeners", without.runs),
    ],
  };
}

/** Many apps that wait to be told of changes, and what that takes from those who fetch. */
export const listenersScenario: Scenario = {
  name: "listeners",
  async run(bench) {
    const fixture = await bench.fixture(sizesPlan(sizes));
    await using server = await bench.serve(fixture);
    const tokens = fixture.readers(String(usualSecrets));
    const load: Load = { ...fetchQuestion(server, tokens[0] ?? ""), connections: usualConnections };
    const writer = new Writer(server.url, fixture.writers(String(usualSecrets))[0] ?? "");
    const [withThem, without]: [Outcome, Outcome] = [
      { runs: [], perProcessorSecond: [] },
      { runs: [], perProcessorSecond: [] },
    ];
    await writer.writeOne();
    await bench.generator.measure(load, 1);
    let told: TargetResult | undefined;
    for (let i = 0; i < bench.pick(5, 3); i++) {
      without.runs.push(await bench.generator.measure(load, 1));
      await using listening = await startListeners({ url: server.url, tokens, count });
      withThem.runs.push(await bench.generator.measure(load, 1));
      told ??= await tellAll(bench, writer, listening);
    }
    return { targets: [...(told ? [told] : []), compare(withThem, without)] };
  },
};
