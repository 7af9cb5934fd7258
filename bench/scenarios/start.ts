import { Connection } from "../../test/load/connection.ts";
import type { ServerProcess } from "../../test/server-process.ts";
import { median } from "../arithmetic.ts";
import type { Bench, Scenario } from "../bench.ts";
import type { Fixture } from "../fixture.ts";
import { usualConnections } from "../load.ts";
import { fleetPlan } from "../plans.ts";
import { residentMiB } from "../process-figures.ts";
import type { Sample, TargetResult } from "../results.ts";
import { fetchQuestion, startCandidate } from "../servers.ts";

const mostMilliseconds = 250;
const [mostIdle, mostLoaded] = [90, 150];

/** A port that nothing listens on just now. */
function freePort(): number {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { port = 0 } = server;
  server.stop(true);
  return port;
}

/** Tries until a fetch is answered with secrets; the time of that, as `performance.now()` has it. */
async function firstAnswer(port: number, token: string): Promise<number> {
  const request = `GET /api/secrets HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  for (const until = performance.now() + 30_000; performance.now() < until; await Bun.sleep(2)) {
    const connection = await Connection.open("127.0.0.1", port).catch(() => undefined);
    if (!connection) continue;
    const { status } = await connection.request(request);
    connection.close();
    if (status === 200) return performance.now();
  }
  throw new Error("the server did not answer within half a minute");
}

/** Starts it and waits for its first answer. */
async function timedStart(
  fixture: Fixture,
  executable: string | undefined,
): Promise<{ server: ServerProcess; milliseconds: number }> {
  const port = freePort();
  const [token = ""] = fixture.readers("fleet-0");
  const began = performance.now();
  const [server, answered] = await Promise.all([
    startCandidate(fixture, executable, { PORT: String(port) }),
    firstAnswer(port, token),
  ]);
  return { server, milliseconds: answered - began };
}

async function measureStarts(
  bench: Bench,
  fixture: Fixture,
  executable: string | undefined,
): Promise<Sample> {
  const values: number[] = [];
  for (let i = 0; i < bench.pick(7, 5); i++) {
    const { server, milliseconds } = await timedStart(fixture, executable);
    await server.stop();
    values.push(milliseconds);
  }
  return { name: nameOf(executable), unit: "ms", values };
}

const nameOf = (executable: string | undefined) =>
  executable === undefined ? "bun src/main.ts" : "the executable";

/** Resident memory two seconds after the start, after fetches by one token, and after more by all tokens at random. */
async function measureMemory(
  bench: Bench,
  fixture: Fixture,
  executable: string | undefined,
): Promise<{ idle: Sample; loaded: Sample; crowded: Sample }> {
  const { server } = await timedStart(fixture, executable);
  await using _ = server;
  const resident = (): Sample => ({
    ...{ name: nameOf(executable), unit: "MiB" },
    values: [residentMiB(server.pid)],
  });
  await Bun.sleep(2000);
  const idle = resident();
  const [token = ""] = fixture.readers("fleet-0");
  const load = { ...fetchQuestion(server, token), connections: usualConnections };
  await bench.generator.measure(load, bench.pick(60, 8));
  const loaded = resident();
  const { tokenFile } = fixture;
  await bench.generator.measure({ ...load, headers: {}, tokenFile }, bench.pick(20, 4));
  return { idle, loaded, crowded: resident() };
}

function listed(samples: readonly Sample[]): string {
  return samples.map(({ name, unit, values }) => `${median(values).toFixed(0)} ${unit} (${name})`).join(", ");
}

function judge(name: string, target: string, most: number, samples: readonly Sample[]): TargetResult {
  return {
    ...{ name, target, measured: listed(samples) },
    met: samples.every((sample) => median(sample.values) <= most),
    samples: [...samples],
  };
}

/** How soon it answers, and how much memory it holds, with 1,000 projects. */
export const startScenario: Scenario = {
  name: "start and memory",
  async run(bench) {
    const projects = bench.pick(1000, 100);
    const fixture = await bench.fixture(fleetPlan(projects));
    // The image starts the source; the executable is measured beside it where one was named.
    const starts: Sample[] = [];
    const memory: Awaited<ReturnType<typeof measureMemory>>[] = [];
    for (const executable of new Set([undefined, bench.executableUnderTest])) {
      starts.push(await measureStarts(bench, fixture, executable));
      memory.push(await measureMemory(bench, fixture, executable));
    }
    const seconds = bench.pick(60, 8);
    const loaded = judge(
      `resident memory after ${seconds} s of fetches`,
      `≤ ${mostLoaded} MiB`,
      mostLoaded,
      memory.map((one) => one.loaded),
    );
    const crowded = memory.map((one) => one.crowded);
    const more = `after ${bench.pick(20, 4)} s more by all tokens at random`;
    return {
      targets: [
        judge(
          `start to first answer, ${projects.toLocaleString("en")} projects`,
          `≤ ${mostMilliseconds} ms`,
          mostMilliseconds,
          starts,
        ),
        judge(
          "resident memory, idle",
          `≤ ${mostIdle} MiB`,
          mostIdle,
          memory.map((one) => one.idle),
        ),
        {
          ...loaded,
          measured: `${loaded.measured}; ${more}: ${listed(crowded)}`,
          samples: [...loaded.samples, ...crowded.map((one) => ({ ...one, name: `${one.name}, ${more}` }))],
        },
      ],
    };
  },
};
