import { atTheEnd, token } from "./harness.ts";

/** Stands in for a server whose secrets change: the list with its ETag, and the stream of revisions. */
export class LiveApi {
  readonly url: string;
  /** In place of the list, while it is set. */
  answer: (() => Response) | undefined;
  /** Waited for before anything is answered, while it is set. */
  held: Promise<void> | undefined;
  /** How often the list was asked for. */
  lists = 0;
  readonly #listened = Promise.withResolvers<void>();
  #revision = 1;
  #secrets: Record<string, string>;
  readonly #server: Bun.Server<undefined>;
  readonly #streams = new Set<ReadableStreamDefaultController<string>>();

  constructor(secrets: Record<string, string>) {
    this.#secrets = secrets;
    // No time-out: a stream may be silent for as long as it likes.
    const options = { hostname: "127.0.0.1", port: 0, idleTimeout: 0 };
    this.#server = Bun.serve({ ...options, fetch: (request) => this.#handle(request) });
    this.url = `http://127.0.0.1:${this.#server.port}`;
    atTheEnd(() => this.#stop());
  }

  /** Others from now on, which listeners are told. */
  set(secrets: Record<string, string>): void {
    this.#secrets = secrets;
    this.#revision += 1;
    for (const stream of this.#streams) stream.enqueue(this.#event());
  }

  /** Waits until somebody has listened to the stream. */
  listened(): Promise<void> {
    return this.#listened.promise;
  }

  /** The token is no longer valid: the streams end, and everything answers 401. */
  revoke(): void {
    this.answer = () => problem(401, "This token is not valid.");
    this.#endStreams();
  }

  async #stop(): Promise<void> {
    this.#endStreams();
    await this.#server.stop(true);
  }

  async #handle(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (request.headers.get("authorization") !== `Bearer ${token}`) return problem(401, "No.");
    if (pathname === "/api/secrets") this.lists += 1;
    await this.held;
    if (this.answer) return this.answer();
    return pathname === "/api/secrets" ? this.#list(request) : this.#stream();
  }

  #list(request: Request): Response {
    const etag = `"1.prod.json.r${this.#revision}"`;
    if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304 });
    const secrets = Object.entries(this.#secrets).map(([name, value], id) => ({ id, name, value }));
    return Response.json({ secrets }, { headers: { etag } });
  }

  #stream(): Response {
    let own: ReadableStreamDefaultController<string> | undefined;
    const body = new ReadableStream<string>({
      start: (controller) => {
        own = controller;
        this.#streams.add(controller);
        this.#listened.resolve();
        controller.enqueue(`retry: 100\n\n${this.#event()}`);
      },
      cancel: () => {
        if (own) this.#streams.delete(own);
      },
    });
    const bytes = body.pipeThrough(new TextEncoderStream());
    return new Response(bytes, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
  }

  #event(): string {
    const revision = `r${this.#revision}`;
    return `event: revision\nid: ${revision}\ndata: ${JSON.stringify({ revision })}\n\n`;
  }

  #endStreams(): void {
    for (const stream of this.#streams) stream.close();
    this.#streams.clear();
  }
}

/** An error as the API answers it. */
export function problem(status: number, detail: string): Response {
  const body = JSON.stringify({ type: "about:blank", title: "x", status, detail });
  return new Response(body, { status, headers: { "content-type": "application/problem+json" } });
}
