import { expect } from "bun:test";
import { dirname } from "node:path";
import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { bearer, fetchMap, type TestBrowser } from "../harness.ts";
import { databaseIn, type ServerProcess, startFileServer } from "../server-process.ts";

/** A server process with a project that is unsealed, something in it, and a service token. */
export interface FaultyWorld extends AsyncDisposable {
  server: ServerProcess;
  admin: TestBrowser;
  id: number;
  masterKey: string;
  /** A write token of `prod`. */
  token: string;
  /** The database's file, and its folder. */
  file: string;
  data: string;
  put(name: string, value: string): Promise<Response>;
  secrets(): Promise<Record<string, string>>;
  /** `GET /api/status`, as a status and what it says. */
  status(): Promise<[status: number, db: string]>;
  /** Stops the server, and gives what it logged, line by line. */
  logs(): Promise<Record<string, unknown>[]>;
}

/** Starts a server in a folder: `prod` of the project has the secret `BEFORE`. */
export async function createFaultyWorld(
  folder: string,
  env: Record<string, string> = {},
): Promise<FaultyWorld> {
  const server = await startFileServer(folder, { LOG_LEVEL: "debug", ...env });
  const admin = server.browser();
  const { id, masterKey } = await admin.createRoot("shop");
  const token = await admin.createToken(id, "prod", "write");
  const file = databaseIn(folder);
  const put = (name: string, value: string) =>
    server.request(`/api/secrets/${name}`, {
      method: "PUT",
      headers: { ...bearer(token), "Content-Type": "application/json" },
      body: JSON.stringify({ value }),
    });
  expect((await put("BEFORE", "was there")).status).toBe(201);
  return {
    ...{ server, admin, id, masterKey, token, file, data: dirname(file), put },
    secrets: () => fetchMap(server, token),
    async status() {
      const response = await server.request("/api/status");
      return [response.status, ((await response.json()) as { db: string }).db];
    },
    async logs() {
      const { stderr } = await server.stop();
      return stderr
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A refusal as it is promised: a problem that says what is wrong and when to come again, with no trace of the inside. */
export async function expectUnavailable(response: Response, words: string): Promise<void> {
  expect(response.status).toBe(503);
  expect(Number(response.headers.get("Retry-After"))).toBeGreaterThan(0);
  const problem = (await response.json()) as Record<string, unknown>;
  expect(problem).toMatchObject({ type: "urn:secretsfly:problem:unavailable", status: 503 });
  expect(String(problem.detail)).toContain(words);
  expect(JSON.stringify(problem)).not.toMatch(/SQLITE|\.ts:|\.db/);
}

/** Saves a secret in the browser where that is refused: its page says why, and holds what was typed. */
export async function expectFormKept({ admin, id }: FaultyWorld, words: string): Promise<void> {
  const answer = await admin.save(id, "prod", { TYPED_NAME: "typed value" });
  const page = await answer.text();
  expect([answer.status, answer.headers.get("Retry-After") !== null]).toEqual([503, true]);
  for (const part of [words, "TYPED_NAME", "typed value"]) expect(page).toContain(part);
}

/** Looks at all of a database file, with the master key: nothing of it may be half there. */
export async function expectWhole(file: string, masterKey: string): Promise<void> {
  const options = { masterKeys: [masterKey], keepsVersions: true, clock: Date.now };
  const { faults, opened } = await verifyDatabase({ file, env: {} }, options);
  expect(faults).toEqual([]);
  expect(opened?.versions).toBeGreaterThan(0);
}

/** The faults of the storage that were logged, in their order: each once when it begins, and once when it is over. */
export function storageNews(logs: readonly Record<string, unknown>[]): string[] {
  return logs
    .filter(({ fault }) => fault !== undefined)
    .map(({ fault, level }) => `${fault} ${level === 50 ? "began" : "ended"}`);
}

/** Asks until the answer is as it is wanted; fails with the last one shortly before the test's own time is over. */
export async function eventually<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  const until = performance.now() + 100_000;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (performance.now() > until) throw new Error(`still ${JSON.stringify(answer)}`);
    await Bun.sleep(20);
  }
}
