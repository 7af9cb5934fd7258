/**
 * `secretsfly/client` as somebody gets it from npm: built, packed, installed into an empty folder, and used there
 * against a real server, under this machine's Node and under Bun.
 *
 *     bun .ci/client.ts
 */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { version } from "../package.json";
import { origin as formOrigin, TestBrowser } from "../test/harness.ts";
import { check, freePort, startServer } from "./harness.ts";

const root = join(import.meta.dir, "..");
const built = join(root, "dist/npm");
const room = mkdtempSync(join(tmpdir(), "secretsfly-client-"));
process.on("exit", () => rmSync(room, { recursive: true, force: true }));
const scratch = join(room, "app");
mkdirSync(scratch);

/** The shortest timer of the client's that could be left over, and would keep a program from its end, has 10 s. */
const longestEnd = 7000;

/**
 * Runs a command to its end and gives what it printed; throws where it fails or does not end soon after it has printed:
 * that does not depend on how slow the machine is.
 */
async function run(command: string[], cwd = scratch, env = {}): Promise<string> {
  const child = Bun.spawn(command, {
    cwd,
    env: { PATH: process.env.PATH ?? "", HOME: room, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: 60_000,
  });
  let stdout = "";
  let printedAt = Number.POSITIVE_INFINITY;
  const follow = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      stdout += decoder.decode(chunk, { stream: true });
      printedAt = performance.now();
    }
  };
  const [stderr] = await Promise.all([child.stderr.text(), follow()]);
  const said = `${command.join(" ")}\n${stdout}\n${stderr}`;
  assert.equal(await child.exited, 0, said);
  assert.ok(performance.now() - printedAt < longestEnd, `it did not end by itself: ${said}`);
  return stdout;
}

await check("bun run build:client makes the package", async () => {
  await run([process.execPath, "tools/build-client.ts"], root);
  assert.deepEqual(readdirSync(built).sort(), [
    ...["LICENSE", "README.md", "client.d.ts", "client.js", "package.json"],
  ]);
  assert.doesNotMatch(readFileSync(join(built, "client.d.ts"), "utf8"), /\bimport\b|\bfrom "|\/\/\/ </);
});

await check("publint finds nothing to say", async () => {
  const { messages, pkg } = await publint({ pkgDir: built, strict: true });
  assert.deepEqual(
    messages.map((message) => formatMessage(message, pkg, { color: false })),
    [],
  );
});

await check("it installs from its tarball, and nothing else with it", async () => {
  await run(["npm", "pack", "--pack-destination", room], built);
  writeFileSync(join(scratch, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const tarball = join(room, `secretsfly-${version}.tgz`);
  await run(["npm", "install", "--offline", "--no-audit", "--no-fund", tarball]);
  const installed = readdirSync(join(scratch, "node_modules")).filter((name) => !name.startsWith("."));
  assert.deepEqual(installed, ["secretsfly"]);
});

const consumer = `
import { RequestError, secretsfly, type Failure, type SecretsflyClient } from "secretsfly/client";

const client: SecretsflyClient = secretsfly({ baseUrl: "https://h", token: "sfly_a_b", timeoutMs: undefined });

export async function use(): Promise<Failure | undefined> {
  const values: Record<string, string> = await client.values();
  const { etag, secrets } = await client.list();
  const first: string | undefined = secrets[0]?.value;
  try {
    const written = await client.set("A", values["B"] ?? first ?? "", { ifMatch: etag, note: "why" });
    const { version }: { version: number } = written;
    await client.change({ set: { A: String(version) }, delete: ["B"] }, { dryRun: true });
    for await (const { revision } of client.watch()) await client.delete("A", { ifMatch: revision });
  } catch (error) {
    if (error instanceof RequestError) return error.failure;
  }
  return undefined;
}

// @ts-expect-error a token is needed
secretsfly({ baseUrl: "https://h" });
// @ts-expect-error a list cannot be changed
client.list().then(({ secrets }) => secrets.push());
`;

await check("its types stand alone, under both kinds of module resolution", async () => {
  writeFileSync(join(scratch, "consumer.ts"), consumer);
  const tsc = join(root, "node_modules/.bin/tsc");
  const common = [
    "--noEmit",
    "--strict",
    "--exactOptionalPropertyTypes",
    "--target",
    "esnext",
    "--types",
    "",
  ];
  const ways = [
    ["--module", "nodenext", "--moduleResolution", "nodenext", "--lib", "esnext"],
    ["--module", "preserve", "--moduleResolution", "bundler", "--lib", "esnext,dom"],
  ];
  for (const way of ways) await run([tsc, ...common, ...way, "consumer.ts"]);
});

const program = `
import { RequestError, secretsfly } from "secretsfly/client";

const [name] = process.argv.slice(2);
const client = secretsfly({ baseUrl: process.env.BASE_URL, token: process.env.TOKEN });
const value = "worth \\u{1F41D}\\n\\t";
const created = await client.set(name, value, { create: true });
const conflict = await client.set(name, "other", { create: true }).catch((error) => error);
const first = await client.list();
const again = await client.list();

const stop = new AbortController();
const watching = client.watch({ signal: stop.signal });
const present = await watching.next();
const change = watching.next();
await client.change({ set: { [name]: "2" } }, { ifMatch: present.value.revision });
const changed = await change;
const end = watching.next();
stop.abort();

const read = await client.get(name);
const { rights, project } = await client.token();
await client.delete(name, { ifMatch: read.etag });
const unreachable = secretsfly({ baseUrl: "http://127.0.0.1:1", token: "sfly_a_b", retries: 1 });
const failures = [];
for (const failing of [client.get(name), unreachable.values()])
  failures.push(await failing.catch((error) => error instanceof RequestError && error.failure));
console.log(JSON.stringify({
  created: created.created,
  conflict: conflict.failure,
  same: again === first,
  listed: first.secrets.find((secret) => secret.name === name)?.value === value,
  revised: present.value.revision !== changed.value.revision && read.etag.includes(changed.value.revision),
  ended: (await end).done,
  read: [read.value, read.version],
  token: [rights, project.name],
  failures,
}));
`;

const server = await startServer({
  command: [process.execPath, join(root, "src/main.ts")],
  cwd: room,
  env: {
    ...{ PATH: process.env.PATH ?? "", HOME: room, PORT: String(await freePort()) },
    ...{ DATABASE_URL: `file:${join(room, "secretsfly.db")}`, PUBLIC_ORIGIN: formOrigin },
  },
  within: 60,
});
const admin = new TestBrowser((path, init) => fetch(server.origin + path, { ...init, redirect: "manual" }));
const { id } = await admin.createRoot("shop");
const token = await admin.createToken(id, "prod", "write");
await admin.save(id, "prod", { DATABASE_URL: "postgres://db.internal" });
writeFileSync(join(scratch, "program.js"), program);

for (const [runtime, name] of [
  ["node", "NODE"],
  [process.execPath, "BUN"],
] as const) {
  await check(`a program reads, writes and watches, and ends by itself: ${name}`, async () => {
    const env = { BASE_URL: server.origin, TOKEN: token };
    const printed = await run([runtime, "program.js", name], scratch, env);
    assert.deepEqual(JSON.parse(printed), {
      ...{ created: true, conflict: "conflict", same: true, listed: true, revised: true, ended: true },
      ...{ read: ["2", 2], token: ["write", "shop"], failures: ["not-found", "unreachable"] },
    });
  });
}

await check("the README's first example gives what it says", async () => {
  const example = readFileSync(join(built, "README.md"), "utf8").match(/```js\n([^`]+)```/)?.[1] ?? "";
  writeFileSync(join(scratch, "example.js"), `${example}\nconsole.log(DATABASE_URL);`);
  const env = { SECRETSFLY_API_BASE_URL: `${server.origin}/api`, SECRETSFLY_TOKEN: token };
  assert.equal(await run(["node", "example.js"], scratch, env), "postgres://db.internal\n");
});

await server.stop();
