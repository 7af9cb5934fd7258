import { median } from "../arithmetic.ts";
import type { Scenario } from "../bench.ts";
import { sizesPlan, usualSecrets } from "../plans.ts";
import { sizes } from "../sizes.ts";

const mostMilliseconds = 60;

/** How long a command takes from its start to its end, in milliseconds. Throws where it fails. */
async function timeOf(command: readonly string[], env: Record<string, string>): Promise<number> {
  const began = performance.now();
  const child = Bun.spawn([...command], { env, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const exitCode = await child.exited;
  const took = performance.now() - began;
  if (exitCode !== 0)
    throw new Error(
      `${command.join(" ")} ended with ${exitCode}: ${await new Response(child.stderr).text()}`,
    );
  return took;
}

/** What `secretsfly run` adds to the start of an app, over a Bun that does nothing. */
export const runCommandScenario: Scenario = {
  name: "run command",
  async run(bench) {
    const executable = await bench.executable();
    const fixture = await bench.fixture(sizesPlan(sizes));
    await using server = await bench.serve(fixture);
    const path = { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/nonexistent" };
    const token = fixture.readers(String(usualSecrets))[0] ?? "";
    const settings = { ...path, SECRETSFLY_TOKEN: token, SECRETSFLY_API_BASE_URL: `${server.url}/api` };
    const ours = () => timeOf([executable, "run", "--", "true"], settings);
    const nothing = () => timeOf([process.execPath, "-e", "0"], path);
    await ours();
    await nothing();
    const [withSecrets, without]: [number[], number[]] = [[], []];
    for (let i = 0; i < bench.pick(21, 11); i++) {
      without.push(await nothing());
      withSecrets.push(await ours());
    }
    const more = median(withSecrets) - median(without);
    return {
      targets: [
        {
          name: "`secretsfly run -- true` over `bun -e 0`",
          target: `≤ ${mostMilliseconds} ms more`,
          measured: `${more.toFixed(0)} ms more`,
          met: more <= mostMilliseconds,
          samples: [
            { name: "secretsfly run -- true", unit: "ms", values: withSecrets },
            { name: "bun -e 0", unit: "ms", values: without },
          ],
        },
      ],
    };
  },
};
