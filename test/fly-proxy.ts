import { join } from "node:path";

/** A request that the proxy has dealt with. */
interface Passed {
  method: string;
  path: string;
  /** The machines that were asked, in turn; those that did not answer among them. */
  asked: string[];
  /** The one whose answer the client got; undefined where the proxy had to answer itself. */
  answeredBy: string | undefined;
}

/** What stands in front of several machines: https for browsers, plain HTTP behind. `await using` ends it. */
export interface FlyProxy extends AsyncDisposable {
  /** Its origin, such as `https://localhost:40123`. */
  url: string;
  /** Name → address. Requests go to them in turn; one that does not answer is left out. */
  machines: Map<string, string>;
  /** All requests so far. */
  passed: Passed[];
  /** Has the next form that is posted to a path arrive at this machine. */
  leadNextForm(path: string, machine: string): void;
}

/** The largest body that is replayed, in bytes. */
const largestReplay = 1_000_000;

const certificate = (name: string) => Bun.file(join(import.meta.dir, "cli/tls", name));

/** How an order to replay is written: `name=value` between semicolons. */
function readOrder(order: string): Map<string, string> {
  const fields = order.split(";").map((field) => field.trim().split("=") as [string, string]);
  const known = ["instance", "state", "timeout", "fallback"];
  for (const [name, value] of fields)
    if (!known.includes(name) || !value) throw new Error(`an order that nobody knows: ${order}`);
  return new Map(fields);
}

/**
 * Does with requests what Fly's proxy is documented to do, as far as sessions need it: it takes machines in turn, tells
 * them `Fly-Client-IP` and nothing of that name that a client has sent, and obeys `Fly-Replay` with `instance`, `state`,
 * `timeout` and `fallback=force_self`. An answer that has that header never reaches the client. A body of more than 1 MB
 * is not replayed, and one request not twice: that is answered 502.
 */
export function startFlyProxy(): FlyProxy {
  const machines = new Map<string, string>();
  const passed: Passed[] = [];
  const led = new Map<string, string>();
  let turn = 0;

  /** undefined: no connection could be made. */
  async function ask(
    entry: Passed,
    machine: string,
    request: Request,
    body: Uint8Array<ArrayBuffer>,
    more: HeadersInit,
  ) {
    entry.asked.push(machine);
    const address = machines.get(machine);
    if (address === undefined) return undefined;
    const headers = new Headers(request.headers);
    for (const name of [...headers.keys()]) if (name.startsWith("fly-")) headers.delete(name);
    headers.set("Fly-Client-IP", "198.51.100.7");
    headers.set("X-Forwarded-Proto", "https");
    for (const [name, value] of new Headers(more)) headers.set(name, value);
    const { pathname, search } = new URL(request.url);
    try {
      return await fetch(address + pathname + search, {
        method: request.method,
        headers,
        ...(body.length > 0 && { body }),
        redirect: "manual",
        decompress: false,
        // What a machine that was stopped had left open must not be taken for it.
        keepalive: false,
      });
    } catch {
      return undefined;
    }
  }

  async function handle(request: Request): Promise<Response> {
    const { pathname: path } = new URL(request.url);
    const entry: Passed = { method: request.method, path, asked: [], answeredBy: undefined };
    passed.push(entry);
    const body = new Uint8Array(await request.arrayBuffer());
    if (request.method === "POST" && led.has(path)) {
      turn = [...machines.keys()].indexOf(led.get(path) ?? "");
      led.delete(path);
    }
    for (let i = 0; i < machines.size; i++) {
      const machine = [...machines.keys()][turn++ % machines.size] as string;
      const answer = await ask(entry, machine, request, body, {});
      if (!answer) continue;
      const order = answer.headers.get("Fly-Replay");
      if (order === null) return answered(entry, machine, answer);
      return replay(entry, machine, readOrder(order), request, body);
    }
    return new Response("no machine answers\n", { status: 502 });
  }

  async function replay(
    entry: Passed,
    from: string,
    order: Map<string, string>,
    request: Request,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<Response> {
    if (body.length > largestReplay) return new Response("too large to replay\n", { status: 502 });
    const target = order.get("instance") ?? "";
    const state = order.has("state") ? `;state=${order.get("state")}` : "";
    const source = `instance=${from};region=ams;t=${Date.now() * 1000}${state}`;
    const answer = await ask(entry, target, request, body, { "Fly-Replay-Src": source });
    if (answer && !answer.headers.has("Fly-Replay")) return answered(entry, target, answer);
    if (answer || order.get("fallback") !== "force_self" || !/^\d+s$/.test(order.get("timeout") ?? ""))
      return new Response("the replay has failed\n", { status: 502 });
    const back = await ask(entry, from, request, body, { "Fly-Replay-Failed": `instance=${target}` });
    if (!back || back.headers.has("Fly-Replay"))
      return new Response("the fallback has failed\n", { status: 502 });
    return answered(entry, from, back);
  }

  function answered(entry: Passed, machine: string, { status, headers, body }: Response): Response {
    entry.answeredBy = machine;
    return new Response(body, { status, headers });
  }

  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert: certificate("server.pem"), key: certificate("server.key") },
    fetch: handle,
    error: (error) => new Response(`${error}\n`, { status: 500 }),
  });
  return {
    url: `https://localhost:${server.port}`,
    machines,
    passed,
    leadNextForm: (path, machine) => led.set(path, machine),
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}
