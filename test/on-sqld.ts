/**
 * Runs the tests that open a database against a real libSQL server, one for all of them, where each test has a database
 * of its own:
 *
 *     bun run test:sqld [PATH…] [--without=PATH…] [OPTION of `bun test`, as --name=value…]
 *
 * All others say on a server what they say without one. Which they are is seen by what they import (`openers.ts`).
 */

import { join } from "node:path";
import { connect } from "../src/database/connect.ts";
import { migrate } from "../src/database/migrate.ts";
import { migrations } from "../src/database/migrations.ts";
import { createNamespace, type NamespaceServer, namespaceUrl } from "./namespaces.ts";
import { filesThatOpenDatabases } from "./openers.ts";
import { environmentFor, type TestServer, template } from "./place.ts";
import { startSqld } from "./sqld.ts";

/** Migrates the database that each test begins with a copy of. */
async function makeTemplate(server: NamespaceServer): Promise<void> {
  await createNamespace(server, template);
  const { $client } = connect({
    databaseUrl: namespaceUrl(server, template),
    databaseAuthToken: undefined,
  });
  await migrate($client, migrations, 0);
  $client.close();
}

const words = process.argv.slice(2);
const without = "--without=";
const paths = words.filter((word) => !word.startsWith("-"));
const leftOut = words.filter((word) => word.startsWith(without)).map((word) => word.slice(without.length));
const options = words.filter((word) => word.startsWith("-") && !word.startsWith(without));
const root = join(import.meta.dir, "..");
const isIn = (file: string) => (path: string) => file.includes(path);
const files = (await filesThatOpenDatabases(root)).filter(
  (file) => (paths.length === 0 || paths.some(isIn(file))) && !leftOut.some(isIn(file)),
);
if (files.length === 0) {
  process.stderr.write("no such test opens a database wherever the run has them\n");
  process.exit(1);
}

// One that is let go for others, and is asked for at that moment, is answered as if it were not there.
await using sqld = await startSqld({ namespaces: true, args: ["--max-active-namespaces", "1000"] });
const server: TestServer = {
  url: sqld.url,
  adminUrl: sqld.adminUrl ?? "",
  folder: join(sqld.folder, "data"),
};
await makeTemplate(server);
const run = Bun.spawn({
  cmd: [process.execPath, "test", "--parallel", ...options, ...files.map((file) => `./${file}`)],
  cwd: root,
  env: { ...process.env, ...environmentFor(server) },
  stdio: ["ignore", "inherit", "inherit"],
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => run.kill(signal));
process.exitCode = await run.exited;
