import { median } from "../arithmetic.ts";
import type { Scenario } from "../bench.ts";
import { secretsOf } from "../invented.ts";
import { emptyPlan } from "../plans.ts";
import { Writer } from "../writes.ts";

const count = 1000;
const mostMilliseconds = 1000;

/** Many secrets at once into an environment that has none, another one each time. */
export const importScenario: Scenario = {
  name: "import",
  async run(bench) {
    const runs = bench.pick(5, 3);
    const fixture = await bench.fixture(emptyPlan(runs));
    await using server = await bench.serve(fixture);
    const secrets = Object.fromEntries(secretsOf(0, count));
    const values: number[] = [];
    for (let i = 0; i < runs; i++) {
      values.push(await new Writer(server.url, fixture.writers(String(i))[0] ?? "").setAll(secrets));
    }
    const middle = median(values);
    return {
      targets: [
        {
          name: `import of ${count.toLocaleString("en")} secrets`,
          target: "≤ 1 s",
          measured: `${middle.toFixed(0)} ms`,
          met: middle <= mostMilliseconds,
          samples: [{ name: "an import", unit: "ms", values }],
        },
      ],
    };
  },
};
