import { connectionFailure } from "./connection-failure.ts";
import { type Answer, answerFailure } from "./failed-answer.ts";
import type { Failure, RequestError } from "./request-error.ts";
import { expired, type Runtime, within } from "./runtime.ts";
import type { FetchInit } from "./types.ts";

/** One request of the API. */
export interface Call {
  method: "GET" | "PUT" | "PATCH" | "DELETE";
  /** Below the API's address, e.g. `/secrets`. */
  path: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** False: done twice it would not be what it is done once, so that it is not sent again once it may have been done. */
  repeatable?: boolean;
  /** True: a 404 to a repeated request is success, as the attempt before may have deleted it. */
  goneIsDone?: boolean;
}

/** Where requests go, and how patiently. */
export interface TransportSettings {
  /** From `normaliseApiBaseUrl`. */
  apiBaseUrl: string;
  token: string;
  timeoutMs: number;
  retries: number;
  fetch: (url: string, init: FetchInit) => Response | Promise<Response>;
  runtime: Runtime;
}

/** Longer than this nobody is made to wait; the error says what the server asked for. */
const maxRetryAfterSeconds = 30;
const firstBackoffMs = 250;
const maxBackoffMs = 8000;

/** What may be over a moment later. */
const passing: ReadonlySet<Failure> = new Set(["unreachable", "timeout", "rate-limited", "unavailable"]);

/** Sends requests of one token to one server, again where that helps. */
export class Transport {
  constructor(readonly settings: TransportSettings) {}

  urlOf(path: string): string {
    return this.settings.apiBaseUrl + path;
  }

  /**
   * Sends a request once and gives its answer as soon as that begins.
   *
   * @param signal ends the answer's body, too
   * @returns `expired` where nothing began within `timeoutMs`
   * @throws RequestError, or the signal's reason
   */
  async open(call: Call, signal: AbortSignal): Promise<Response | typeof expired> {
    const { fetch, runtime, timeoutMs } = this.settings;
    const { url, init } = this.#request(call, signal);
    try {
      return await within(runtime, Promise.resolve(fetch(url, init)), timeoutMs, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw this.#connectionFailure(error, url);
    }
  }

  /** What is wrong with an answer that `open` gave. Its body is read; where that fails, the status says enough. */
  async failureOf(response: Response, path: string, signal: AbortSignal): Promise<RequestError> {
    const { runtime, timeoutMs } = this.settings;
    const body = await within(runtime, response.text(), timeoutMs, signal).catch(() => expired);
    return this.#answerFailure(response, typeof body === "string" ? body : "", this.urlOf(path));
  }

  /**
   * Sends a request, up to `retries` times more.
   *
   * @returns a 2xx or a 304
   * @throws RequestError, or the reason of the call's signal
   */
  async send(call: Call): Promise<Answer> {
    for (let attempt = 0, mayBeDone = false; ; attempt++) {
      const { answer, failure } = await this.#attempt(call);
      if (failure === undefined) return answer;
      if (call.goneIsDone && mayBeDone && failure.failure === "not-found")
        return { status: 204, headers: new Headers(), body: "" };
      mayBeDone ||= !isRefusal(failure);
      const again = attempt < this.settings.retries && passing.has(failure.failure);
      if (!again || (call.repeatable === false && mayBeDone)) throw failure;
      const wait = this.#waitMs(attempt, failure);
      if (wait === undefined) throw failure;
      await this.settings.runtime.sleep(wait, call.signal);
    }
  }

  async #attempt(
    call: Call,
  ): Promise<{ answer: Answer; failure?: undefined } | { answer?: undefined; failure: RequestError }> {
    const { fetch, timeoutMs } = this.settings;
    call.signal?.throwIfAborted();
    // By hand: `AbortSignal.any` came with Node 20.3.
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(new DOMException("", "TimeoutError")), timeoutMs);
    const onAbort = () => stop.abort(call.signal?.reason);
    call.signal?.addEventListener("abort", onAbort, { once: true });
    const { url, init } = this.#request(call, stop.signal);
    try {
      const response = await fetch(url, init);
      const body = await response.text();
      if (response.ok || response.status === 304)
        return { answer: { status: response.status, headers: response.headers, body } };
      return { failure: this.#answerFailure(response, body, url) };
    } catch (error) {
      call.signal?.throwIfAborted();
      // Runtimes disagree on what an aborted fetch throws; the signal knows.
      const reason = stop.signal.aborted ? stop.signal.reason : error;
      return { failure: this.#connectionFailure(reason, url) };
    } finally {
      clearTimeout(timer);
      call.signal?.removeEventListener("abort", onAbort);
    }
  }

  /** What `fetch` is given. The token stands here and nowhere else. */
  #request(call: Call, signal: AbortSignal): { url: string; init: FetchInit } {
    const { method, headers, body } = call;
    const all = {
      Accept: "application/json",
      Authorization: `Bearer ${this.settings.token}`,
      ...(body !== undefined && { "Content-Type": "application/json" }),
      ...headers,
    };
    const content = body !== undefined && { body: JSON.stringify(body) };
    return {
      url: this.urlOf(call.path),
      init: { method, headers: all, ...content, redirect: "manual", signal },
    };
  }

  #connectionFailure(error: unknown, url: string): RequestError {
    return connectionFailure(error, url, this.settings.token, this.settings.timeoutMs);
  }

  #answerFailure({ status, headers }: Response, body: string, url: string): RequestError {
    const { token, runtime } = this.settings;
    return answerFailure({ status, headers, body }, url, token, runtime.now());
  }

  /** Exponential backoff with full jitter, at least what `Retry-After` asks for; undefined where that is too long. */
  #waitMs(attempt: number, { retryAfterSeconds = 0 }: RequestError): number | undefined {
    if (retryAfterSeconds > maxRetryAfterSeconds) return undefined;
    const backoff = this.settings.runtime.random() * Math.min(firstBackoffMs * 2 ** attempt, maxBackoffMs);
    return Math.max(backoff, retryAfterSeconds * 1000);
  }
}

/** Whether nothing can have been done: the server, or somebody before it, said no. Any other 5xx may have come too late. */
function isRefusal({ status }: RequestError): boolean {
  return status !== undefined && (status < 500 || status === 503);
}
