/** What becomes of a request: it passes, it does not reach the server, or its answer does not reach who asked. */
type Fate = "passes" | "request is lost" | "answer is lost";

/** A way to a server that somebody stands at. `await using` closes it. */
interface Door extends AsyncDisposable {
  url: string;
  /** How many requests have come. */
  requests: number;
  /** What all that come wait for, such as somebody else's write. */
  busy: Promise<unknown> | undefined;
}

/**
 * Opens a way to a server.
 *
 * @param look - is given the number of each request, from 1, and says what becomes of it; it may take its time
 */
export function startDoor(
  url: string,
  look: (request: number) => Fate | Promise<Fate> = () => "passes",
): Door {
  const listener = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      await door.busy;
      const fate = await look(++door.requests);
      if (fate === "request is lost") return new Response("", { status: 502 });
      const { method, headers } = request;
      const body = method === "GET" ? null : await request.arrayBuffer();
      const answer = await fetch(url + new URL(request.url).pathname, { method, headers, body });
      const text = await answer.arrayBuffer();
      if (fate === "answer is lost") return new Response("", { status: 502 });
      return new Response(text, { status: answer.status });
    },
  });
  const door: Door = {
    ...{ url: listener.url.origin, requests: 0, busy: undefined },
    [Symbol.asyncDispose]: () => listener.stop(true),
  };
  return door;
}
