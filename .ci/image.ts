/**
 * The Dockerfile where no Docker is: reads it, does what each line says in ordinary folders, then starts
 * the result as the image's user. What is built and started is what the Dockerfile says, not a copy of it.
 *
 *     bun .ci/image.ts DIRECTORY     (the clone's files are in DIRECTORY/context; needs root for the user)
 */

import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { check, freePort, startServer } from "./harness.ts";

const directory = process.argv[2];
assert.ok(directory, "usage: bun .ci/image.ts DIRECTORY");
const context = join(directory, "context");

/** A stage of the build, or the image that it ends as. */
interface Stage {
  name: string;
  root: string;
  workdir: string;
  env: Record<string, string>;
  user: string;
  stopSignal: string;
  volumes: string[];
  command: string[];
  healthCheck: string[];
}

type Instruction = [keyword: string, rest: string];

function parseDockerfile(text: string): Instruction[] {
  return text
    .replace(/^\s*#.*\n/gm, "")
    .replace(/\\\n/g, " ")
    .split("\n")
    .map((line) => line.trim().replace(/\s+/g, " "))
    .filter(Boolean)
    .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]);
}

/** Whether `.dockerignore` keeps this path out of the build: the last pattern that matches decides. */
function isIgnored(path: string, patterns: string[]): boolean {
  const parts = path.split("/");
  const withParents = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
  let ignored = false;
  for (const pattern of patterns) {
    const glob = new Bun.Glob(pattern.replace(/^!/, ""));
    if (withParents.some((candidate) => glob.match(candidate))) ignored = !pattern.startsWith("!");
  }
  return ignored;
}

function applyDockerignore(from: string, to: string): void {
  const patterns = readFileSync(join(from, ".dockerignore"), "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith("#"));
  for (const path of new Bun.Glob("**/*").scanSync({ cwd: from, dot: true })) {
    if (!isIgnored(path, patterns)) cpSync(join(from, path), join(to, path));
  }
}

function exec(command: string[], options: { cwd: string; env: Record<string, string> }): void {
  const { exitCode } = Bun.spawnSync(command, {
    ...options,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
  });
  assert.equal(exitCode, 0, `${command.join(" ")} ended with ${exitCode}`);
}

/** What a process of the stage sees: the machine's programs, the image's Bun, and no setting of this shell. */
function environmentOf(stage: Stage): Record<string, string> {
  const certificates = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"].flatMap((name) => {
    const value = process.env[name];
    return value ? [[name, value] as const] : [];
  });
  return {
    PATH: `${join(stage.root, "usr/local/bin")}:/usr/bin:/bin`,
    HOME: join(stage.root, "home/bun"),
    ...Object.fromEntries(certificates),
    ...stage.env,
  };
}

/** `FROM oven/bun:VERSION AS name`: an empty folder that holds this very Bun. */
function beginStage(rest: string, number: number): Stage {
  const [, version, name] = rest.match(/^oven\/bun:([\d.]+)(?:-slim)?(?: AS (\w+))?$/i) ?? [];
  assert.equal(version, Bun.version, `FROM ${rest}: not the Bun that runs the gate`);
  const root = join(directory as string, `stage-${number}`);
  mkdirSync(join(root, "usr/local/bin"), { recursive: true });
  mkdirSync(join(root, "home/bun"), { recursive: true });
  cpSync(process.execPath, join(root, "usr/local/bin/bun"));
  return {
    name: name ?? String(number),
    root,
    workdir: "/",
    env: {},
    user: "0:0",
    stopSignal: "SIGTERM",
    volumes: [],
    command: [],
    healthCheck: [],
  };
}

function copy(rest: string, stage: Stage, stages: Stage[], files: string): void {
  const from = rest.match(/--from=(\S+)/)?.[1];
  const source = from ? stages.find(({ name }) => name === from)?.root : files;
  assert.ok(source, `COPY ${rest}: no such stage`);
  const paths = rest.split(" ").filter((word) => !word.startsWith("--"));
  const target = paths.pop() ?? "";
  for (const path of paths) {
    const origin = join(source, path);
    const into = join(stage.root, target.startsWith("/") ? "" : stage.workdir, target);
    const isFolder = statSync(origin).isDirectory();
    const destination = !isFolder && target.endsWith("/") ? join(into, basename(path)) : into;
    mkdirSync(dirname(destination), { recursive: true });
    cpSync(origin, destination, { recursive: true, verbatimSymlinks: true });
  }
}

/** Follows the Dockerfile to its last stage. */
function build(instructions: Instruction[], files: string): Stage {
  const stages: Stage[] = [];
  for (const [keyword, rest] of instructions) {
    console.log(`  ${keyword} ${rest}`);
    if (keyword === "FROM") stages.push(beginStage(rest, stages.length));
    const stage = stages.at(-1);
    assert.ok(stage, "a Dockerfile begins with FROM");
    const cwd = join(stage.root, stage.workdir);
    switch (keyword) {
      case "FROM":
      case "EXPOSE":
        break;
      case "WORKDIR":
        stage.workdir = rest;
        mkdirSync(join(stage.root, rest), { recursive: true });
        break;
      case "COPY":
        copy(rest, stage, stages, files);
        break;
      case "RUN":
        assert.doesNotMatch(rest, /(^|[\s="'])\//, "RUN with an absolute path would change this machine");
        exec(["sh", "-c", rest], { cwd, env: environmentOf(stage) });
        break;
      case "ENV":
        for (const [, name = "", value = ""] of rest.matchAll(/(\w+)=(\S+)/g)) stage.env[name] = value;
        break;
      case "USER":
        stage.user = rest;
        break;
      case "VOLUME":
        stage.volumes.push(rest);
        break;
      case "STOPSIGNAL":
        stage.stopSignal = rest;
        break;
      case "HEALTHCHECK":
        stage.healthCheck = JSON.parse(rest.slice(rest.indexOf("CMD ") + 4));
        break;
      case "CMD":
        stage.command = JSON.parse(rest);
        break;
      default:
        throw new Error(`.ci/image.ts does not know ${keyword} yet`);
    }
  }
  const image = stages.at(-1);
  assert.ok(image, "the Dockerfile is empty");
  return image;
}

// What must never travel into an image.
const strays = [".env", ".git/config", "data/secretsfly.db", "node_modules/stray/index.js", "src/.env.local"];
for (const path of strays) {
  mkdirSync(join(context, dirname(path)), { recursive: true });
  writeFileSync(join(context, path), "a stray file of the person who builds\n");
}
const files = join(directory, "files");
applyDockerignore(context, files);

const image = await check("the Dockerfile's steps succeed", () =>
  build(parseDockerfile(readFileSync(join(context, "Dockerfile"), "utf8")), files),
);
const app = join(image.root, image.workdir);

await check("no stray file is in the image", () => {
  for (const path of strays) assert.ok(!existsSync(join(app, path)), path);
});

const [uid = "", gid = ""] = image.user.split(":");

await check("its user is not root, and the volume belongs to them alone", () => {
  assert.match(image.user, /^[1-9]\d*:[1-9]\d*$/);
  assert.equal(image.stopSignal, "SIGTERM");
  assert.deepEqual(image.volumes, [`${image.workdir}/data`]);
  const data = statSync(join(app, "data"));
  assert.equal(data.mode & 0o777, 0o700);
  assert.deepEqual([data.uid, data.gid], [Number(uid), Number(gid)]);
});

const asUser = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--no-new-privs"];
const environment = environmentOf(image);

await check("its user cannot change the code", () => {
  const write = Bun.spawnSync([...asUser, "test", "-w", join(app, "src")]);
  assert.equal(write.exitCode, 1);
});

await check("without ADMIN_PASSWORD it refuses to listen for the whole network", () => {
  const refused = Bun.spawnSync([...asUser, ...image.command], {
    cwd: app,
    env: environment,
    timeout: 60_000,
  });
  assert.ok(refused.exitCode, "it did not end with an error");
  assert.match(refused.stderr.toString() + refused.stdout.toString(), /ADMIN_PASSWORD/);
});

// The image listens on every interface of its container; the gate's copy stays on this machine.
const local = { ...environment, HOST: "127.0.0.1", PORT: String(await freePort()) };

const server = await check("CMD starts the server", () =>
  startServer({ command: [...asUser, ...image.command], cwd: app, env: local, within: 90 }),
);

const isHealthy = () =>
  Bun.spawnSync([...asUser, ...image.healthCheck], { cwd: app, env: local, timeout: 60_000 }).exitCode === 0;

await check("HEALTHCHECK calls it healthy", () => assert.ok(isHealthy()));

await check("STOPSIGNAL ends it with 0", async () => {
  assert.deepEqual(await server.stop(), { exitCode: 0, byItself: true });
});

await check("HEALTHCHECK notices that it has gone", () => assert.ok(!isHealthy()));
