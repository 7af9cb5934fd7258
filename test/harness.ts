import { type Config, parseConfig } from "../src/config.ts";
import { systemRandom } from "../src/cryptography/bytes.ts";
import { connect, type Database, databaseFile } from "../src/database/connect.ts";
import { migrate } from "../src/database/migrate.ts";
import { migrations } from "../src/database/migrations.ts";
import { createHandler } from "../src/http/app.ts";
import type { Handler } from "../src/http/fast-path.ts";
import { createLogger } from "../src/logger.ts";
import { createServices } from "../src/main.ts";
import type { Sessions } from "../src/sessions/sessions.ts";
import type { ChangeFeed } from "../src/vault/change-feed.ts";
import type { KnownTokens } from "../src/vault/known-tokens.ts";
import type { TokenUsage } from "../src/vault/token-usage.ts";
import type { Vault } from "../src/vault/vault.ts";
import { newFile, newPlace, type Place } from "./place.ts";
import { type Stored, storedAt } from "./stored.ts";

/**
 * A whole secretsfly in this process: the real app over a real database of its own, a clock that only moves when a test
 * moves it, and the lines that it logs.
 */
export interface TestApp {
  /** What a server does with a request. */
  handle: Handler;
  /** What answers the requests that do not take the fast path. */
  app: ReturnType<typeof createHandler>["app"];
  config: Config;
  vault: Vault;
  db: Database;
  sessions: Sessions;
  knownTokens: KnownTokens;
  usage: TokenUsage;
  changes: ChangeFeed;
  clock: TestClock;
  /** Every line that was logged, at every level. */
  logs: string[];
  /** The database's path; beside it are its WAL and shared memory. Throws where the database is on a server. */
  readonly file: string;
  /** The database, past the program. */
  stored: Stored;
  /** Every file that holds something of it, wherever it is. */
  files(): string[];
  /** A request without a session; headers as given. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** A browser of its own: it keeps its cookie and sends its origin. */
  browser(): TestBrowser;
  /** A second app in the same process on the same database, as another process would be; `env` over the first's. */
  sibling(env?: Record<string, string>): Promise<TestApp>;
  /** An app on a copy of the database, as a thief or a backup has it. `tamper` is given the copy before the app opens it. */
  copy(tamper?: (copy: Place) => unknown): Promise<TestApp>;
  close(): void;
}

interface TestClock {
  now: number;
  /** Milliseconds from whenever: what goes on when somebody sets the clock. */
  steady: number;
  /** Lets time pass, in milliseconds. */
  advance(milliseconds: number): void;
  /** Sets the clock, back with a negative number of milliseconds: no time passes. */
  set(milliseconds: number): void;
}

/** Where the test app believes it is reached. */
export const origin = "http://localhost:3000";

const startOfTests = Date.UTC(2026, 0, 1);

/**
 * Starts an app of its own, on a file, or where this run has its databases (`bun run test:sqld`). `env` are settings as
 * from the environment; environments are dev and prod unless told.
 *
 * @param way - "fast": fetches take the fast path, as on a server. Else what is known of tokens is not believed: tests
 *   write past the vault, and from siblings, and would be answered with what was, or not, as the threads happen to run
 */
export async function createTestApp(
  env: Record<string, string> = {},
  way: "fast" | "sure" = "sure",
): Promise<TestApp> {
  return openTestApp(await newPlace(), newClock(), { ...environments, ...env }, way);
}

/**
 * The same on a file in any run: for what a test says of a file as such, such as its locks, its WAL, its copies, and the
 * commands that are given one.
 */
export function createFileApp(
  env: Record<string, string> = {},
  way: "fast" | "sure" = "sure",
): Promise<TestApp> {
  return openTestApp(newFile(), newClock(), { ...environments, ...env }, way);
}

const environments = { AVAILABLE_ENVIRONMENTS: "dev,prod" };

function newClock(): TestClock {
  const clock: TestClock = {
    now: startOfTests,
    steady: 0,
    advance(milliseconds) {
      clock.now += milliseconds;
      clock.steady += milliseconds;
    },
    set(milliseconds) {
      clock.now += milliseconds;
    },
  };
  return clock;
}

async function openTestApp(
  place: Place,
  clock: TestClock,
  env: Record<string, string>,
  way: "fast" | "sure" = "sure",
): Promise<TestApp> {
  const config = parseConfig({ DATABASE_URL: place.url, LOG_LEVEL: "trace", ...env });
  const db = connect({ databaseUrl: config.DATABASE_URL, databaseAuthToken: config.DATABASE_AUTH_TOKEN });
  await migrate(db.$client, migrations, clock.now);
  const logs: string[] = [];
  const logger = createLogger(config.LOG_LEVEL, { write: (line) => logs.push(line) });
  const now = () => clock.now;
  const services = await createServices(config, db, now, systemRandom, () => clock.steady);
  const { vault, sessions, knownTokens, usage, changes } = services;
  if (way === "sure") knownTokens.freshness.isFresh = () => false;
  const { handle, app } = createHandler({ config, logger, ...services });
  const request = async (path: string, init?: RequestInit) => handle(new Request(origin + path, init));
  return {
    ...{ handle, app, config, vault, db, sessions, knownTokens, usage, changes, clock, logs, request },
    get file() {
      const file = databaseFile(config.DATABASE_URL);
      if (file === undefined) throw new Error("the database is on a server: createFileApp has a file");
      return file;
    },
    ...{ stored: storedAt(config.DATABASE_URL), files: place.files },
    browser: () => new TestBrowser(request),
    sibling: (other = {}) => openTestApp({ ...place, remove: () => {} }, clock, { ...env, ...other }),
    async copy(tamper = () => {}) {
      const copy = await place.copy();
      await tamper(copy);
      return openTestApp(copy, clock, env);
    },
    close() {
      changes.close();
      db.$client.close();
      place.remove();
    },
  };
}

/** Fields of a form: one value, or the values of a repeated field. */
export type Fields = Record<string, string | readonly string[]>;

/** What an admin does with a browser, without the browser. */
export class TestBrowser {
  #cookies = new Map<string, string>();

  constructor(private readonly request: (path: string, init?: RequestInit) => Promise<Response>) {}

  /** The session cookie as it would be sent; empty before there is one. */
  get cookie(): string {
    return this.#pairs((name) => name.endsWith("session"));
  }

  /** The cookie that says what this browser has succeeded with, as it would be sent; empty before there is one. */
  get known(): string {
    return this.#pairs((name) => name.endsWith("browser"));
  }

  #pairs(isWanted: (name: string) => boolean): string {
    const wanted = [...this.#cookies].filter(([name]) => isWanted(name));
    return wanted.map(([name, value]) => `${name}=${value}`).join("; ");
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.#send(path, { headers });
  }

  /** Posts a form as a browser does. */
  post(path: string, fields: Fields = {}, headers: Record<string, string> = {}): Promise<Response> {
    const body = new URLSearchParams();
    for (const [name, values] of Object.entries(fields)) {
      for (const value of typeof values === "string" ? [values] : values) body.append(name, value);
    }
    return this.#send(path, { method: "POST", body, headers: { Origin: origin, ...headers } });
  }

  /** The page that a GET ends at after redirects. */
  async open(path: string): Promise<string> {
    let response = await this.get(path);
    for (let hops = 0; hops < 5 && response.status >= 300 && response.status < 400; hops++) {
      response = await this.get(response.headers.get("Location") ?? "/");
    }
    return response.text();
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const cookies = this.#pairs(() => true);
    if (cookies) headers.set("Cookie", cookies);
    const response = await this.request(path, { ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split("; ");
      const [name = "", value = ""] = pair.split("=");
      if (value === "" || attributes.includes("Max-Age=0")) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }

  /** Creates a root project; without a passphrase its master key is generated. */
  async createRoot(name: string, passphrase = ""): Promise<{ id: number; masterKey: string }> {
    const response = await this.post("/admin/projects", {
      name,
      description: "",
      parentId: "",
      masterKey: passphrase,
    });
    if (passphrase) return { id: idIn(response.headers.get("Location")), masterKey: passphrase };
    const page = await response.text();
    const masterKey = /id="master-key"[^>]*>([^<]+)</.exec(page)?.[1];
    if (!masterKey) throw new Error(`no master key on the page (status ${response.status})`);
    // The header links to what is unsealed already; the page itself is about the new one.
    const main = page.slice(page.indexOf("<main"));
    return { id: idIn(/href="(\/admin\/projects\/\d+)"/.exec(main)?.[1]), masterKey };
  }

  async createChild(name: string, parentId: number): Promise<number> {
    const response = await this.post("/admin/projects", {
      name,
      description: "",
      parentId: String(parentId),
    });
    return idIn(response.headers.get("Location"));
  }

  unseal(id: number, masterKey: string): Promise<Response> {
    return this.post(`/admin/projects/${id}/unseal`, { masterKey });
  }

  /** Saves secrets in one form. */
  save(id: number, environment: string, secrets: Record<string, string>): Promise<Response> {
    const fields = { name: Object.keys(secrets), value: Object.values(secrets) };
    return this.post(`/admin/projects/${id}/environments/${environment}/secrets`, fields);
  }

  /** Creates a service token and returns its text. */
  async createToken(id: number, environment: string, rights = "read", more: Fields = {}): Promise<string> {
    const fields = { name: "test", environment, rights, ...more };
    const response = await this.post(`/admin/projects/${id}/service-tokens`, fields);
    const token = /id="service-token"[^>]*>([^<]+)</.exec(await response.text())?.[1];
    if (!token) throw new Error(`no service token on the page (status ${response.status})`);
    return token;
  }
}

function idIn(location: string | null | undefined): number {
  const id = Number(/\/admin\/projects\/(\d+)/.exec(location ?? "")?.[1]);
  if (!id) throw new Error(`no project's address in ${location}`);
  return id;
}

/** `Authorization` of a service token. */
export function bearer(token: string): { Authorization: string } {
  return { Authorization: `Bearer ${token}` };
}

/** What an app gets: names and values. Throws for any answer but 200. */
export async function fetchMap(
  app: Pick<TestApp, "request">,
  token: string,
): Promise<Record<string, string>> {
  const response = await app.request("/api/secrets?format=map", { headers: bearer(token) });
  if (response.status !== 200) throw new Error(`GET /api/secrets answered ${response.status}`);
  return (await response.json()) as Record<string, string>;
}
