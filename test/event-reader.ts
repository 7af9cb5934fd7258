import { bearer } from "./harness.ts";

/** A server-sent event: its fields by name, such as `event`, `id` and `data`. */
export type ReadEvent = Record<string, string>;

/** Reads server-sent events one by one, as they come. */
export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(readonly response: Response) {
    if (!response.body) throw new Error(`no events: it answered ${response.status}`);
    this.#reader = response.body.getReader();
  }

  /** The next event; undefined when the stream has ended. */
  async next(): Promise<ReadEvent | undefined> {
    while (!this.#text.includes("\n\n")) {
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += this.#decoder.decode(value, { stream: true });
    }
    const end = this.#text.indexOf("\n\n");
    const lines = this.#text.slice(0, end).split("\n");
    this.#text = this.#text.slice(end + 2);
    return Object.fromEntries(lines.map((line) => line.split(/: (.*)/s, 2)));
  }

  /** The next event, which must be a revision. */
  async nextRevision(): Promise<string> {
    const event = await this.next();
    if (event?.event !== "revision") throw new Error(`no revision but ${JSON.stringify(event)}`);
    return event.id ?? "";
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

/** Listens with a service token. Throws for any answer but 200. */
export async function listen(
  to: { request(path: string, init?: RequestInit): Promise<Response> },
  token: string,
  headers: Record<string, string> = {},
): Promise<EventReader> {
  const response = await to.request("/api/secrets/events", { headers: { ...bearer(token), ...headers } });
  if (response.status !== 200) throw new Error(`GET /api/secrets/events answered ${response.status}`);
  return new EventReader(response);
}

/** Listens, and skips what is said at once: how long to wait, and the present revision. */
export async function listening(
  to: { request(path: string, init?: RequestInit): Promise<Response> },
  token: string,
): Promise<EventReader> {
  const reader = await listen(to, token);
  await reader.next();
  await reader.nextRevision();
  return reader;
}
