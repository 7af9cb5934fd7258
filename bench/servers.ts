import { join } from "node:path";
import { type ServerProcess, startFileServer } from "../test/server-process.ts";
import type { Fixture } from "./fixture.ts";
import { remember } from "./running.ts";
import type { CannedAnswer } from "./yardstick.ts";

/** What is asked of the measured server: an address and headers. */
export interface Question {
  url: string;
  headers: Record<string, string>;
}

/** An answer that is fetched once, to be given by a yardstick from then on. */
export interface FetchedAnswer extends CannedAnswer {
  /** Of the body. */
  bytes: number;
}

/** A server that is no secretsfly. `await using` ends it. */
interface Yardstick extends AsyncDisposable {
  url: string;
  pid: number;
}

/** Starts secretsfly on a fixture: an executable, or the source where there is none. */
export async function startCandidate(
  { folder, environments }: Fixture,
  executable: string | undefined,
  env: Record<string, string>,
): Promise<ServerProcess> {
  const settings = { AVAILABLE_ENVIRONMENTS: environments.join(","), ...env };
  const command = executable === undefined ? undefined : [executable, "serve"];
  const server = await startFileServer(folder, settings, command);
  const forget = remember(server.pid);
  return {
    ...server,
    async stop(signal) {
      const ended = await server.stop(signal);
      forget();
      return ended;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      forget();
    },
  };
}

/** The question of an app that fetches its secrets. */
export function fetchQuestion(server: Pick<ServerProcess, "url">, token: string): Question {
  return { url: `${server.url}/api/secrets`, headers: { Authorization: `Bearer ${token}` } };
}

/** Headers that a `Bun.serve` adds by itself. */
const ofBun = new Set(["date", "content-length", "connection", "keep-alive"]);

/** Fetches what the measured server answers. Throws for any status but the one that is expected. */
export async function fetchAnswer(question: Question, expected = 200): Promise<FetchedAnswer> {
  const response = await fetch(question.url, { headers: question.headers });
  const body = await response.bytes();
  if (response.status !== expected) throw new Error(`${question.url} answered ${response.status}`);
  const headers = Object.fromEntries([...response.headers].filter(([name]) => !ofBun.has(name)));
  return { status: response.status, headers, body: body.toBase64(), bytes: body.length };
}

/** The same answer without a header beyond those that Bun adds: less than any server could send that people use. */
export function withoutHeaders(answer: FetchedAnswer): FetchedAnswer {
  return { ...answer, headers: {} };
}

/** Starts a yardstick that gives an answer. */
export async function startYardstick({ status, headers, body }: CannedAnswer): Promise<Yardstick> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "yardstick.ts")], {
    stdin: new Blob([JSON.stringify({ status, headers, body })]),
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  if (!value) throw new Error("the yardstick did not start");
  const forget = remember(child.pid);
  return {
    url: new TextDecoder().decode(value).trim(),
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
      forget();
    },
  };
}
