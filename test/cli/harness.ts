import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A token of the right shape. Only `sfly_abc123_` of it may ever be shown. */
export const token = "sfly_abc123_TOKENSECRETTOKENSECRETTOKENSECRETTOKEN_0crc00";
const tokenSecret = "TOKENSECRET";

const main = join(import.meta.dir, "../../src/cli/main.ts");
const cleanUps: (() => unknown)[] = [];

/**
 * Does something at the end of the test, or of the file where it was asked for outside of one. Concurrent tests
 * have no end of their own: a file with such calls `afterAll(cleanUp)`.
 */
export function atTheEnd(task: () => unknown): void {
  try {
    afterAll(async () => {
      await task();
    });
  } catch {
    cleanUps.push(task);
  }
}

/** Does what concurrent tests left to be done. */
export async function cleanUp(): Promise<void> {
  for (const task of cleanUps.splice(0)) await task();
}

/** Stands in for the API until the test, or the test file, ends. Returns the address that it answers at. */
export function startApi(answer: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
  atTheEnd(() => server.stop(true));
  return `http://127.0.0.1:${server.port}`;
}

/** An API that knows the one token and answers with these secrets. */
export function startApiWith(secrets: Record<string, string>): string {
  return startApi((request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/api/secrets") return new Response("not found", { status: 404 });
    if (request.headers.get("authorization") !== `Bearer ${token}`)
      return new Response(null, { status: 401 });
    return Response.json({
      secrets: Object.entries(secrets).map(([name, value], id) => ({ id, name, value })),
    });
  });
}

/** An empty folder that is removed when the test, or the test file, ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "secretsfly-cli-"));
  atTheEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface CliOptions {
  /** Over PATH, HOME, the token and no retries. */
  env?: Record<string, string>;
  cwd?: string;
  /** What is on standard input; nothing unless told. */
  stdin?: string;
}

/** The words that start the CLI, and the environment for it. */
export function commandLine(args: readonly string[], options: CliOptions = {}) {
  return {
    cmd: [process.execPath, main, ...args],
    cwd: options.cwd ?? "/",
    env: {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      HOME: "/nonexistent",
      SECRETSFLY_TOKEN: token,
      SECRETSFLY_RETRIES: "0",
      ...options.env,
    },
  };
}

/** Starts the CLI with pipes for its output. */
export function startCli(args: readonly string[], options: CliOptions = {}) {
  return Bun.spawn({
    ...commandLine(args, options),
    stdin: options.stdin === undefined ? "ignore" : new Blob([options.stdin]),
    stdout: "pipe",
    stderr: "pipe",
    // In a session of its own, so that it does not matter whether the tests are run from a terminal.
    detached: true,
  });
}

/** Runs the CLI to its end. Fails when the token's secret is in what it printed. */
export async function cli(args: readonly string[], options: CliOptions = {}) {
  const child = startCli(args, options);
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if ((stdout + stderr).includes(tokenSecret)) throw new Error("the token was printed");
  return { stdout, stderr, exitCode };
}

/** Reads a stream until it has shown the text, and returns all that was read. Fails when it ends before. */
export async function readUntil(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  text: string,
): Promise<string> {
  const decoder = new TextDecoder();
  let seen = "";
  while (!seen.includes(text)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`ended before ${JSON.stringify(text)}: ${JSON.stringify(seen)}`);
    seen += decoder.decode(value, { stream: true });
  }
  return seen;
}
