/** What becomes of what is replicated. A number: so many parts of it come, of at most 1024 pages each, and no more. */
type Way = "passes" | "refused" | "held" | number;

/** What stands between a server and its primary, such as a proxy that lets through SQL and treats replication as it likes. */
export interface Between extends Disposable {
  url: string;
  /** Says what becomes of replication from now on: what was `held` goes that way, too. */
  replication(way: Way): void;
  /** How many requests of replication came so far. */
  readonly asked: number;
}

/** Starts one in front of a primary. `using` ends it. */
export function startProxy(target: string): Between {
  let way: Way = "passes";
  let asked = 0;
  let changed = Promise.withResolvers<void>();
  const forward = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const body = method === "GET" ? undefined : await request.arrayBuffer();
    // As it comes: what is compressed stays so.
    return fetch(target + pathname + search, {
      method,
      headers,
      body: body ?? null,
      decompress: false,
    }).catch(() => new Response("no", { status: 502 }));
  };
  const replicate = async (request: Request): Promise<Response> => {
    asked++;
    while (way === "held") await changed.promise;
    if (way === "refused") return new Response("no", { status: 401 });
    if (typeof way === "number" && new URL(request.url).pathname.endsWith("Entries")) {
      if (way === 0) return new Response("no", { status: 502 });
      way--;
    }
    return forward(request);
  };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: (request) =>
      /^\/(?:info|wal_log)/.test(new URL(request.url).pathname) ? replicate(request) : forward(request),
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    replication(to) {
      way = to;
      changed.resolve();
      changed = Promise.withResolvers<void>();
    },
    get asked() {
      return asked;
    },
    [Symbol.dispose]: () => void server.stop(true),
  };
}
