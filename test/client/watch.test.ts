import { describe, expect, test } from "bun:test";
import { createClient } from "../../src/client/client.ts";
import { type FetchInit, RequestError, secretsfly, type WatchOptions } from "../../src/client/index.ts";
import { createTestApp, origin } from "../harness.ts";
import { baseUrl, ManualRuntime, problem, token, until } from "./harness.ts";

const encoder = new TextEncoder();
const retry = "retry: 3000\n\n";
const ping = "event: ping\ndata: {}\n\n";
const revision = (id: string) => `event: revision\nid: ${id}\ndata: {"revision":"${id}"}\n\n`;

/** One connection to the stream of events. */
class Connection {
  /** What the client has sent. */
  readonly lastEventId: string | undefined;
  /** The client has given the connection up. */
  aborted = false;
  /** The client has given the body up. */
  cancelled = false;
  readonly response: Response;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(init: FetchInit) {
    this.lastEventId = init.headers["Last-Event-ID"];
    init.signal.addEventListener("abort", () => {
      this.aborted = true;
    });
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => {
        this.cancelled = true;
      },
    });
    this.response = new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
  }

  send(text: string): this {
    this.#controller?.enqueue(encoder.encode(text));
    return this;
  }

  end(): void {
    this.#controller?.close();
  }

  cut(): void {
    this.#controller?.error(new Error("cut"));
  }
}

/** A server of which each answer is decided here, and a client that watches it. */
class Scene {
  readonly runtime = new ManualRuntime();
  readonly connections: Connection[] = [];
  readonly statuses: string[] = [];
  readonly seen: string[] = [];
  readonly stop = new AbortController();
  /** How many times the list was asked for. */
  lists = 0;
  /** What a connection to the stream is answered with. */
  onConnect: (connection: Connection) => Response | Promise<Response> = (connection) => connection.response;
  onList: () => Response = () => Response.json({ secrets: [] }, { headers: { etag: '"1.prod.json.p1"' } });
  /** How the watching ended. */
  readonly ended: Promise<unknown>;
  readonly client = createClient(
    { token, baseUrl, timeoutMs: 9000, retries: 0, fetch: (url, init) => this.#fetch(url, init) },
    this.runtime,
  );

  constructor(set: (scene: Scene) => void = () => {}, options: WatchOptions = {}) {
    set(this);
    this.ended = this.#watch(options);
  }

  /** The newest connection, once there are so many. */
  async connection(count: number): Promise<Connection> {
    await until(() => this.connections.length === count);
    const connection = this.connections.at(-1);
    if (!connection) throw new Error("there is no connection");
    return connection;
  }

  async #watch(options: WatchOptions): Promise<unknown> {
    const onStatus = (status: string) => this.statuses.push(status);
    try {
      for await (const next of this.client.watch({ onStatus, signal: this.stop.signal, ...options })) {
        this.seen.push(next.revision);
      }
      return "the end";
    } catch (error) {
      return error;
    }
  }

  async #fetch(url: string, init: FetchInit): Promise<Response> {
    if (url === `${baseUrl}/api/secrets`) {
      this.lists++;
      return this.onList();
    }
    expect(url).toBe(`${baseUrl}/api/secrets/events`);
    expect(init.headers).toMatchObject({ Accept: "text/event-stream", Authorization: `Bearer ${token}` });
    const connection = new Connection(init);
    this.connections.push(connection);
    return this.onConnect(connection);
  }
}

describe("watching a stream", () => {
  test("yields the present revision, then every other, until the signal ends it", async () => {
    const scene = new Scene();
    const first = (await scene.connection(1)).send(retry + revision("r1"));
    await until(() => scene.seen.length === 1);
    first.send(ping + revision("r1") + revision("r2"));
    await until(() => scene.seen.length === 2);
    scene.stop.abort();
    expect(await scene.ended).toBe("the end");
    expect(scene.seen).toEqual(["r1", "r2"]);
    expect(scene.statuses).toEqual(["streaming"]);
    await until(() => first.aborted && scene.runtime.sleeping.length === 0);
  });

  test("tells a busy consumer the newest revision only", async () => {
    const scene = new Scene();
    const iterator = scene.client.watch();
    const next = iterator.next();
    const connection = (await scene.connection(2)).send(revision("r1"));
    expect((await next).value).toEqual({ revision: "r1" });
    for (const id of ["r2", "r3", "r4"]) connection.send(revision(id));
    connection.end();
    await until(() => scene.runtime.sleeping.includes(3000));
    expect((await iterator.next()).value).toEqual({ revision: "r4" });
    await iterator.return();
    scene.stop.abort();
    expect(await scene.ended).toBe("the end");
  });

  test("tells nothing more once the signal is aborted", async () => {
    const scene = new Scene();
    const stop = new AbortController();
    const iterator = scene.client.watch({ signal: stop.signal });
    const next = iterator.next();
    const connection = (await scene.connection(2)).send(revision("r1"));
    await next;
    connection.send(revision("r2")).end();
    await until(() => scene.runtime.sleeping.includes(3000));
    stop.abort();
    expect((await iterator.next()).done).toBe(true);
    scene.stop.abort();
    expect(await scene.ended).toBe("the end");
  });

  test("comes back with the last event's id after a break, after the time the server has asked for", async () => {
    const scene = new Scene();
    (await scene.connection(1)).send(retry + revision("r1")).end();
    await scene.runtime.pass(3000);
    const second = (await scene.connection(2)).send(`retry: 500\n\n${ping}`);
    expect(second.lastEventId).toBe("r1");
    await until(() => scene.statuses.length === 3);
    second.cut();
    await scene.runtime.pass(500);
    (await scene.connection(3)).send(revision("r2"));
    await until(() => scene.seen.length === 2);
    expect(scene.seen).toEqual(["r1", "r2"]);
    expect(scene.statuses).toEqual(["streaming", "reconnecting", "streaming", "reconnecting", "streaming"]);
    scene.stop.abort();
    expect(await scene.ended).toBe("the end");
  });

  test("gives a stream up that has been silent for 45 s", async () => {
    const scene = new Scene();
    const first = (await scene.connection(1)).send(revision("r1"));
    await until(() => scene.seen.length === 1);
    await scene.runtime.pass(45_000);
    await scene.runtime.pass(3000);
    expect([first.aborted, first.cancelled]).toEqual([true, true]);
    expect((await scene.connection(2)).lastEventId).toBe("r1");
    scene.stop.abort();
    expect(await scene.ended).toBe("the end");
  });

  test("waits longer from one failure to the next, and as long as Retry-After says", async () => {
    const answers = [problem(503), problem(503, "", { "retry-after": "90" })];
    const scene = new Scene((one) => {
      one.onConnect = (connection) => answers.shift() ?? connection.response;
    });
    await scene.runtime.pass(6000);
    await scene.runtime.pass(90_000);
    (await scene.connection(3)).send(revision("r1")).end();
    await scene.runtime.pass(3000);
    await scene.connection(4);
    expect(scene.lists).toBe(0);
    scene.stop.abort();
    expect(await scene.ended).toBe("the end");
  });

  test("goes on after an answer that is cut", async () => {
    const scene = new Scene((one) => {
      one.onConnect = (connection) => {
        one.onConnect = (next) => next.response;
        connection.cut();
        return new Response(connection.response.body, { status: 503 });
      };
    });
    await scene.runtime.pass(6000);
    (await scene.connection(2)).send(revision("r1"));
    await until(() => scene.seen.length === 1);
    scene.stop.abort();
    expect(await scene.ended).toBe("the end");
  });

  test("spreads clients over half of the time, but never before Retry-After", async () => {
    const answers = [problem(503), problem(503, "", { "retry-after": "12" })];
    const scene = new Scene((one) => {
      one.onConnect = (connection) => answers.shift() ?? connection.response;
      one.runtime.random = () => 0;
    });
    await scene.runtime.pass(3000);
    await scene.runtime.pass(12_000);
    (await scene.connection(3)).send(revision("r1")).end();
    await scene.runtime.pass(1500);
    await scene.connection(4);
    scene.stop.abort();
    expect(await scene.ended).toBe("the end");
  });

  test.each([
    ["401", problem(401)],
    ["403", problem(403)],
    ["404", problem(404)],
  ])("ends with the error of a %s of the server's", async (_, answer) => {
    const scene = new Scene();
    (await scene.connection(1)).send(revision("r1")).end();
    scene.onConnect = () => answer;
    await scene.runtime.pass(3000);
    const error = await scene.ended;
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toHaveProperty("status", answer.status);
    expect(scene.seen).toEqual(["r1"]);
    expect(scene.runtime.sleeping).toEqual([]);
  });

  test.each([401, 403, 404, 302])(
    "takes another's %d for an accident on the way once it has worked",
    async (status) => {
      const scene = new Scene();
      (await scene.connection(1)).send(revision("r1")).end();
      scene.onConnect = () => {
        scene.onConnect = (connection) => connection.response;
        return new Response(null, { status });
      };
      await scene.runtime.pass(3000);
      await scene.runtime.pass(6000);
      (await scene.connection(3)).send(revision("r2"));
      await until(() => scene.seen.length === 2);
      scene.stop.abort();
      expect(await scene.ended).toBe("the end");
    },
  );

  test.each([401, 403, 404, 302])(
    "ends with the error of another's %d where it never worked",
    async (status) => {
      const scene = new Scene((one) => {
        one.onConnect = () => new Response(null, { status });
      });
      expect(await scene.ended).toMatchObject({ name: "RequestError", status, problem: undefined });
      expect(scene.runtime.sleeping).toEqual([]);
    },
  );

  test("throws what the caller's onStatus throws", async () => {
    const onStatus = () => {
      throw new Error("mine");
    };
    const scene = new Scene(() => {}, { onStatus });
    (await scene.connection(1)).send(ping);
    expect(await scene.ended).toHaveProperty("message", "mine");
  });

  test("does nothing where the signal is aborted already", async () => {
    const scene = new Scene((one) => one.stop.abort());
    expect(await scene.ended).toBe("the end");
    expect(scene.connections).toEqual([]);
  });
});

describe("where no stream gets through", () => {
  const html = () => new Response("<html>", { headers: { "content-type": "text/html" } });
  const list = (id: string) => () =>
    Response.json({ secrets: [] }, { headers: { etag: `"1.prod.json.${id}"` } });

  test.each([
    ["no byte comes for 10 s", (connection: Connection) => connection.send("").response, 10_000],
    ["no answer comes at all", () => new Promise<Response>(() => {}), 9000],
    ["something else is answered", html, undefined],
    ["the method is not liked", () => problem(405), undefined],
  ])("it asks every 30 s: %s", async (_, onConnect, wait) => {
    const scene = new Scene((one) => {
      one.onConnect = onConnect;
    });
    if (wait !== undefined) await scene.runtime.pass(wait);
    await until(() => scene.seen.length === 1);
    await scene.runtime.pass(30_000);
    await until(() => scene.lists === 2);
    scene.onList = list("p2");
    await scene.runtime.pass(30_000);
    await until(() => scene.seen.length === 2);
    expect(scene.seen).toEqual(["p1", "p2"]);
    expect(scene.statuses).toEqual(["polling"]);
    scene.stop.abort();
    expect(await scene.ended).toBe("the end");
    expect(scene.runtime.sleeping).toEqual([]);
  });

  test("it tries the stream again after five minutes, with what it knows", async () => {
    const scene = new Scene(
      (one) => {
        one.onConnect = html;
      },
      { pollSeconds: 100 },
    );
    for (let i = 0; i < 2; i++) await scene.runtime.pass(100_000);
    scene.onConnect = (connection) => connection.response;
    await scene.runtime.pass(100_000);
    const second = (await scene.connection(2)).send(ping);
    expect([second.lastEventId, scene.lists]).toEqual(["p1", 3]);
    second.send(revision("r2"));
    await until(() => scene.seen.length === 2);
    expect(scene.statuses).toEqual(["polling", "streaming"]);
    scene.stop.abort();
    expect(await scene.ended).toBe("the end");
  });

  test("a stream that fails when it is tried again costs one question, not several waits", async () => {
    const scene = new Scene(
      (one) => {
        one.onConnect = html;
      },
      { pollSeconds: 300 },
    );
    await until(() => scene.seen.length === 1);
    scene.onConnect = () => problem(503);
    await scene.runtime.pass(300_000);
    await until(() => scene.lists === 2);
    expect([scene.connections.length, scene.statuses]).toEqual([2, ["polling"]]);
    scene.stop.abort();
    expect(await scene.ended).toBe("the end");
  });

  test("once it has worked, a strange answer is an accident on the way", async () => {
    const scene = new Scene((one) => {
      one.onConnect = html;
    });
    await until(() => scene.seen.length === 1);
    scene.onList = html;
    await scene.runtime.pass(30_000);
    await until(() => scene.statuses.includes("reconnecting"));
    scene.onList = list("p2");
    await scene.runtime.pass(30_000);
    await until(() => scene.seen.length === 2);
    scene.stop.abort();
    expect(await scene.ended).toBe("the end");
  });

  test("streams that are cut again and again before their first byte are no streams", async () => {
    const scene = new Scene();
    for (const [count, wait] of [
      [1, 6000],
      [2, 12_000],
    ] as const) {
      (await scene.connection(count)).cut();
      await scene.runtime.pass(wait);
    }
    (await scene.connection(3)).end();
    (await scene.connection(4)).end();
    await until(() => scene.lists === 2);
    await until(() => scene.statuses.includes("polling"));
    expect([scene.seen, scene.statuses]).toEqual([["p1"], ["reconnecting", "polling"]]);
    scene.stop.abort();
    expect(await scene.ended).toBe("the end");
  });

  test("a server that is back when it is asked first is listened to at once", async () => {
    const scene = new Scene((one) => {
      one.onConnect = (connection) => (one.connections.length > 3 ? connection.response : problem(503));
    });
    await scene.runtime.pass(6000);
    await scene.runtime.pass(12_000);
    (await scene.connection(4)).send(ping);
    await until(() => scene.statuses.includes("streaming"));
    expect([scene.lists, scene.seen, scene.statuses]).toEqual([1, ["p1"], ["reconnecting", "streaming"]]);
    scene.stop.abort();
    expect(await scene.ended).toBe("the end");
  });

  test("a server that was away is listened to as soon as it is back", async () => {
    const scene = new Scene((one) => {
      one.onConnect = one.onList = () => problem(503);
    });
    await scene.runtime.pass(6000);
    await scene.runtime.pass(12_000);
    await until(() => scene.lists === 1);
    scene.onList = list("p1");
    scene.onConnect = (connection) => connection.response;
    await scene.runtime.pass(30_000);
    (await scene.connection(4)).send(ping);
    await until(() => scene.statuses.includes("streaming"));
    expect([scene.seen, scene.statuses]).toEqual([["p1"], ["reconnecting", "streaming"]]);
    scene.stop.abort();
    expect(await scene.ended).toBe("the end");
  });

  test.each([
    ["a revoked token", () => problem(401), "unauthorized"],
    ["another address than secretsfly's", html, "unexpected"],
    ["a proxy that takes ETags away", () => Response.json({ secrets: [] }), "unexpected"],
  ])("%s ends it", async (_, onList, failure) => {
    const scene = new Scene((one) => {
      one.onConnect = html;
      one.onList = onList;
    });
    expect(await scene.ended).toMatchObject({ name: "RequestError", failure });
    expect(scene.seen).toEqual([]);
  });
});

test("the real server's stream is watched, until its token is revoked", async () => {
  const app = await createTestApp();
  const admin = app.browser();
  const { id } = await admin.createRoot("shop");
  await admin.save(id, "prod", { A: "1" });
  const [write, read] = [await admin.createToken(id, "prod", "write"), await admin.createToken(id, "prod")];
  const fetch = (url: string, init: FetchInit) => app.app.request(url, init);
  const writer = secretsfly({ token: write, baseUrl: origin, fetch });
  const runtime = new ManualRuntime();
  const reader = createClient({ token: read, baseUrl: origin, fetch, retries: 0 }, runtime);
  const watching = reader.watch();
  const present = (await watching.next()).value?.revision ?? "";
  expect((await reader.list()).etag).toEndWith(`.${present}"`);
  const next = watching.next();
  const { etag } = await writer.set("A", "2", { ifMatch: present });
  const changed = (await next).value?.revision ?? "";
  expect(etag).toEndWith(`.${changed}"`);
  const end = watching.next().catch((error: unknown) => error);
  await admin.post(`/admin/projects/${id}/service-tokens/2/revoke`);
  await runtime.pass(3000);
  expect(await end).toMatchObject({ failure: "unauthorized", status: 401 });
  app.close();
});
