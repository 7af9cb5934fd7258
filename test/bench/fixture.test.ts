import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { filesIn, makeFixture, readLines } from "../../bench/fixture.ts";
import { deepest, depthPlan, familyPlan, fleetPlan } from "../../bench/plans.ts";
import { fetchAnswer, fetchQuestion, startCandidate } from "../../bench/servers.ts";
import { Writer } from "../../bench/writes.ts";
import { temporaryFolder } from "../server-process.ts";

test("a fleet's tokens each read the 50 secrets of their place", async () => {
  using folder = temporaryFolder();
  const fixture = await makeFixture(fleetPlan(3), `${folder.path}/fleet`);
  await using server = await startCandidate(fixture, undefined, {});
  expect(readLines(fixture.tokenFile)).toHaveLength(90);
  const read = await Promise.all(
    fixture.readers("fleet-2").map(async (token) => {
      const response = await fetch(`${server.url}/api/token`, {
        headers: fetchQuestion(server, token).headers,
      });
      return (await response.json()) as { project: { name: string } | string; environment: string };
    }),
  );
  expect(read.map(({ environment }) => environment)).toEqual(
    ["dev", "staging", "prod"].flatMap((environment) => Array.from({ length: 10 }, () => environment)),
  );
  expect(JSON.stringify(read)).not.toContain("fleet-1");
  const [token = ""] = fixture.readers("fleet-2");
  const answer = await fetchAnswer(fetchQuestion(server, token));
  expect(answer.bytes).toBeGreaterThan(50 * 32);
});

test("views are as large at each depth of a tree", async () => {
  using folder = temporaryFolder();
  const fixture = await makeFixture(depthPlan([1, 4]), `${folder.path}/depths`);
  await using server = await startCandidate(fixture, undefined, {});
  for (const depth of [1, 4]) {
    const [token = ""] = fixture.readers(deepest(depth));
    const { body } = await fetchAnswer(fetchQuestion(server, token));
    const { secrets } = JSON.parse(Buffer.from(body, "base64").toString()) as { secrets: unknown[] };
    expect(secrets).toHaveLength(50);
  }
});

test("what is written to the root of a family is read by all twenty below it", async () => {
  using folder = temporaryFolder();
  const fixture = await makeFixture(familyPlan(), `${folder.path}/family`);
  await using server = await startCandidate(fixture, undefined, {});
  await new Writer(server.url, fixture.writers("family")[0] ?? "").writeOne("COMMON");
  const tokens = readLines(fixture.tokenFile);
  expect(tokens).toHaveLength(21);
  for (const token of tokens) {
    const { body } = await fetchAnswer(fetchQuestion(server, token));
    expect(Buffer.from(body, "base64").toString()).toContain("COMMON");
  }
});

test("files that hold keys are their owner's alone", async () => {
  using folder = temporaryFolder();
  const fixture = await makeFixture(depthPlan([1]), `${folder.path}/depths`);
  const files = filesIn(fixture.folder);
  for (const file of [files.keys, files.tokens, files.database]) {
    expect(statSync(file).mode & 0o077).toBe(0);
  }
});
