/**
 * Runs the tests that open a database against a real libSQL server, where each test has a database of its own:
 *
 *     bun run test:sqld [PATH…] [--within=SECONDS] [OPTION of `bun test`, as --name=value…]
 *
 * All others say on a server what they say without one. Which they are is seen by what they import (`openers.ts`).
 *
 * With `--within` it begins nothing more once so much time is over, and says what it has left out: a machine may be too
 * slow for all of them. What is about the database comes first, and is run in any case.
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

/** In which order the folders of `test` are run, "" for `test` itself. The first is left out in no case. */
const order = ["database", "vault", "sessions", "http", "cli", "client", "", "security", "fuzz", "browser"];
const indispensable = 1;
/**
 * How many files are begun with at a time, each time on a server that is new. None of its databases is deleted: a server
 * that deletes one while it copies another may never answer anything again. So it has all of them open, with five
 * descriptors each.
 */
const portion = 4;

function rankOf(file: string): number {
  const [, folder = ""] = file.split("/");
  const rank = order.indexOf(folder.endsWith(".ts") ? "" : folder);
  return rank === -1 ? order.length : rank;
}

const words = process.argv.slice(2);
const option = "--within=";
const within = Number(words.find((word) => word.startsWith(option))?.slice(option.length) ?? Infinity);
const paths = words.filter((word) => !word.startsWith("-"));
const options = words.filter((word) => word.startsWith("-") && !word.startsWith(option));
const root = join(import.meta.dir, "..");
const files = (await filesThatOpenDatabases(root))
  .filter((file) => paths.length === 0 || paths.some((path) => file.includes(path)))
  .toSorted((a, b) => rankOf(a) - rankOf(b));
if (files.length === 0) {
  process.stderr.write("no such test opens a database wherever the run has them\n");
  process.exit(1);
}

let running: Bun.Subprocess | undefined;
let isStopped = false;
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    isStopped = true;
    running?.kill(signal);
  });

/** Runs some of the files. Returns the exit code. */
async function run(some: readonly string[]): Promise<number> {
  // One that is let go for others, and is asked for at that moment, is answered as if it were not there.
  await using sqld = await startSqld({ namespaces: true, args: ["--max-active-namespaces", "100000"] });
  const server: TestServer = {
    url: sqld.url,
    adminUrl: sqld.adminUrl ?? "",
    folder: join(sqld.folder, "data"),
  };
  await makeTemplate(server);
  if (isStopped) return 1;
  running = Bun.spawn({
    cmd: [process.execPath, "test", "--parallel", ...options, ...some.map((file) => `./${file}`)],
    cwd: root,
    env: { ...process.env, ...environmentFor(server) },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return await running.exited;
}

const isDue = (file: string | undefined): boolean =>
  file !== undefined && (performance.now() < within * 1000 || rankOf(file) < indispensable);
let done = 0;
process.exitCode = 0;
while (!isStopped && isDue(files[done])) {
  const code = await run(files.slice(done, done + portion));
  process.exitCode ||= code;
  done = Math.min(done + portion, files.length);
}
const left = files.slice(done);
process.stdout.write(`${done} of ${files.length} test files were run on a libSQL server\n`);
if (left.length > 0) process.stdout.write(`there was no time for ${left.join(", ")}\n`);
