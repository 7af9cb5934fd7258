import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Fixture, makeFixture, readLines } from "../../bench/fixture.ts";
import { fleetPlan, sizesPlan } from "../../bench/plans.ts";
import { processorSeconds } from "../../bench/process-figures.ts";
import {
  fetchAnswer,
  fetchQuestion,
  type Question,
  startCandidate,
  startYardstick,
} from "../../bench/servers.ts";
import { Connection } from "../load/connection.ts";
import { type ServerProcess, temporaryFolder } from "../server-process.ts";

/**
 * A tenfold slip of speed is seen, and nothing smaller: that is the bench's to measure. What is compared is the processor
 * time of a server for a request, with that of a raw `Bun.serve` for the same bytes, in the same minute: other processes
 * take time from both, and none of that is counted.
 */

/** By how much a figure may be worse than `bench/README.md` wants it. */
const slip = 10;
const connections = 4;
/**
 * How long a sample is at least, in milliseconds and in requests, however little of the processor this gets: the processor
 * time of a process is told in hundredths of a second.
 */
const [sampleTime, sampleRequests] = [300, 1000];
const samples = 3;

/** Processor time is read from /proc. */
const onLinux = test.skipIf(process.platform !== "linux");

const folder = temporaryFolder();
const open = new AsyncDisposableStack();
let sizes: Fixture;
let fleet: Fixture;
let server: ServerProcess;
let manyTokens: ServerProcess;

beforeAll(async () => {
  sizes = await makeFixture(sizesPlan([50, 100, 2000]), `${folder.path}/sizes`);
  fleet = await makeFixture(fleetPlan(7), `${folder.path}/fleet`);
  server = open.use(await startCandidate(sizes, undefined, {}));
  manyTokens = open.use(await startCandidate(fleet, undefined, {}));
});
afterAll(async () => {
  await open.disposeAsync();
  folder[Symbol.dispose]();
});

/** Somebody who is asked, over connections that stay open, questions by turns. */
interface Asked {
  pid: number;
  questions: readonly Question[];
}

const bytesOf = ({ url, headers }: Question) => {
  const { host, pathname } = new URL(url);
  const lines = Object.entries({ Host: host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${pathname} HTTP/1.1\r\n${lines.join("")}\r\n`;
};

/** Asks the questions by turns for as long as a sample is. Returns how many were answered. */
async function ask(questions: readonly Question[]): Promise<number> {
  const requests = questions.map(bytesOf);
  const { hostname, port } = new URL(questions[0]?.url ?? "");
  const until = performance.now() + sampleTime;
  let count = 0;
  const loop = async () => {
    const connection = await Connection.open(hostname, Number(port));
    while (performance.now() < until || count < sampleRequests) {
      const { status } = await connection.request(requests[count++ % requests.length] ?? "");
      if (status >= 400) throw new Error(`answered with ${status}`);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, loop));
  return count;
}

/** Microseconds of processor time for a request, of each by turns, in all samples together. */
async function costs<Name extends string>(all: Record<Name, Asked>): Promise<Record<Name, number>> {
  const asked = Object.entries(all) as [Name, Asked][];
  const total = new Map(asked.map(([name]) => [name, { requests: 0, seconds: 0 }]));
  for (const [, { questions }] of asked) await ask(questions);
  for (let i = 0; i < samples; i++) {
    for (const [name, { pid, questions }] of asked) {
      const sum = total.get(name);
      if (!sum) continue;
      const before = processorSeconds(pid);
      sum.requests += await ask(questions);
      sum.seconds += processorSeconds(pid) - before;
    }
  }
  const figures = [...total].map(
    ([name, { requests, seconds }]) => [name, (seconds * 1e6) / requests] as const,
  );
  const told = figures.map(([name, microseconds]) => `${name} ${microseconds.toFixed(0)} µs`);
  process.stdout.write(`processor time for a request: ${told.join(", ")}\n`);
  return Object.fromEntries(figures) as Record<Name, number>;
}

const secretsQuestion = (count: number) => fetchQuestion(server, sizes.readers(String(count))[0] ?? "");

onLinux("a fetch of 50 secrets is not ten times slower than it has to be, nor is a 304", async () => {
  const question = secretsQuestion(50);
  const answer = await fetchAnswer(question);
  const headers = { ...question.headers, "If-None-Match": answer.headers.etag ?? "" };
  const conditional = { ...question, headers };
  await using full = await startYardstick(answer);
  await using empty = await startYardstick(await fetchAnswer(conditional, 304));
  const cost = await costs({
    fetch: { pid: server.pid, questions: [question] },
    "raw fetch": { pid: full.pid, questions: [{ ...question, url: full.url }] },
    unchanged: { pid: server.pid, questions: [conditional] },
    "raw unchanged": { pid: empty.pid, questions: [{ ...conditional, url: empty.url }] },
  });
  expect(cost["raw fetch"] / cost.fetch).toBeGreaterThan(0.5 / slip);
  expect(cost["raw unchanged"] / cost.unchanged).toBeGreaterThan(0.8 / slip);
});

onLinux("a byte of a view of 2,000 secrets is not ten times as dear as one of 100", async () => {
  const [small, large] = [secretsQuestion(100), secretsQuestion(2000)];
  const bytes = { small: (await fetchAnswer(small)).bytes, large: (await fetchAnswer(large)).bytes };
  const cost = await costs({
    small: { pid: server.pid, questions: [small] },
    large: { pid: server.pid, questions: [large] },
  });
  expect(cost.large / bytes.large).toBeLessThan((slip * cost.small) / bytes.small);
});

onLinux("two hundred tokens that are used by turns do not make each fetch ten times as dear", async () => {
  const all = readLines(fleet.tokenFile);
  const questions = all.map((token) => fetchQuestion(manyTokens, token));
  const cost = await costs({
    "one token": { pid: manyTokens.pid, questions: questions.slice(0, 1) },
    "many tokens": { pid: manyTokens.pid, questions },
  });
  expect(questions.length).toBeGreaterThanOrEqual(200);
  expect(cost["many tokens"]).toBeLessThan(slip * cost["one token"]);
});
