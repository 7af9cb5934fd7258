import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestBrowser } from "./harness.ts";
import { emptyPlace } from "./place.ts";

const main = join(import.meta.dir, "../src/main.ts");

/** The program as a process of its own, started as `bun start` does. `await using` ends it. */
export interface ServerProcess extends AsyncDisposable {
  /** The address that it printed. */
  url: string;
  pid: number;
  /** All that it printed before it listened. */
  greeting: string;
  /** Waits until it has logged a text, or until its log is as told. */
  logged(text: string | ((log: string) => boolean)): Promise<void>;
  request(path: string, init?: RequestInit): Promise<Response>;
  browser(): TestBrowser;
  /** Sends a signal, and waits for nothing. */
  signal(signal: NodeJS.Signals): void;
  /** Sends a signal and waits for the end: the exit code, and what was logged. */
  stop(signal?: NodeJS.Signals): Promise<{ exitCode: number; stderr: string }>;
}

/** An empty folder. `using` removes it. */
export function temporaryFolder(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), "secretsfly-process-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** The database file of a process in this folder. */
export const databaseIn = (folder: string) => join(folder, "data", "secretsfly.db");

/** By folder: where on the server of this run its processes have their database. */
const databaseUrls = new Map<string, Promise<string>>();

/** `DATABASE_URL` of a process in this folder: a file in it, or where this run has its databases. */
export function databaseUrlIn(folder: string): Promise<string> {
  const url = databaseUrls.get(folder) ?? emptyPlace(databaseIn(folder));
  databaseUrls.set(folder, url);
  return url;
}

/** As `bun start` does. */
const fromSource: readonly string[] = [process.execPath, main];

function spawn(folder: string, env: Record<string, string>, command = fromSource) {
  return Bun.spawn({
    cmd: [...command],
    cwd: folder,
    env: {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      HOME: "/nonexistent",
      PORT: "0",
      DATABASE_URL: `file:${databaseIn(folder)}`,
      ...env,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

/** Keeps what a stream says, and lets others wait for a part of it. */
class Transcript {
  text = "";
  readonly #waiting = new Set<() => void>();
  readonly ended: Promise<void>;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.ended = this.#read(stream);
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.text += decoder.decode(chunk, { stream: true });
      for (const look of this.#waiting) look();
    }
    for (const look of this.#waiting) look();
  }

  /** Waits until it holds a text, or is as told, or has ended. */
  async until(wanted: string | ((text: string) => boolean)): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (typeof wanted === "string" ? this.text.includes(wanted) : wanted(this.text)) resolve();
    };
    this.#waiting.add(look);
    look();
    await Promise.race([promise, this.ended]);
    this.#waiting.delete(look);
  }
}

/**
 * Starts the program in a folder and waits until it listens; from its source, unless by another command. Its database is
 * a file in the folder, or where this run has its databases (`bun run test:sqld`). Throws with what it said instead.
 */
export async function startServer(
  folder: string,
  env: Record<string, string> = {},
  command = fromSource,
): Promise<ServerProcess> {
  return startFileServer(folder, { DATABASE_URL: await databaseUrlIn(folder), ...env }, command);
}

/** The same with a file in any run, or where `env` says that its database is. */
export async function startFileServer(
  folder: string,
  env: Record<string, string> = {},
  command = fromSource,
): Promise<ServerProcess> {
  const child = spawn(folder, env, command);
  const [stdout, stderr] = [new Transcript(child.stdout), new Transcript(child.stderr)];
  await stdout.until("run -- ");
  const url = /listening on (\S+)/.exec(stdout.text)?.[1];
  if (url === undefined) {
    await stderr.ended;
    throw new Error(`it did not start (${await child.exited}): ${stderr.text}`);
  }
  const request = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (headers.has("Origin")) headers.set("Origin", url);
    return fetch(url + path, { ...init, headers, redirect: "manual" });
  };
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    child.kill(signal);
    const exitCode = await child.exited;
    await stderr.ended;
    return { exitCode, stderr: stderr.text };
  };
  return {
    ...{ pid: child.pid, url, greeting: stdout.text, request, stop },
    signal: (signal) => child.kill(signal),
    browser: () => new TestBrowser(request),
    logged: (wanted) => stderr.until(wanted),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) await stop("SIGKILL");
    },
  };
}

/** Starts the program, on a file, and kills it once a moment has come, wherever it is by then. */
export async function killWhileStarting(
  folder: string,
  moment: () => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  const child = spawn(folder, env);
  await moment();
  child.kill("SIGKILL");
  await child.exited;
}

/** Runs the program, on a file, where it is expected to give up: its exit code and all that it printed. */
export async function runServer(folder: string, env: Record<string, string> = {}) {
  const child = spawn(folder, env);
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, exitCode };
}
