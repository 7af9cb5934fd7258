/** A world for the client in which no time passes unless a test says so. */

import { createClient } from "../../src/client/client.ts";
import type { RequestError, SecretsflyClient } from "../../src/client/index.ts";
import type { Runtime } from "../../src/client/runtime.ts";
import type { ClientOptions, FetchInit } from "../../src/client/types.ts";

export const token = "sfly_abc123_TOKENSECRET_0crc00";
export const baseUrl = "http://secrets.test";

/** A clock whose sleeps end at once; it remembers how long they would have been. */
export class HastyRuntime implements Runtime {
  time = Date.UTC(2026, 0, 1);
  readonly slept: number[] = [];

  constructor(private readonly chance = 1) {}

  now = () => this.time;
  random = () => this.chance;

  async sleep(milliseconds: number): Promise<void> {
    this.slept.push(milliseconds);
    this.time += milliseconds;
  }
}

/** A clock that stands still until it is moved. */
export class ManualRuntime implements Runtime {
  time = Date.UTC(2026, 0, 1);
  #sleepers = new Set<{ until: number; wake: () => void }>();

  now = () => this.time;
  random = () => 1;

  /** How long each one that sleeps still has to, in milliseconds. */
  get sleeping(): number[] {
    return [...this.#sleepers].map(({ until }) => until - this.time);
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper = { until: this.time + milliseconds, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      });
    });
  }

  /** Waits until somebody sleeps for exactly so long, then lets that time pass. */
  async pass(milliseconds: number): Promise<void> {
    await until(() => this.sleeping.includes(milliseconds));
    this.time += milliseconds;
    for (const sleeper of this.#sleepers) {
      if (sleeper.until > this.time) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}

/** Lets everything else run until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > 60_000) throw new Error(`this never held: ${holds}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A request as `fetch` was given it. */
export interface SeenRequest extends FetchInit {
  url: string;
}

/** A client whose server gives these answers, one after the other and then the last one again; an Error is thrown. */
export function clientOf(
  answers: readonly (Response | Error)[],
  options: Partial<ClientOptions> = {},
  runtime: Runtime = new HastyRuntime(),
): { client: SecretsflyClient; requests: SeenRequest[] } {
  const requests: SeenRequest[] = [];
  const fetch = async (url: string, init: FetchInit): Promise<Response> => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push({ ...init, url });
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error("no answer");
    return answer.clone();
  };
  return { client: createClient({ token, baseUrl, fetch, ...options }, runtime), requests };
}

/** An answer of secretsfly's about a fault. */
export function problem(status: number, detail = "", headers: Record<string, string> = {}): Response {
  const body = JSON.stringify({ type: "urn:secretsfly:problem:x", title: "x", status, detail });
  return new Response(body, { status, headers: { "content-type": "application/problem+json", ...headers } });
}

/** What a promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<RequestError> {
  return promise.then(
    () => {
      throw new Error("it did not fail");
    },
    (error) => error,
  );
}
