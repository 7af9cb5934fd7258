import { expect } from "bun:test";
import type { Fields, TestApp, TestBrowser } from "../../harness.ts";
import { type ApiRoute, methodOf } from "./routes.ts";

/** Asks a route of the API. */
export async function ask(
  { path, body }: Pick<ApiRoute, "path" | "body">,
  method: string,
  headers: HeadersInit,
  to: TestApp,
): Promise<Response> {
  const all = new Headers(headers);
  if (body !== undefined) all.set("Content-Type", "application/json");
  return ended(await to.request(path, { method, headers: all, ...(body !== undefined && { body }) }));
}

/** An answer that ends: of a stream of events, what it says at once. */
export async function ended(response: Response): Promise<Response> {
  if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) return response;
  const reader = response.body?.getReader();
  const first = (await reader?.read())?.value;
  await reader?.cancel();
  return new Response(first ?? null, response);
}

/** Asks a route of the admin pages as a browser does. */
export function send(
  browser: TestBrowser,
  route: string,
  path: string,
  fields: Fields = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  return methodOf(route) === "GET" ? browser.get(path, headers) : browser.post(path, fields, headers);
}

/** What an answer says, without what differs between two of the same. */
export async function told(response: Response) {
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== "x-request-id"));
  const id = response.headers.get("X-Request-Id") ?? "no request id";
  return { status: response.status, headers, body: (await response.text()).replaceAll(id, "") };
}

const policy = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Checks the headers that every answer has, whatever it is, and those that none has. */
export function expectHardened({ headers }: Response): void {
  expect({
    policy: headers.get("Content-Security-Policy"),
    sniffing: headers.get("X-Content-Type-Options"),
    frames: headers.get("X-Frame-Options"),
    referrer: headers.get("Referrer-Policy"),
    opener: headers.get("Cross-Origin-Opener-Policy"),
    resource: headers.get("Cross-Origin-Resource-Policy"),
    hasId: /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(headers.get("X-Request-Id") ?? ""),
  }).toEqual({
    policy,
    sniffing: "nosniff",
    frames: "DENY",
    referrer: "same-origin",
    opener: "same-origin",
    resource: "same-origin",
    hasId: true,
  });
  const unwanted = [...headers.keys()].filter((name) =>
    /^access-control-|^server$|^x-powered-by$/i.test(name),
  );
  expect(unwanted).toEqual([]);
}

/** Checks that nothing is said in a response, headers included, that its reader must not know, and that it is hardened. */
export async function expectSilence(response: Response, words: readonly string[]): Promise<void> {
  expectHardened(response);
  const { headers, body } = await told(response);
  // The names of our cookies end like the beginning of our tokens.
  const text = `${JSON.stringify(headers)} ${body}`.replaceAll("secretsfly_", "");
  expect(words.filter((word) => text.includes(word))).toEqual([]);
}
