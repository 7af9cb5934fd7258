import { afterAll, describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { type FetchInit, RequestError, secretsfly } from "../../src/client/index.ts";
import { systemRuntime } from "../../src/client/runtime.ts";
import { baseUrl, clientOf, failureOf, HastyRuntime, problem, token } from "./harness.ts";

const etag = '"1.prod.json.r1"';
const secretsOf = (...secrets: object[]) => Response.json({ secrets }, { headers: { etag } });
const secrets = () => secretsOf({ id: 1, name: "A", value: "1" });
const written = () => Response.json({ id: 1, name: "A", version: 1 }, { headers: { etag } });
const html = (status: number) => new Response("<html>", { status, headers: { "content-type": "text/html" } });
const coded = (code: string) => Object.assign(new Error("no"), { code });
const refused = () => coded("ECONNREFUSED");
const reset = () => new TypeError("fetch failed", { cause: coded("ECONNRESET") });
/** It has no code, and the address stands in its words. */
const denoError = (words: string) =>
  new TypeError(`error sending request for url (${baseUrl}/api/secrets): client error: ${words}`);

describe("a failure is told apart", () => {
  test.each([
    ["400", problem(400), "invalid"],
    ["401", problem(401), "unauthorized"],
    ["401 of a proxy", html(401), "unauthorized"],
    ["403", problem(403), "forbidden"],
    ["404", problem(404), "not-found"],
    ["404 of a proxy", html(404), "unexpected"],
    ["405", problem(405), "unexpected"],
    ["409", problem(409), "conflict"],
    ["412", problem(412), "conflict"],
    ["412 of a proxy", html(412), "unexpected"],
    ["413", problem(413), "invalid"],
    ["415", problem(415), "invalid"],
    ["422", problem(422), "invalid"],
    ["429", problem(429), "rate-limited"],
    ["500", problem(500), "unavailable"],
    ["502 of a proxy", html(502), "unavailable"],
    [
      "a redirect",
      new Response(null, { status: 307, headers: { location: "https://h.test" } }),
      "redirected",
    ],
    ["HTML", html(200), "unexpected"],
    ["other JSON", Response.json({ secrets: [{ name: "A", value: "secret-part" }] }), "unexpected"],
    [
      "a name that no environment can hold",
      secretsOf({ id: 1, name: "A=B", value: "secret-part" }),
      "unexpected",
    ],
    ["null", Response.json(null), "unexpected"],
  ] as const)("an answer of %s", async (_, answer, failure) => {
    const error = await failureOf(clientOf([answer], { retries: 0 }).client.list());
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toMatchObject({ name: "RequestError", failure, status: answer.status });
    expect(error.message).not.toContain("secret-part");
  });

  test.each([
    ["nobody listens", refused(), "unreachable"],
    ["the connection is cut, as Node says it", reset(), "unreachable"],
    ["no such name", coded("ENOTFOUND"), "unreachable"],
    ["a certificate of nobody's", coded("DEPTH_ZERO_SELF_SIGNED_CERT"), "tls"],
    ["a certificate of nobody's, as Deno says it", denoError("invalid peer certificate"), "tls"],
    ["the connection is cut, as Deno says it", denoError("connection closed"), "unreachable"],
  ] as const)("no answer: %s", async (_, thrown, failure) => {
    const error = await failureOf(clientOf([thrown], { retries: 0 }).client.list());
    expect(error).toMatchObject({ failure, status: undefined });
  });

  test("a name that sounds like TLS makes no failure one of TLS", async () => {
    const url = `${baseUrl}/api/secrets/CERTIFICATE`;
    const { client } = clientOf([new TypeError(`error sending request for url (${url})`)], { retries: 0 });
    expect(await failureOf(client.get("CERTIFICATE"))).toHaveProperty("failure", "unreachable");
  });

  test("no answer in time", async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    afterAll(() => void silent.close());
    await new Promise((resolve) => silent.once("listening", resolve));
    const { port } = silent.address() as { port: number };
    const client = secretsfly({ token, baseUrl: `http://127.0.0.1:${port}`, timeoutMs: 50, retries: 0 });
    const error = await failureOf(client.list());
    expect(error).toMatchObject({ failure: "timeout", message: expect.stringContaining("within 0.05 s") });
  });

  test("the server's problem is handed on, without the token and without what a terminal obeys", async () => {
    const body = JSON.stringify({
      ...{ type: "urn:secretsfly:problem:invalid", title: "No", detail: `${token}\u001b[31m` },
      errors: [{ field: "A", detail: `no ${token}` }, "odd"],
    });
    const answer = new Response(body, {
      status: 422,
      headers: { "content-type": "application/problem+json" },
    });
    const error = await failureOf(clientOf([answer]).client.set("A", "1"));
    expect(error.problem).toEqual({
      ...{ type: "urn:secretsfly:problem:invalid", title: "No", detail: "sfly_abc123_… [31m", requestId: "" },
      errors: [
        { field: "A", detail: "no sfly_abc123_…" },
        { field: "", detail: "" },
      ],
    });
    expect(Bun.inspect(error)).not.toContain("TOKENSECRET");
  });
});

describe("a request is sent again", () => {
  test.each([
    ["a network error", reset()],
    ["429", problem(429)],
    ["500", problem(500)],
    ["502 of a proxy", html(502)],
    ["503", problem(503)],
  ])("after %s", async (_, first) => {
    const { client, requests } = clientOf([first, first, first, secrets()]);
    expect(await client.values()).toEqual({ A: "1" });
    expect(requests).toHaveLength(4);
  });

  test.each([400, 401, 403, 404, 412, 422])("but not after %d", async (status) => {
    const { client, requests } = clientOf([problem(status), secrets()]);
    await failureOf(client.list());
    expect(requests).toHaveLength(1);
  });

  test("nor after 429 where the server says it of a token that is not valid: waiting makes none valid", async () => {
    const body = JSON.stringify({
      type: "urn:secretsfly:problem:too-many-attempts",
      title: "x",
      status: 429,
    });
    const answer = (type: string) =>
      new Response(body, { status: 429, headers: { "content-type": type, "retry-after": "1" } });
    const { client, requests } = clientOf([answer("application/problem+json"), secrets()]);
    const error = await failureOf(client.list());
    expect(error).toMatchObject({ failure: "unauthorized", status: 429 });
    expect(error.message).toContain("is not valid: unknown, expired or revoked");
    expect(error.message).not.toContain("try again");
    expect(requests).toHaveLength(1);
    // Of somebody in between, who knows nothing of tokens.
    const proxied = clientOf([answer("application/json"), secrets()]);
    expect(await proxied.client.values()).toEqual({ A: "1" });
  });

  test("as often as was asked for, with waits that double and have chance in them", async () => {
    const runtime = new HastyRuntime();
    const { client, requests } = clientOf([refused()], { retries: 8 }, runtime);
    await failureOf(client.list());
    expect(requests).toHaveLength(9);
    expect(runtime.slept).toEqual([250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
    const lucky = new HastyRuntime(0.5);
    await failureOf(clientOf([refused()], {}, lucky).client.list());
    expect(lucky.slept).toEqual([125, 250, 500]);
  });

  test("not before Retry-After, in seconds or as a date, and not at all where that is too far away", async () => {
    const runtime = new HastyRuntime();
    const date = new Date(runtime.time + 30_000).toUTCString();
    const answers = [
      problem(429, "", { "retry-after": "7" }),
      problem(503, "", { "retry-after": date }),
      secrets(),
    ];
    await clientOf(answers, {}, runtime).client.list();
    // The date is counted from the clock, which the first wait has moved.
    expect(runtime.slept).toEqual([7000, 23_000]);
    const { client, requests } = clientOf([problem(503, "", { "retry-after": "31" }), secrets()]);
    expect(await failureOf(client.list())).toMatchObject({
      retryAfterSeconds: 31,
      message: expect.stringContaining("try again in 31 s"),
    });
    expect(requests).toHaveLength(1);
  });

  test("not once the signal is aborted: its reason is thrown", async () => {
    const stop = new AbortController();
    const runtime = new HastyRuntime();
    runtime.sleep = () => {
      stop.abort(new Error("enough"));
      return Promise.resolve();
    };
    const { client, requests } = clientOf([refused()], {}, runtime);
    const failing = client.list({ signal: stop.signal });
    await expect(failing).rejects.toThrow("enough");
    expect(requests).toHaveLength(1);
    await expect(client.list({ signal: stop.signal })).rejects.toThrow("enough");
    expect(requests).toHaveLength(1);
  });

  test("a signal stops the waiting itself", async () => {
    const stop = new AbortController();
    const waiting = systemRuntime.sleep(30_000, stop.signal);
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await expect(systemRuntime.sleep(30_000, stop.signal)).rejects.toThrow("enough");
  });

  /** Some runtimes throw an error of their own when a request is aborted, whatever the reason was. */
  const untilAborted = (_: string, { signal }: FetchInit) =>
    new Promise<Response>((_, reject) => {
      signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    });

  test("a signal stops the request itself", async () => {
    const stop = new AbortController();
    const client = secretsfly({ token, baseUrl, retries: 0, fetch: untilAborted });
    const failing = client.list({ signal: stop.signal });
    const reason = new Error("enough");
    stop.abort(reason);
    await expect(failing).rejects.toBe(reason);
  });

  test("a request that takes too long is told as that, whatever the runtime throws", async () => {
    const client = secretsfly({ token, baseUrl, retries: 0, timeoutMs: 5, fetch: untilAborted });
    expect(await failureOf(client.list())).toHaveProperty("failure", "timeout");
  });

  test("a signal that lives long collects no listeners", async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener: add, removeEventListener: remove } = signal;
    signal.addEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
      listeners++;
      add.call(signal, type, listener);
    };
    signal.removeEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
      listeners--;
      remove.call(signal, type, listener);
    };
    await clientOf([secrets()]).client.list({ signal });
    await failureOf(clientOf([refused()]).client.list({ signal }));
    await systemRuntime.sleep(1, signal);
    expect(listeners).toBe(0);
  });
});

describe("a write is sent again", () => {
  test("when that cannot do harm", async () => {
    const { client, requests } = clientOf([reset(), problem(500), written()]);
    expect(await client.set("A", "1")).toMatchObject({ version: 1, created: false });
    expect(requests).toHaveLength(3);
  });

  test.each([
    ["ifMatch", { ifMatch: "r" }],
    ["create", { create: true }],
  ])("with %s only where it cannot have been done", async (_, condition) => {
    for (const answer of [reset(), problem(500), html(504)]) {
      const { client, requests } = clientOf([answer, written()]);
      await failureOf(client.set("A", "1", condition));
      expect(requests).toHaveLength(1);
    }
    const { client, requests } = clientOf([problem(503), problem(429), written()]);
    await client.set("A", "1", condition);
    expect(requests).toHaveLength(3);
  });

  test("a deletion that was done before its answer was lost is done", async () => {
    const { client, requests } = clientOf([reset(), problem(404)]);
    expect(await client.delete("A")).toBeUndefined();
    expect(requests).toHaveLength(2);
    for (const first of [problem(404), problem(503)]) {
      const other = clientOf([first, problem(404)]);
      expect(await failureOf(other.client.delete("A"))).toHaveProperty("failure", "not-found");
    }
  });

  test("a change that deletes is not repeated once it may have been done, a dry run is", async () => {
    const done = Response.json({ secrets: [] });
    const { client, requests } = clientOf([reset(), done]);
    await failureOf(client.change({ delete: ["A"] }));
    expect(requests).toHaveLength(1);
    expect((await clientOf([reset(), done]).client.change({ set: { A: "1" } })).secrets).toEqual([]);
    expect(
      (await clientOf([reset(), done]).client.change({ delete: ["A"] }, { dryRun: true })).secrets,
    ).toEqual([]);
  });
});

test("a redirect is not followed, and the token is sent to the given address only", async () => {
  const seen: (string | null)[] = [];
  const elsewhere = Bun.serve({
    ...{ port: 0, hostname: "127.0.0.1" },
    fetch: (request) => {
      seen.push(request.headers.get("authorization"));
      return secrets();
    },
  });
  const server = Bun.serve({
    ...{ port: 0, hostname: "127.0.0.1" },
    fetch: () => Response.redirect(`http://127.0.0.1:${elsewhere.port}/api/secrets`, 307),
  });
  const client = secretsfly({ token, baseUrl: `http://127.0.0.1:${server.port}` });
  const error = await failureOf(client.list());
  await Promise.all([server.stop(true), elsewhere.stop(true)]);
  expect(error).toMatchObject({ failure: "redirected", status: 307 });
  expect(seen).toEqual([]);
});

test("what cannot be a secret's name is not sent: it may be a value in the wrong place", async () => {
  const { client, requests } = clientOf([secrets()]);
  for (const name of [
    "",
    ".",
    "..",
    "a/b",
    "A?x",
    "A=secret-part",
    "events",
    "sfly_abc_secret",
    "é",
    "A".repeat(256),
  ]) {
    for (const failing of [client.get(name), client.set(name, "1"), client.delete(name)]) {
      const error = await failureOf(failing);
      expect(error).toMatchObject({ failure: "invalid", status: undefined });
      expect(error.message).not.toContain("secret-part");
    }
  }
  expect(requests).toEqual([]);
});

test("an empty ifMatch is refused: it would be no condition at all", async () => {
  const { client, requests } = clientOf([written()]);
  await expect(client.set("A", "1", { ifMatch: "" })).rejects.toThrow(TypeError);
  expect(requests).toEqual([]);
});

test("an ETag that a proxy has weakened can still be handed to ifMatch; a revision is quoted", async () => {
  const weak = Response.json({ secrets: [] }, { headers: { etag: 'W/"1.prod.json.r"' } });
  const { client, requests } = clientOf([weak, written()]);
  const { etag } = await client.list();
  await client.set("A", "1", { ifMatch: etag });
  await client.set("A", "1", { ifMatch: "r" });
  await client.set("A", "1", { ifMatch: "*" });
  expect(requests.map(({ headers }) => headers["If-Match"])).toEqual([
    undefined,
    '"1.prod.json.r"',
    '"r"',
    "*",
  ]);
});

test("without an ETag nothing is kept", async () => {
  const { client, requests } = clientOf([Response.json({ secrets: [] })]);
  await client.list();
  await client.list();
  expect(requests.map(({ headers }) => headers["If-None-Match"])).toEqual([undefined, undefined]);
});
