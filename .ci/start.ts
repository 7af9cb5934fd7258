/**
 * The README's start command, in a fresh copy of the clone with an empty HOME: it must bring everything it
 * needs, come up, and stop when it is told to.
 *
 *     HOME=… MACHINE_PATH=… bun .ci/start.ts DIRECTORY 'COMMAND LINE'
 */

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { check, freePort, startServer } from "./harness.ts";

const [directory, commandLine] = process.argv.slice(2);
assert.ok(directory && commandLine, "usage: bun .ci/start.ts DIRECTORY 'COMMAND LINE'");

const { MACHINE_PATH = process.env.PATH ?? "", ...inherited } = process.env as Record<string, string>;
const port = await freePort();

const server = await check("it comes up and answers 200", () =>
  startServer({
    command: ["bash", "-euo", "pipefail", "-c", commandLine],
    cwd: directory,
    env: { ...inherited, PATH: MACHINE_PATH, PORT: String(port) },
    within: 240,
  }),
);

await check("it listens on the loopback interface, at the port it was given", () => {
  assert.equal(server.origin, `http://127.0.0.1:${port}`);
});

await check("it shows the projects", async () => {
  const page = await fetch(server.origin);
  assert.equal(page.status, 200);
  assert.equal(page.url, `${server.origin}/admin/projects`);
});

await check("it keeps its data private", () => {
  const mode = (path: string) => (statSync(join(directory, path)).mode & 0o777).toString(8);
  assert.equal(mode("data"), "700");
  assert.equal(mode("data/secretsfly.db"), "600");
});

await check("it stops", async () => {
  const { byItself } = await server.stop();
  assert.ok(byItself, "it had to be killed");
  await assert.rejects(fetch(`${server.origin}/api/status`), "somebody still answers");
});
