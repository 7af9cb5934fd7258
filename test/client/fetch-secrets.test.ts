import { afterAll, describe, expect, test } from "bun:test";
import { isLoopback, normaliseApiBaseUrl } from "../../src/client/api-base-url.ts";
import { fetchSecrets } from "../../src/client/fetch-secrets.ts";
import { maskToken } from "../../src/client/mask-token.ts";

const token = "sfly_abc123_TOKENSECRET_0crc00";
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  routes: {
    "/api/secrets": (request) =>
      Response.json({ secrets: [{ id: 7, name: "A", value: request.headers.get("authorization") }] }),
    "/silent/api/secrets": () => new Promise<Response>(() => {}),
    "/later/api/secrets": () => {
      const headers = { "retry-after": new Date(Date.now() + 60_000).toUTCString() };
      return new Response(null, { status: 503, headers });
    },
  },
});
afterAll(() => server.stop(true));
const base = `http://127.0.0.1:${server.port}`;

describe("fetchSecrets", () => {
  test("sends the token as a bearer token and returns the secrets", async () => {
    expect(await fetchSecrets({ apiBaseUrl: `${base}/api`, token })).toEqual([
      { id: 7, name: "A", value: `Bearer ${token}` },
    ]);
  });

  test("gives up after the time it was given", async () => {
    const attempt = fetchSecrets({ apiBaseUrl: `${base}/silent/api`, token, timeoutMs: 50 });
    await expect(attempt).rejects.toMatchObject({
      failure: "timeout",
      message: expect.stringContaining("within 0.05 s"),
    });
  });

  test("understands a Retry-After that is a date", async () => {
    const error = await fetchSecrets({ apiBaseUrl: `${base}/later/api`, token }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ failure: "unavailable", status: 503 });
    expect(error).toHaveProperty("retryAfterSeconds", expect.any(Number));
  });
});

test.each([
  ["http://localhost:3000", "http://localhost:3000/api"],
  [" http://localhost:3000/ ", "http://localhost:3000/api"],
  ["https://h/api", "https://h/api"],
  ["https://h/api//", "https://h/api"],
  ["https://h/secretsfly", "https://h/secretsfly/api"],
  ["https://h/secretsfly/api/", "https://h/secretsfly/api"],
  ["https://h/myapi", "https://h/myapi/api"],
])("the address %j is %s", (text, expected) => {
  expect(normaliseApiBaseUrl(text)).toBe(expected);
});

test.each([
  "",
  "localhost:3000",
  "ftp://h",
  "file:///x",
  "http://u:secret-part@h",
  "http://h/?a=b",
  "http://h/#a",
])("the address %j is refused", (text) => {
  expect(() => normaliseApiBaseUrl(text)).toThrow(RangeError);
  expect(() => normaliseApiBaseUrl(text)).not.toThrow(/secret-part/);
});

test("this machine is known by its names", () => {
  expect(
    ["http://localhost/", "http://127.0.0.2/", "http://[::1]/", "http://a.localhost/"].map(isLoopback),
  ).toEqual([true, true, true, true]);
  expect(["http://h/", "http://localhost.h/", "http://127.h/", "http://10.0.0.1/"].map(isLoopback)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test("a token is shown by its id only, and not at all where its parts are mixed up", () => {
  expect(maskToken(token)).toBe("sfly_abc123_…");
  expect(maskToken(`sfly_${"x".repeat(43)}_abc`)).toBe("sfly_…");
  expect(maskToken("sfly_abc")).toBe("sfly_…");
});
