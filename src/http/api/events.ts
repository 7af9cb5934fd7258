import type { Context } from "hono";
import type { Listener } from "../../vault/change-feed.ts";
import { keepConnection } from "../keep-connection.ts";
import type { TokenEnv } from "./authenticate.ts";

const headers = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-store",
  // Otherwise nginx keeps events back until it has many.
  "X-Accel-Buffering": "no",
};

/** How long a client waits before it connects again, in milliseconds. */
const retry = "retry: 3000\n\n";
const ping = "event: ping\ndata: {}\n\n";

/** The id lets a client that connects again say what it knows, as `Last-Event-ID`. */
function revisionEvent(revision: string): string {
  return `event: revision\nid: ${revision}\ndata: ${JSON.stringify({ revision })}\n\n`;
}

/**
 * Server-sent events (HTML, 9.2): the revision of what apps get, now and whenever it changes, and pings. No key is
 * opened for it. Ends with the service token, with the server, or when the client goes.
 * Throws SecretsflyError `busy` where too many listen.
 */
export function sendEvents(c: Context<TokenEnv>): Response {
  if (c.req.method === "HEAD") return c.body(null, 200, headers);
  const { access, changes } = c.var;
  const { bodyId } = access.view;
  const present = c.req.header("Last-Event-ID") === bodyId ? ping : revisionEvent(bodyId);
  const stream = openStream(retry + present, c.req.raw.signal, (listener) =>
    changes.listen(access, listener),
  );
  keepConnection(c);
  return c.body(stream, 200, headers);
}

/**
 * A body that begins with `first` and goes on with what its listener is told. It keeps one event for a reader that is
 * slow, the newest: whoever learns of a revision late need not learn of those before it.
 */
function openStream(
  first: string,
  signal: AbortSignal,
  listen: (listener: Listener) => () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let waiting: string | undefined;
  const send = (event: string) => {
    if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(event));
    else if (event !== ping) waiting = event;
  };
  const stopListening = listen({
    onRevision: (revision) => send(revisionEvent(revision)),
    onPing: () => send(ping),
    onEnd: () => controller.close(),
  });
  signal.addEventListener("abort", stopListening);
  if (signal.aborted) stopListening();
  return new ReadableStream({
    start(opened) {
      controller = opened;
      send(first);
    },
    pull() {
      if (waiting === undefined) return;
      const event = waiting;
      waiting = undefined;
      send(event);
    },
    cancel: stopListening,
  });
}
