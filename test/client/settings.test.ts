import { expect, test } from "bun:test";
import { isLoopback, normaliseApiBaseUrl } from "../../src/client/api-base-url.ts";
import { type ClientOptions, secretsfly } from "../../src/client/index.ts";
import { maskToken } from "../../src/client/mask-token.ts";
import { baseUrl, token } from "./harness.ts";

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
  expect(() => secretsfly({ token, baseUrl: text })).toThrow(RangeError);
  expect(() => secretsfly({ token, baseUrl: text })).not.toThrow(/secret-part/);
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

test.each([undefined, "", "sfly_a b", "sfly_secret-part\n"])("the token %j is refused, unrepeated", (bad) => {
  const options = { token: bad, baseUrl } as unknown as ClientOptions;
  expect(() => secretsfly(options)).toThrow(TypeError);
  expect(() => secretsfly(options)).toThrow(
    bad ? /^token is no service token$/ : /^token is empty or not set$/,
  );
});

test.each([
  { timeoutMs: 0 },
  { timeoutMs: Number.NaN },
  { timeoutMs: Infinity },
  { retries: -1 },
  { retries: Number.NaN },
])("the settings %j are refused", (settings) => {
  expect(() => secretsfly({ token, baseUrl, ...settings })).toThrow(RangeError);
});

test.each([0, -1, Number.NaN, Infinity])("asking every %p seconds is refused", (pollSeconds) => {
  expect(() => secretsfly({ token, baseUrl }).watch({ pollSeconds })).toThrow(RangeError);
});

test("a client that is printed does not show its token", () => {
  const client = secretsfly({ token, baseUrl });
  expect(Bun.inspect(client, { depth: 10 })).not.toContain("TOKENSECRET");
  expect(JSON.stringify(client)).toBe("{}");
});

test("the client is there by its published name, too", async () => {
  const published = await import("secretsfly/client");
  expect(published.secretsfly).toBe(secretsfly);
});
