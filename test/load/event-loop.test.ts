import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createTestApp, type TestApp, type TestBrowser } from "../harness.ts";
import { inWords, longestHold } from "./holds.ts";

/**
 * Others are served while somebody does something large. What is compared is the time of the processor that this
 * thread takes at a stretch, and the best of some runs: what else the machine does must not decide. The figures are
 * printed.
 */

setDefaultTimeout(300_000);

/** What nothing may hold the event loop for, in milliseconds. */
const longest = 50;
const runs = 4;

let app: TestApp;
let admin: TestBrowser;
let root: number;
let masterKey: string;
const environments = ["dev", "staging", "prod"];
/** As many as an environment can have. */
const names = Array.from({ length: 5000 }, (_, i) => `NAME_${i}`);

beforeAll(async () => {
  app = await createTestApp({ AVAILABLE_ENVIRONMENTS: environments.join(",") });
  admin = app.browser();
  ({ id: root, masterKey } = await admin.createRoot("shop"));
});
afterAll(() => app.close());

/** Does something, again if it held the loop for too long, and says how long it was held at best. */
async function leastHold(what: string, task: (run: number) => Promise<Response>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 1; run <= runs && least > longest; run++) {
    let status = 0;
    const began = performance.now();
    const hold = await longestHold(async () => {
      status = (await task(run)).status;
    });
    const took = performance.now() - began;
    expect(status).toBe(303);
    process.stdout.write(`${what} took ${took.toFixed(0)} ms and held the event loop for ${inWords(hold)}\n`);
    least = Math.min(least, hold.processor);
  }
  return least;
}

const textOf = (count: number, value: string) =>
  names
    .slice(0, count)
    .map((name) => `${name}=${value} of ${name}`)
    .join("\n");
const importing = (environment: string, text: string) =>
  admin.post(`/admin/projects/${root}/environments/${environment}/import`, { text, confirm: "true" });

test("an import of 1,000 secrets does not hold the event loop", async () => {
  const held = await leastHold("an import of 1,000 secrets", (run) =>
    importing("dev", textOf(1000, `run ${run}`)),
  );
  expect(held).toBeLessThan(longest);
});

test("nor does one of as many secrets as an environment can have, new or changed", async () => {
  for (const environment of ["staging", "prod", "staging"]) {
    const held = await leastHold(`an import of 5,000 secrets into ${environment}`, (run) =>
      importing(environment, textOf(5000, `${environment} ${app.clock.now++} ${run}`)),
    );
    expect(held).toBeLessThan(longest);
  }
});

test("nor does the rotation of the master key of 15,000 versions", async () => {
  for (const environment of environments) await importing(environment, textOf(5000, "more"));
  const held = await leastHold("a rotation", async (run) => {
    const currentMasterKey = run === 1 ? masterKey : `passphrase number ${run - 1}`;
    return admin.post(`/admin/projects/${root}/rotate`, {
      currentMasterKey,
      newMasterKey: `passphrase number ${run}`,
    });
  });
  expect(held).toBeLessThan(longest);
});

test("nor does the deletion of all of it", async () => {
  let status = 0;
  const hold = await longestHold(async () => {
    ({ status } = await admin.post(`/admin/projects/${root}/delete`, { confirmName: "shop" }));
  });
  process.stdout.write(`a deletion held the event loop for ${inWords(hold)}\n`);
  expect(status).toBe(303);
  expect(hold.processor).toBeLessThan(longest);
});
