import { EventStreamParser } from "./event-stream.ts";
import { Mailbox } from "./mailbox.ts";
import { type Failure, RequestError } from "./request-error.ts";
import { expired, within } from "./runtime.ts";
import type { Call, Transport } from "./transport.ts";
import type { Revision, SecretList, WatchOptions, WatchStatus } from "./types.ts";

/** What watching stands on. */
export interface WatchSource {
  transport: Transport;
  /** Asks for the secrets, as `SecretsflyClient.list` does. */
  list(options: { signal: AbortSignal }): Promise<SecretList>;
}

/** How one attempt to listen went. */
type Listening =
  /** Something came through, and then it ended. */
  | "heard"
  /** The server could not be reached or had no time. */
  | "failed"
  /** It answers, but no byte of a stream gets through. */
  | "silent";

/** A proxy that holds the first bytes back will hold all of them back. */
const firstByteMs = 10_000;
/** Pings come every 15 s: three of them are missing. */
const silenceMs = 45_000;
/** How long to ask again and again before the stream is tried once more. */
const pollingMs = 300_000;
const maxReconnectMs = 60_000;
/** As far as a server that is away is obeyed; it may have meant something else. */
const maxRetryAfterMs = 300_000;
/** After so many attempts in a row without a byte it is time to ask instead. */
const patience = 3;

/** What waiting does not mend where the server itself says it. */
const hopeless: ReadonlySet<Failure> = new Set(["unauthorized", "forbidden", "not-found"]);
/**
 * What waiting does not mend where it never worked. Later it may be an accident on the way: some proxies answer 404
 * while the server behind them is started anew.
 */
const hopelessAtFirst: ReadonlySet<Failure> = new Set([
  ...hopeless,
  "tls",
  "redirected",
  "invalid",
  "unexpected",
]);

/** Yields revisions: see `SecretsflyClient.watch`. */
export async function* watch(
  source: WatchSource,
  options: WatchOptions,
): AsyncGenerator<Revision, void, undefined> {
  const stop = new AbortController();
  const mailbox = new Mailbox<string>();
  const onAbort = () => {
    stop.abort();
    mailbox.end();
  };
  if (options.signal?.aborted) return;
  options.signal?.addEventListener("abort", onAbort, { once: true });
  // Beside the consumer, who may be busy: otherwise a stream would fill up while nobody reads it.
  new Watcher(source, options, mailbox, stop.signal).run().catch((error: unknown) => mailbox.end(error));
  try {
    for (;;) {
      const revision = await mailbox.take();
      if (revision === undefined || stop.signal.aborted) return;
      yield { revision };
    }
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
    stop.abort();
  }
}

class Watcher {
  #revision = "";
  #lastEventId = "";
  #status: WatchStatus | undefined;
  #reconnectMs = 3000;
  #retryAfterMs = 0;

  constructor(
    private readonly source: WatchSource,
    private readonly options: WatchOptions,
    private readonly mailbox: Mailbox<string>,
    private readonly signal: AbortSignal,
  ) {}

  /** Never returns; throws RequestError, or the signal's reason. */
  async run(): Promise<never> {
    for (let failures = 0, hasPolled = false; ; ) {
      const listening = await this.#listen();
      if (listening === "heard") [failures, hasPolled] = [0, false];
      else failures += listening === "silent" ? patience : 1;
      if (failures >= patience) {
        await this.#poll(listening === "failed" && !hasPolled);
        hasPolled = true;
        // The next attempt has one chance before asking goes on.
        failures = patience - 1;
      } else {
        this.#setStatus("reconnecting");
        await this.#wait(Math.min(this.#reconnectMs * 2 ** failures, maxReconnectMs));
      }
    }
  }

  async #listen(): Promise<Listening> {
    const stop = new AbortController();
    const onAbort = () => stop.abort(this.signal.reason);
    this.signal.addEventListener("abort", onAbort, { once: true });
    try {
      const body = await this.#open(stop.signal);
      return body ? await this.#follow(body.getReader()) : "silent";
    } catch (error) {
      this.signal.throwIfAborted();
      this.#throwIfHopeless(error);
      return "failed";
    } finally {
      this.signal.removeEventListener("abort", onAbort);
      stop.abort();
    }
  }

  /** The stream's bytes; undefined where what answers is no stream. */
  async #open(signal: AbortSignal): Promise<ReadableStream<Uint8Array> | undefined> {
    const { transport } = this.source;
    const headers = {
      Accept: "text/event-stream",
      // No header can hold anything else, and no revision has it.
      ...(/^[!-~]+$/.test(this.#lastEventId) && { "Last-Event-ID": this.#lastEventId }),
    };
    const call: Call = { method: "GET", path: "/secrets/events", headers };
    const response = await transport.open(call, signal);
    if (response === expired) return undefined;
    if (response.status === 200) {
      const isStream = /^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "");
      return isStream ? (response.body ?? undefined) : undefined;
    }
    const failure = await transport.failureOf(response, call.path, signal);
    if (failure.failure === "unexpected" && failure.status !== 404) return undefined;
    throw failure;
  }

  async #follow(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Listening> {
    const { runtime } = this.source.transport.settings;
    const parser = new EventStreamParser(this.#lastEventId);
    let heard = false;
    try {
      for (;;) {
        const chunk = await within(runtime, reader.read(), heard ? silenceMs : firstByteMs, this.signal);
        if (chunk === expired) return heard ? "heard" : "silent";
        if (chunk.done) return heard ? "heard" : "failed";
        if (chunk.value.length === 0) continue;
        heard = true;
        this.#setStatus("streaming");
        for (const event of parser.push(chunk.value)) {
          if (event.type === "revision") this.#tell(readRevision(event.data));
        }
        this.#lastEventId = parser.lastEventId;
        this.#reconnectMs = Math.max(parser.retryMs ?? this.#reconnectMs, 100);
      }
    } catch {
      this.signal.throwIfAborted();
      return heard ? "heard" : "failed";
    } finally {
      reader.cancel().catch(() => {});
    }
  }

  /**
   * Asks for the secrets again and again, until the stream is worth another try.
   *
   * @param wasAway the server may have been away: that it let no stream through may have been no more than that, so
   *   that its first answer is enough
   */
  async #poll(wasAway: boolean): Promise<void> {
    const { now } = this.source.transport.settings.runtime;
    const pollMs = (this.options.pollSeconds ?? 30) * 1000;
    const end = now() + pollingMs;
    let missed = wasAway;
    while (now() < end) {
      try {
        const { etag } = await this.source.list({ signal: this.signal });
        this.#lastEventId = revisionOf(etag);
        this.#tell(this.#lastEventId);
        if (missed) return;
        this.#setStatus("polling");
      } catch (error) {
        this.signal.throwIfAborted();
        this.#throwIfHopeless(error);
        this.#setStatus("reconnecting");
        missed = true;
      }
      await this.#wait(pollMs);
    }
  }

  /**
   * Between half of the time and all of it, so that clients that lost the same server do not return as one, but not
   * less than the server has asked for.
   */
  async #wait(milliseconds: number): Promise<void> {
    const { runtime } = this.source.transport.settings;
    const spread = milliseconds * (0.5 + runtime.random() / 2);
    await runtime.sleep(Math.max(spread, this.#retryAfterMs), this.signal);
    this.#retryAfterMs = 0;
  }

  #tell(revision: string): void {
    if (revision === "" || revision === this.#revision) return;
    this.#revision = revision;
    this.mailbox.put(revision);
  }

  #setStatus(status: WatchStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    try {
      this.options.onStatus?.(status);
    } catch (error) {
      // The caller's own fault, not the connection's: it is thrown where the caller waits.
      this.mailbox.end(error);
    }
  }

  /** Otherwise takes down how long the server wants to be left alone. */
  #throwIfHopeless(error: unknown): void {
    if (!(error instanceof RequestError)) throw error;
    const { failure, problem } = error;
    const isHopeless =
      this.#revision === "" ? hopelessAtFirst.has(failure) : hopeless.has(failure) && problem;
    if (isHopeless) throw error;
    this.#retryAfterMs = Math.min((error.retryAfterSeconds ?? 0) * 1000, maxRetryAfterMs);
  }
}

function readRevision(data: string): string {
  try {
    const { revision }: { revision?: unknown } = Object(JSON.parse(data));
    return typeof revision === "string" ? revision : "";
  } catch {
    return "";
  }
}

/** The revision is the last part of every ETag. It is looked for from where a part begins, and not from every letter. */
function revisionOf(etag: string): string {
  const revision = /(?<![^".])([^".]+)"$/.exec(etag)?.[1];
  if (revision !== undefined) return revision;
  throw new RequestError(
    "unexpected",
    "the server's answers come without their ETag: is a proxy in between?",
  );
}
