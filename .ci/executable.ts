/**
 * The single executable as somebody gets it: alone in an empty folder, with an empty HOME, no Bun and no
 * Node on its PATH. The main job from end to end: serve, a project, its secrets, a token, `run`.
 *
 *     bun .ci/executable.ts dist/secretsfly
 */

import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../package.json";
import { startSqld } from "../test/sqld.ts";
import { check, freePort, startServer } from "./harness.ts";

const built = process.argv[2] ?? "dist/secretsfly";
const room = mkdtempSync(join(tmpdir(), "secretsfly-executable-"));
process.on("exit", () => rmSync(room, { recursive: true, force: true }));

const folder = join(room, "folder");
const home = join(room, "home");
mkdirSync(folder);
mkdirSync(home);
const executable = join(folder, "secretsfly");
copyFileSync(built, executable);

const environment = { PATH: "/usr/bin:/bin", HOME: home, LANG: "C.UTF-8" };

/** Runs the executable to its end; `input` is what it reads. */
async function run(args: string[], env: Record<string, string> = {}, input = "") {
  const child = Bun.spawn([executable, ...args], {
    cwd: folder,
    env: { ...environment, ...env },
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
    timeout: 60_000,
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { exitCode: await child.exited, stdout, stderr };
}

const serve = (port: number, env: Record<string, string> = {}) =>
  startServer({
    command: [executable, "serve"],
    cwd: folder,
    env: { ...environment, PORT: String(port), ...env },
    within: 60,
  });

await check("--version prints the version", async () => {
  const { exitCode, stdout } = await run(["--version"]);
  assert.equal(exitCode, 0);
  assert.ok(stdout.includes(version), stdout);
});

await check("--help names the commands", async () => {
  const { exitCode, stdout } = await run(["--help"]);
  assert.equal(exitCode, 0);
  for (const command of ["serve", "run"]) assert.match(stdout, new RegExp(`\\b${command}\\b`));
});

const port = await freePort();
let server = await check("serve listens where it is told to and answers 200", async () => {
  const started = await serve(port);
  assert.equal(started.origin, `http://127.0.0.1:${port}`);
  const status = await fetch(`${started.origin}/api/status`);
  assert.deepEqual(await status.json(), { db: "up" });
  return started;
});

await check("the data folder is 0700 and its files are 0600", () => {
  const data = join(folder, "data");
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
  assert.equal(mode(data), "700");
  assert.ok(readdirSync(data).includes("secretsfly.db"));
  for (const file of readdirSync(data)) assert.equal(mode(join(data, file)), "600", file);
});

// --- The admin pages, as a browser without JavaScript uses them --------------------------------------------

const cookies = new Bun.CookieMap();

async function browse(path: string, form?: Record<string, string>): Promise<Response> {
  const answer = await fetch(new URL(path, server.origin), {
    method: form ? "POST" : "GET",
    headers: { Origin: server.origin, Cookie: [...cookies].map((pair) => pair.join("=")).join("; ") },
    redirect: "manual",
    ...(form && { body: new URLSearchParams(form) }),
  });
  for (const header of answer.headers.getSetCookie()) {
    const cookie = Bun.Cookie.parse(header);
    cookies.set(cookie.name, cookie.value);
  }
  return answer;
}

/** The value or the text of the element with this id. */
async function elementById(page: Response, id: string): Promise<string> {
  let found = "";
  const rewriter = new HTMLRewriter().on(`#${id}`, {
    element: (element) => {
      found += element.getAttribute("value") ?? "";
    },
    text: (chunk) => {
      found += chunk.text;
    },
  });
  await rewriter.transform(page).text();
  assert.ok(found.trim(), `the page shows nothing in #${id}`);
  return found.trim();
}

const secrets = {
  GREETING: `hello "wörld" 'and' $HOME \`id\` & <b> %s \\`,
  CERTIFICATE: "-----BEGIN-----\nline one\nline two\n-----END-----\n",
};

await check("/ leads to the projects", async () => {
  const answer = await browse("/");
  assert.ok([302, 303, 307].includes(answer.status), String(answer.status));
  assert.match(answer.headers.get("Location") ?? "", /\/admin\/projects$/);
  assert.equal((await browse("/admin/projects")).status, 200);
});

const [project, masterKey] = await check("a root project shows its master key once", async () => {
  const answer = await browse("/admin/projects", {
    name: "shop",
    description: "",
    parentId: "",
    masterKey: "",
  });
  assert.equal(answer.status, 200);
  const shown = await elementById(answer.clone(), "master-key");
  assert.match(shown, /^sfmk_[\w-]{49}$/);
  const id = (await answer.text()).match(/\/admin\/projects\/(\d+)/)?.[1];
  assert.ok(id, "the page does not link the project");
  return [`/admin/projects/${id}`, shown] as const;
});

await check("a form from another site is refused", async () => {
  const answer = await fetch(`${server.origin}${project}/seal`, {
    method: "POST",
    headers: {
      Origin: "https://elsewhere.example",
      Cookie: [...cookies].map((pair) => pair.join("=")).join("; "),
    },
    body: new URLSearchParams(),
    redirect: "manual",
  });
  assert.equal(answer.status, 403);
});

await check("secrets are saved", async () => {
  for (const [name, value] of Object.entries(secrets)) {
    const answer = await browse(`${project}/environments/prod/secrets`, { name, value, note: "" });
    assert.equal(answer.status, 303, await answer.text());
  }
});

const token = await check("a service token is shown once", async () => {
  const answer = await browse(`${project}/service-tokens`, {
    name: "smoke",
    environment: "prod",
    rights: "read",
    expiresInDays: "",
    allowedIps: "",
  });
  assert.equal(answer.status, 200);
  const shown = await elementById(answer, "service-token");
  assert.match(shown, /^sfly_/);
  return shown;
});

/** What an app of this token gets. */
async function fetchSecrets(): Promise<unknown> {
  const answer = await fetch(`${server.origin}/api/secrets?format=map`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

await check("the API gives the secrets back as they were typed", async () => {
  assert.deepEqual(await fetchSecrets(), secrets);
});

// --- secretsfly run -----------------------------------------------------------------------------------------

const client = { SECRETSFLY_TOKEN: token, SECRETSFLY_API_BASE_URL: `${server.origin}/api` };
const runs = (script: string) => run(["run", "--", "sh", "-c", script], client);

await check("run puts the secrets into the command's environment", async () => {
  const { exitCode, stdout, stderr } = await runs('printf %s "$GREETING"');
  assert.equal(exitCode, 0, stderr);
  assert.equal(stdout, secrets.GREETING);
  assert.equal((await runs('printf %s "$CERTIFICATE"')).stdout, secrets.CERTIFICATE);
});

await check("run keeps the token to itself", async () => {
  const { exitCode, stdout } = await runs("env");
  assert.equal(exitCode, 0);
  assert.ok(!stdout.includes(token));
});

await check("run passes on exit codes and deaths by signal", async () => {
  assert.equal((await runs("exit 7")).exitCode, 7);
  assert.equal((await runs("kill -TERM $$")).exitCode, 128 + 15);
  assert.equal((await run(["run", "--", "no-such-command"], client)).exitCode, 127);
  assert.equal((await run(["run", "--", home], client)).exitCode, 126);
});

// --- Backup, verify, the audit -------------------------------------------------------------------------------

const backup = join(room, "backup.db");
const ok = async (args: string[], input = "") => {
  const { exitCode, stdout, stderr } = await run(args, {}, input);
  assert.equal(exitCode, 0, stdout + stderr);
  return stdout;
};

await check("backup writes the database while it serves, for its owner alone", async () => {
  assert.match(await ok(["backup", backup]), /^written: .*, whole$/m);
  assert.equal((statSync(backup).mode & 0o777).toString(8), "600");
});

await check("verify opens everything in the backup with the master key", async () => {
  const report = JSON.parse(await ok(["verify", backup, "--master-key-stdin", "--json"], `${masterKey}\n`));
  assert.deepEqual([report.whole, report.opened.versions], [true, Object.keys(secrets).length]);
});

await check("audit verify finds the backup's head in the chain that went on", async () => {
  const { head } = JSON.parse(await ok(["audit", "verify", backup, "--json"]));
  assert.match(await ok(["audit", "verify", "--head", head]), /^head found/m);
});

// --- The end ------------------------------------------------------------------------------------------------

const stops = async () => {
  assert.deepEqual(await server.stop(), { exitCode: 0, byItself: true });
};

await check("SIGTERM ends it with 0", stops);

await check("it starts again; the token works without anybody unsealing", async () => {
  server = await serve(await freePort());
  assert.deepEqual(await fetchSecrets(), secrets);
  await stops();
});

await check("restore puts the backup where nothing is, and the token works there", async () => {
  const DATABASE_URL = `file:${join(room, "restored", "secretsfly.db")}`;
  const restored = await run(["restore", backup], { DATABASE_URL });
  assert.equal(restored.exitCode, 0, restored.stderr);
  server = await serve(await freePort(), { DATABASE_URL });
  assert.deepEqual(await fetchSecrets(), secrets);
  await stops();
});

await check("with a replica it reads from there, and goes on without the primary", async () => {
  await using primary = await startSqld();
  const source = { DATABASE_URL: primary.url };
  const replica = { ...source, DATABASE_REPLICA_PATH: join(room, "replica", "replica.db") };
  server = await serve(await freePort(), replica);
  cookies.delete("secretsfly_session");
  const page = await browse("/admin/projects", { name: "replicated", masterKey: "" });
  assert.equal(page.status, 200);
  await primary.stop("SIGKILL");
  assert.deepEqual(await (await fetch(`${server.origin}/admin/projects`)).status, 200);
  await stops();
  server = await serve(await freePort(), replica);
  const status = await fetch(`${server.origin}/api/status`);
  assert.deepEqual(await status.json(), { db: "up", writes: "down" });
  assert.match(await (await fetch(`${server.origin}/admin/projects`)).text(), /replicated/);
  await stops();
});

await check("it left nothing but its data folder", () => {
  assert.deepEqual(readdirSync(folder).sort(), ["data", "secretsfly"]);
  assert.deepEqual(readdirSync(home), []);
});
