/**
 * The OpenAPI document against the app: every operation and every answer in it is asked for, and the real answer is
 * compared with what the document says. What is documented and not asked for here fails, and so does the reverse.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import fc from "fast-check";
import { connect } from "../../../src/database/connect.ts";
import { operations } from "../../../src/http/api/contract.ts";
import { type OpenApiDocument, openApiDocument } from "../../../src/http/api/openapi.ts";
import { WriteQueue } from "../../../src/vault/write-queue.ts";
import { bearer, createTestApp, type TestApp } from "../../harness.ts";
import { DocumentValidator, faultsOf } from "./document-validator.ts";

const document = openApiDocument();

let app: TestApp;
/** The same data, and in each of them something in the way. */
const others: Record<"closed" | "damaged" | "busy" | "guessed" | "unreachable", TestApp> = {} as never;
const tokens: Record<"read" | "write" | "elsewhere" | "prod", string> = {} as never;

beforeAll(async () => {
  app = await createTestApp({ MAX_SECRET_BYTES: "1000" });
  const admin = app.browser();
  const { id: root } = await admin.createRoot("shop");
  await admin.save(root, "dev", {
    DB_HOST: "db.internal",
    LINES: "two\nlines",
    OLD_KEY: "x",
    OLDER_KEY: "y",
  });
  tokens.read = await admin.createToken(root, "dev");
  tokens.write = await admin.createToken(root, "dev", "write");
  tokens.elsewhere = await admin.createToken(root, "dev", "write", { allowedIps: "203.0.113.7" });
  await admin.save(root, "prod", { DB_HOST: "db.internal" });
  tokens.prod = await admin.createToken(root, "prod");
  others.closed = await app.copy();
  others.closed.db.$client.close();
  others.closed.changes.close();
  others.damaged = await app.copy(({ stored }) => stored.write("DELETE FROM secrets"));
  others.damaged.changes.close();
  others.unreachable = await app.copy();
  // Nobody listens on this port.
  others.unreachable.vault.db = connect({ databaseUrl: "http://127.0.0.1:1", databaseAuthToken: undefined });
  others.guessed = await app.copy();
  while ((await others.guessed.request("/api/token")).status === 401);
  others.busy = await app.copy();
  // Somebody else is always faster.
  const held = "select raise(abort, 'CHECK constraint failed: guards')";
  await others.busy.stored.write(`create trigger busy before insert on guards begin ${held}; end`);
  others.busy.vault.writes = new WriteQueue(100);
});
afterAll(() => {
  app.close();
  for (const other of Object.values(others)) other.close();
});

interface Request {
  path?: string;
  token?: keyof typeof tokens | "none";
  headers?: Record<string, string>;
  /** Sent as JSON; a text is sent as it is. */
  body?: unknown;
  at?: keyof typeof others;
  /** The content type of the answer, where an operation has several. */
  type?: string;
}

const unauthorized: Request = { token: "none" };
/** Where many such requests came before. */
const limited: Request = { ...unauthorized, at: "guessed" };
const forbidden: Request = { token: "elsewhere" };
const internal: Request = { at: "closed" };
const unavailable: Request = { at: "unreachable" };
const value = { value: "db.internal" };
/** Names the revision of nothing. */
const stale = { "If-Match": '"Zx0vXpS1cFQ2nqkYl9yq7A"' };

/** Operation → status → the requests that get it, in the order in which they are sent. */
const requests: Record<string, Record<number, readonly Request[]>> = {
  "get /api/secrets": {
    200: [
      { type: "application/json" },
      { path: "/api/secrets/?format=map", type: "application/json" },
      { path: "/api/secrets?format=env", token: "prod", type: "text/plain" },
      { path: "/api/secrets?format=yaml", type: "application/yaml" },
      { path: "/api/secrets?format=k8s", type: "application/yaml" },
    ],
    304: [{ headers: { "If-None-Match": "*" } }],
    401: [unauthorized],
    403: [forbidden],
    429: [limited],
    422: [{ path: "/api/secrets?format=xml" }, { path: "/api/secrets?format=docker" }],
    500: [internal],
    503: [unavailable],
  },
  "patch /api/secrets": {
    200: [
      { body: { set: { DB_PORT: "5432" }, delete: ["OLDER_KEY"] }, path: "/api/secrets?dryRun=true" },
      { body: { set: { DB_PORT: "5432" }, delete: ["OLDER_KEY"] }, headers: { "If-Match": "*" } },
      { body: {} },
    ],
    400: [{ body: "{" }],
    401: [{ ...unauthorized, body: {} }],
    403: [
      { ...forbidden, body: {} },
      { token: "read", body: {} },
    ],
    404: [{ body: { delete: ["NOBODY"] } }],
    412: [{ body: {}, headers: stale }],
    413: [{ body: { set: { LARGE: "x".repeat(1001) } } }],
    415: [{ body: "{}", headers: { "Content-Type": "text/plain" } }],
    422: [
      { body: { set: { A: 1 } } },
      { body: { remove: [] } },
      { body: {}, path: "/api/secrets?dryrun=true" },
      { body: {}, headers: { "If-Match": "no entity tag" } },
    ],
    429: [{ ...limited, body: {} }],
    500: [{ ...internal, body: {} }],
    503: [
      { ...unavailable, body: {} },
      { at: "busy", body: { set: { A: "1" } } },
    ],
  },
  "get /api/secrets/{name}": {
    200: [{}],
    304: [{ headers: { "If-None-Match": "*" } }],
    401: [unauthorized],
    403: [forbidden],
    404: [{ path: "/api/secrets/NOBODY" }],
    429: [limited],
    500: [internal],
    503: [unavailable, { at: "damaged" }],
  },
  "put /api/secrets/{name}": {
    201: [{ path: "/api/secrets/NEW", body: value, headers: { "If-None-Match": "*" } }],
    200: [{ body: { value: "db2.internal", note: "the primary in Oslo" } }],
    400: [{ body: "{" }],
    401: [{ ...unauthorized, body: value }],
    403: [
      { ...forbidden, body: value },
      { token: "read", body: value },
    ],
    412: [
      { body: value, headers: stale },
      { body: value, headers: { "If-None-Match": "*" } },
    ],
    413: [{ body: { value: "x".repeat(1001) } }],
    415: [{ body: "{}", headers: { "Content-Type": "text/plain" } }],
    422: [
      { body: {} },
      { body: { value: "\0" } },
      { path: "/api/secrets/1BAD", body: value },
      { path: "/api/secrets/DB_HOST?dryRun=true", body: value },
    ],
    429: [{ ...limited, body: value }],
    500: [{ ...internal, body: value }],
    503: [
      { ...unavailable, body: value },
      { at: "busy", body: { value: "another" } },
    ],
  },
  "delete /api/secrets/{name}": {
    204: [{ path: "/api/secrets/OLD_KEY" }],
    401: [unauthorized],
    403: [forbidden, { token: "read" }],
    404: [{ path: "/api/secrets/NOBODY" }],
    412: [{ headers: stale }],
    422: [{ path: "/api/secrets/1BAD" }, { headers: { "If-Match": "" } }],
    429: [limited],
    500: [internal],
    503: [unavailable, { at: "busy" }],
  },
  "get /api/secrets/events": {
    200: [{}],
    401: [unauthorized],
    403: [forbidden],
    429: [limited],
    500: [internal],
    503: [unavailable, { at: "damaged" }],
  },
  "get /api/token": {
    200: [{}],
    401: [unauthorized],
    403: [forbidden],
    429: [limited],
    500: [internal],
    503: [unavailable],
  },
  "get /api/status": { 200: [{ token: "none" }], 503: [internal, unavailable] },
  "get /livez": { 200: [{ token: "none" }, internal] },
  "get /api/openapi.json": {
    200: [{ token: "none" }],
    304: [{ token: "none", headers: { "If-None-Match": "*" } }],
  },
  "get /api/docs": { 200: [{ token: "none" }] },
};

const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

const validators = new DocumentValidator(document);
const validator = (...way: readonly string[]) => validators.at(...way);

async function send(method: string, path: string, request: Request): Promise<Response> {
  const { token = "write", headers = {}, body, at } = request;
  const target = at ? others[at] : app;
  const init: RequestInit = {
    method: method.toUpperCase(),
    headers: {
      ...(token !== "none" && bearer(tokens[token])),
      ...(body !== undefined && { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  };
  return target.request(request.path ?? path.replace("{name}", "DB_HOST"), init);
}

/** The body as what its media type says; of a stream that does not end, the first piece. */
async function bodyOf(response: Response, type: string): Promise<unknown> {
  if (type === "text/event-stream") {
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const { value: piece } = await reader.read();
    await reader.cancel();
    return new TextDecoder().decode(piece);
  }
  return type.endsWith("json") ? response.json() : response.text();
}

const special = ["ETag", "WWW-Authenticate", "Retry-After"];

test("the document is valid OpenAPI 3.1", async () => {
  const result = await new Validator().validate(
    structuredClone(document) as unknown as Record<string, unknown>,
  );
  expect(result).toEqual({ valid: true });
  expect(document.openapi).toStartWith("3.1.");
});

test("it is served as it is made, and is in no hurry to be asked again", async () => {
  const response = await app.request("/api/openapi.json");
  expect((await response.json()) as OpenApiDocument).toEqual(JSON.parse(JSON.stringify(document)));
  const etag = response.headers.get("ETag") ?? "";
  expect((await app.request("/api/openapi.json", { headers: { "If-None-Match": `W/${etag}` } })).status).toBe(
    304,
  );
  expect(response.headers.get("Cache-Control")).toBe("public, max-age=300");
});

test("it has the operations that the app has under /api, and no others", () => {
  const own = app.app.routes
    .filter(({ method, path }) => method !== "ALL" && (path.startsWith("/api") || path === "/livez"))
    .map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`);
  expect(documented.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([...new Set(own)].sort());
});

test("every operation and status of it is asked for here, and nothing else", () => {
  const told = documented.map(({ method, path, operation }) => [
    `${method} ${path}`,
    Object.keys(operation.responses).sort(),
  ]);
  const asked = Object.entries(requests).map(([route, statuses]) => [route, Object.keys(statuses).sort()]);
  expect(Object.fromEntries(asked)).toEqual(Object.fromEntries(told));
});

describe("answers as the document says:", () => {
  for (const { path, method, operation } of documented) {
    const cases = requests[`${method} ${path}`] ?? {};
    for (const [status, some] of Object.entries(cases)) {
      test(`${method.toUpperCase()} ${path}: ${status}`, async () => {
        const types = new Set<string>();
        for (const request of some) {
          const response = await send(method, path, request);
          expect(response.status).toBe(Number(status));
          const answer = operation.responses[status];
          const way = ["paths", path, method, "responses", status];
          const type = response.headers.get("Content-Type")?.replace(/;.*/, "") ?? "";
          if (answer?.content) {
            types.add(type);
            if (request.type) expect(type).toBe(request.type);
            expect(Object.keys(answer.content)).toContain(type);
            const validate = validator(...way, "content", type, "schema");
            expect(faultsOf(validate, await bodyOf(response, type))).toEqual([]);
          } else {
            expect(await response.text()).toBe("");
          }
          for (const name of Object.keys(answer?.headers ?? {})) {
            const validate = validator("components", "headers", name, "schema");
            expect(`${name} ${faultsOf(validate, response.headers.get(name))}`).toBe(`${name} `);
          }
          const others = special.filter(
            (name) => !(name in (answer?.headers ?? {})) && response.headers.has(name),
          );
          expect(others).toEqual([]);
          if (Number(status) < 300 && request.body !== undefined) {
            const validate = validator(
              "paths",
              path,
              method,
              "requestBody",
              "content",
              "application/json",
              "schema",
            );
            expect(faultsOf(validate, request.body)).toEqual([]);
          }
        }
        const content = operation.responses[status]?.content ?? {};
        expect([...types].sort()).toEqual(Object.keys(content).sort());
      });
    }
  }
});

describe("bodies that are sent are what the document says:", () => {
  const bodies = {
    putSecret: operations.putSecret.body.schema,
    changeSecrets: operations.changeSecrets.body.schema,
  };
  for (const { path, method, operation } of documented) {
    if (!operation.requestBody) continue;
    const schema = bodies[operation.operationId as keyof typeof bodies];
    const validate = validator("paths", path, method, "requestBody", "content", "application/json", "schema");

    test(`the example of ${operation.operationId}`, async () => {
      const example = operation.requestBody?.content["application/json"]?.example;
      expect(faultsOf(validate, example)).toEqual([]);
      const response = await send(method, path, { body: example });
      expect(response.status).toBeLessThan(300);
    });

    test(`whatever ${operation.operationId} is sent`, () => {
      const keys = fc.constantFrom("value", "note", "set", "delete", "other", "__proto__");
      const part = fc.oneof(
        fc.string(),
        fc.array(fc.oneof(fc.string(), fc.integer())),
        fc.dictionary(
          fc.oneof(fc.string(), fc.constant("__proto__")),
          fc.oneof(fc.string(), fc.constant(null)),
        ),
        fc.jsonValue(),
      );
      const body = fc.oneof(fc.dictionary(keys, part), fc.jsonValue());
      fc.assert(
        fc.property(body, (candidate) => {
          const sent: unknown = JSON.parse(JSON.stringify(candidate));
          expect(schema.safeParse(sent).success).toBe(validate(sent));
        }),
        { numRuns: 300 },
      );
    });
  }

  test("names in addresses", async () => {
    const parameter = documented
      .find(({ operation }) => operation.operationId === "putSecret")
      ?.operation.parameters?.find(({ name }) => name === "name");
    const validate = validators.of(parameter?.schema ?? {});
    for (const name of ["A", "a_1", "_", "A".repeat(255), "1A", "A-B", "Ä", "A B", "A".repeat(256), "A\n"]) {
      const { status } = await send("put", `/api/secrets/${encodeURIComponent(name)}`, { body: value });
      expect(`${name} ${status < 300}`).toBe(`${name} ${validate(name)}`);
    }
  });
});
