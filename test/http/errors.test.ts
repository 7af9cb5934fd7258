/** Bad input: each is told clearly, in the form that its sender reads, and writes nothing. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../src/config.ts";
import { secretFormats } from "../../src/formats/index.ts";
import { createLogger } from "../../src/logger.ts";
import { start } from "../../src/main.ts";
import { bearer, createTestApp, type Fields, origin, type TestApp, type TestBrowser } from "../harness.ts";
import { snapshot } from "../security/snapshot.ts";

let app: TestApp;
let admin: TestBrowser;
let root: number;
let child: number;
let grandchild: number;
let write: string;
let before: Record<string, string>;

beforeAll(async () => {
  app = await createTestApp({ MAX_SECRET_BYTES: "1000" });
  admin = app.browser();
  root = (await admin.createRoot("shop")).id;
  child = await admin.createChild("api", root);
  grandchild = await admin.createChild("worker", child);
  await admin.save(root, "dev", { A: "value of A", B: "value of B" });
  write = await admin.createToken(root, "dev", "write");
  await admin.open("/admin/projects");
  before = await snapshot(app);
});
afterAll(() => app.close());
// Nothing in this file but one describe writes: what a test finds is what the one before it left.
beforeEach(async () => expect(await snapshot(app)).toEqual(before));

const json = { "Content-Type": "application/json" };

/** What every answer has, whatever went wrong. */
async function expectGood(response: Response): Promise<string> {
  const { headers } = response;
  expect(headers.get("X-Request-Id")).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  expect(headers.get("Content-Security-Policy")).toContain("default-src 'none'");
  expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
  expect(headers.get("X-Frame-Options")).toBe("DENY");
  expect(headers.get("Referrer-Policy")).toBe("same-origin");
  expect(headers.get("X-Powered-By")).toBeNull();
  expect(headers.get("Access-Control-Allow-Origin")).toBeNull();
  const body = await response.text();
  for (const trace of [/\bat .*:\d+:\d+/, /node_modules/, /\.tsx?\b/, /SQLITE/i, /drizzle/i, /\bError:/]) {
    expect(body).not.toMatch(trace);
  }
  return body;
}

interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  requestId: string;
  errors?: { field: string; detail: string }[];
}

/** A problem of RFC 9457 with all that is promised of one. */
async function expectProblem(response: Response, status: number, code?: string): Promise<Problem> {
  expect(response.status).toBe(status);
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  const problem = JSON.parse(await expectGood(response)) as Problem;
  expect(problem.type).toMatch(/^urn:secretsfly:problem:[a-z-]+$/);
  if (code) expect(problem.type).toBe(`urn:secretsfly:problem:${code}`);
  expect(problem.status).toBe(status);
  expect(problem.title.length).toBeGreaterThan(0);
  expect(problem.detail.length).toBeGreaterThan(0);
  expect(problem.requestId).toBe(response.headers.get("X-Request-Id") ?? "");
  return problem;
}

async function expectPage(response: Response, status: number): Promise<string> {
  expect(response.status).toBe(status);
  expect(response.headers.get("Content-Type")).toStartWith("text/html");
  return expectGood(response);
}

function api(method: string, path: string, body?: BodyInit, headers: Record<string, string> = json) {
  return app.request(path, {
    method,
    headers: { ...bearer(write), ...headers },
    ...(body !== undefined && { body }),
  });
}

const large = "x".repeat(12 * 1000 + 1024 * 1024 + 1);

describe("addresses and methods", () => {
  const nowhere = [
    "/nothing",
    "/admin/nothing",
    "/admin/projects/1/nothing",
    "/apis",
    "/assets/style.css",
    "/assets/../package.json",
    "/assets/%2e%2e/package.json",
    "/.env",
    "/%00",
    "/%",
    "/%E0%A4%A",
  ];
  for (const path of nowhere) {
    test(`${path} is nothing: a page that says so`, async () => {
      expect(await expectPage(await app.request(path), 404)).toContain("There is nothing at this address.");
    });
  }

  for (const path of [
    "/api",
    "/api/",
    "/api/nothing",
    "/api/secrets/A/B",
    "/api/secrets//",
    "/api//secrets",
    "/api/%",
    "/api/..%2f",
  ]) {
    test(`${path} is nothing: a problem that says so`, async () => {
      await expectProblem(await api("GET", path), 404, "not-found");
    });
  }

  const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];
  const allowed: [string, string[]][] = [
    ["/api/status", ["GET"]],
    ["/api/token", ["GET"]],
    ["/api/openapi.json", ["GET"]],
    ["/api/docs", ["GET"]],
    ["/api/secrets", ["GET", "PATCH"]],
    ["/api/secrets/A", ["GET", "PUT", "DELETE"]],
    ["/", ["GET"]],
    ["/livez", ["GET"]],
    ["/admin", ["GET"]],
    ["/admin/projects", ["GET", "POST"]],
    ["/admin/sign-in", ["GET", "POST"]],
    ["/admin/sign-out", ["POST"]],
    ["/admin/projects/1", ["GET"]],
    ["/admin/projects/1/seal", ["POST"]],
    ["/admin/projects/1/environments/dev/secrets", ["GET", "POST"]],
  ];
  for (const [path, answers] of allowed) {
    for (const method of methods.filter((name) => !answers.includes(name))) {
      test(`${method} ${path} is answered 405 with Allow`, async () => {
        const response = await app.request(path, { method, headers: { ...bearer(write), Origin: origin } });
        const told = answers.includes("GET") ? ["HEAD", ...answers] : answers;
        expect(response.headers.get("Allow")?.split(", ").sort()).toEqual(told.toSorted());
        if (path.startsWith("/api")) await expectProblem(response, 405, "method-not-allowed");
        else await expectPage(response, 405);
      });
    }
  }

  const same: [string, string, string?][] = [
    ["GET", "/api/status"],
    ["GET", "/api/token"],
    ["GET", "/api/openapi.json"],
    ["GET", "/api/docs"],
    ["GET", "/api/secrets"],
    ["GET", "/api/secrets/A"],
    ["PATCH", "/api/secrets", "{}"],
    ["PUT", "/api/secrets/A", '{"value":"value of A"}'],
    ["DELETE", "/api/secrets/NOBODY"],
  ];
  for (const [method, path, body] of same) {
    test(`${method} ${path} is the same with a trailing slash`, async () => {
      const [plain, slash] = [await api(method, path, body), await api(method, `${path}/`, body)];
      expect(slash.status).toBe(plain.status);
      expect(slash.headers.get("ETag")).toBe(plain.headers.get("ETag"));
      const [told, toldAgain] = [await plain.text(), await slash.text()];
      expect(toldAgain.replace(/"requestId":"[^"]*"/, "")).toBe(told.replace(/"requestId":"[^"]*"/, ""));
    });
  }

  test("a percent-encoded path is the path that it stands for", async () => {
    for (const path of ["/api/secrets/%41", "/%61pi/%73ecrets/A"]) {
      expect(await (await api("GET", path)).json()).toMatchObject({ name: "A", value: "value of A" });
    }
    await expectProblem(await api("GET", "/api/secrets/%2541"), 404, "not-found");
    await expectProblem(await api("GET", "/%61pi/nothing"), 404, "not-found");
    for (const name of ["A%2FB", "A%00", "%E0%A4%A", "%ED%A0%80", "..%2f..%2fetc"]) {
      await expectProblem(await api("GET", `/api/secrets/${name}`), 404, "not-found");
      await expectProblem(await api("PUT", `/api/secrets/${name}`, '{"value":"x"}'), 422, "invalid");
    }
  });

  test("no answer leads to another site", async () => {
    for (const path of [
      "//evil.example",
      "//evil.example/admin",
      "/\\evil.example",
      "/admin//evil.example",
    ]) {
      const response = await app.request(path, { headers: { Referer: "https://evil.example" } });
      expect(response.status).toBe(404);
      expect(response.headers.get("Location")).toBeNull();
    }
  });
});

interface BadBody {
  what: string;
  method: "PUT" | "PATCH";
  body: string | Buffer<ArrayBuffer>;
  status: number;
  code: string;
  /** What the answer names. */
  says?: string;
  headers?: Record<string, string>;
}

const marked = "do-not-repeat-this";

const badBodies: BadBody[] = [
  { what: "no JSON", method: "PUT", body: `{"value":"${marked}"`, status: 400, code: "malformed" },
  { what: "nothing", method: "PATCH", body: "", status: 400, code: "malformed" },
  {
    what: "what is no UTF-8",
    method: "PUT",
    body: Buffer.from(`{"value":"${marked} \xe9"}`, "latin1"),
    status: 400,
    code: "malformed",
    says: "UTF-8",
  },
  { what: "a text", method: "PUT", body: `"${marked}"`, status: 422, code: "invalid" },
  { what: "null", method: "PATCH", body: "null", status: 422, code: "invalid" },
  { what: "a list", method: "PATCH", body: `["${marked}"]`, status: 422, code: "invalid" },
  { what: "no value", method: "PUT", body: "{}", status: 422, code: "invalid", says: "value" },
  {
    what: "a number as a value",
    method: "PUT",
    body: '{"value":1}',
    status: 422,
    code: "invalid",
    says: "value",
  },
  {
    what: "null as a value",
    method: "PUT",
    body: '{"value":null}',
    status: 422,
    code: "invalid",
    says: "value",
  },
  {
    what: "an unknown field",
    method: "PUT",
    body: `{"value":"x","${marked}":1}`,
    status: 422,
    code: "invalid",
    says: "not known here",
  },
  { what: "an id of its own", method: "PUT", body: '{"value":"x","id":1}', status: 422, code: "invalid" },
  {
    what: "a project of its own",
    method: "PATCH",
    body: '{"set":{},"projectId":2}',
    status: 422,
    code: "invalid",
  },
  { what: "a prototype", method: "PUT", body: '{"__proto__":{"value":"x"}}', status: 422, code: "invalid" },
  {
    what: "a list to set",
    method: "PATCH",
    body: `{"set":["${marked}"]}`,
    status: 422,
    code: "invalid",
    says: "set",
  },
  {
    what: "a number to set",
    method: "PATCH",
    body: '{"set":{"A":1}}',
    status: 422,
    code: "invalid",
    says: "set",
  },
  {
    what: "a text to delete",
    method: "PATCH",
    body: '{"delete":"A"}',
    status: 422,
    code: "invalid",
    says: "delete",
  },
  {
    what: "a NUL",
    method: "PUT",
    body: `{"value":"${marked}\\u0000"}`,
    status: 422,
    code: "invalid",
    says: "NUL",
  },
  {
    what: "a lone surrogate",
    method: "PUT",
    body: `{"value":"${marked}\\ud800"}`,
    status: 422,
    code: "invalid",
    says: "Unicode",
  },
  {
    what: "a lone surrogate in a note",
    method: "PUT",
    body: `{"value":"x","note":"${marked}\\udc00"}`,
    status: 422,
    code: "invalid",
    says: "note",
  },
  {
    what: "a bad name beside good ones",
    method: "PATCH",
    body: '{"set":{"GOOD":"x","1BAD":"y"}}',
    status: 422,
    code: "invalid",
    says: "environment variable",
  },
  {
    what: "an empty name",
    method: "PATCH",
    body: '{"set":{"GOOD":"x","":"y"}}',
    status: 422,
    code: "invalid",
  },
  {
    what: "the deletion of nobody beside a good one",
    method: "PATCH",
    body: '{"set":{"GOOD":"x"},"delete":["NOBODY"]}',
    status: 404,
    code: "not-found",
    says: "NOBODY",
  },
  {
    what: "a name to set and to delete",
    method: "PATCH",
    body: '{"set":{"A":"x"},"delete":["A"]}',
    status: 422,
    code: "invalid",
    says: "twice",
  },
  {
    what: "a name to delete twice",
    method: "PATCH",
    body: '{"delete":["A","A"]}',
    status: 422,
    code: "invalid",
    says: "twice",
  },
  {
    what: "an unknown reference",
    method: "PUT",
    body: `{"value":"${marked} \${NOBODY}"}`,
    status: 422,
    code: "invalid",
    says: "NOBODY",
  },
  {
    what: "references in a circle",
    method: "PATCH",
    body: '{"set":{"A":"${B}","B":"${A}"}}',
    status: 422,
    code: "invalid",
    says: "A → B → A",
  },
  {
    what: "a value that is too large",
    method: "PUT",
    body: JSON.stringify({ value: "x".repeat(1001) }),
    status: 413,
    code: "too-large",
    says: "1000 bytes",
  },
  { what: "a body that is too large", method: "PUT", body: large, status: 413, code: "too-large" },
  {
    what: "a form",
    method: "PUT",
    body: "value=x",
    status: 415,
    code: "unsupported-media-type",
    headers: {
      "Content-Type": "application/x-www-form-urlencoded",
    },
  },
  {
    what: "no type",
    method: "PUT",
    body: '{"value":"x"}',
    status: 415,
    code: "unsupported-media-type",
    headers: {
      "Content-Type": "",
    },
  },
  {
    what: "a type that only looks like JSON",
    method: "PUT",
    body: '{"value":"x"}',
    status: 415,
    code: "unsupported-media-type",
    headers: {
      "Content-Type": "application/json-patch+json",
    },
  },
];

describe("bodies", () => {
  for (const { what, method, body, status, code, says = "", headers = json } of badBodies) {
    test(`${method} of ${what}: ${status}, and nothing is written`, async () => {
      const path = method === "PUT" ? "/api/secrets/A" : "/api/secrets";
      const problem = await expectProblem(await api(method, path, body, headers), status, code);
      expect(JSON.stringify(problem)).toContain(says);
      expect(JSON.stringify(problem)).not.toContain(marked);
      expect(await snapshot(app)).toEqual(before);
    });
  }

  test("names that are no environment variable cannot be written, however they come", async () => {
    for (const name of [
      "1A",
      "A-B",
      "A.B",
      "A B",
      " A",
      "Ä",
      "A=B",
      "A\nB",
      "a".repeat(256),
      "$",
      "-",
      "🔑",
    ]) {
      await expectProblem(
        await api("PUT", `/api/secrets/${encodeURIComponent(name)}`, '{"value":"x"}'),
        422,
        "invalid",
      );
      await expectProblem(
        await api("PATCH", "/api/secrets", JSON.stringify({ set: { [name]: "x" } })),
        422,
        "invalid",
      );
    }
  });

  test("an unknown format is refused, and the known ones are named", async () => {
    for (const format of ["xml", "", "ENV", "__proto__", "constructor", "env,map"]) {
      const problem = await expectProblem(await api("GET", `/api/secrets?format=${format}`), 422, "invalid");
      expect(problem.errors).toEqual([
        { field: "format", detail: `must be one of ${secretFormats.join(", ")}` },
      ]);
    }
  });

  test("a fault in each field is told beside it", async () => {
    const problem = await expectProblem(
      await api("PATCH", "/api/secrets", '{"set":1,"delete":2}'),
      422,
      "invalid",
    );
    expect(problem.errors?.map(({ field }) => field).sort()).toEqual(["delete", "set"]);
  });
});

interface BadForm {
  what: string;
  path: () => string;
  fields: Fields | (() => Fields);
  status: number;
  says: string;
}

const secrets = () => `/admin/projects/${root}/environments/dev/secrets`;
const numberText = "must be a project&#39;s number";

const badForms: BadForm[] = [
  { what: "no secret at all", path: secrets, fields: {}, status: 422, says: "no secret to save" },
  {
    what: "a bad name",
    path: secrets,
    fields: { name: "1A", value: "x" },
    status: 422,
    says: "environment variable",
  },
  {
    what: "a bad name beside a good one",
    path: secrets,
    fields: { name: ["GOOD", "1A"], value: ["x", "y"] },
    status: 422,
    says: "environment variable",
  },
  {
    what: "the same name twice",
    path: secrets,
    fields: { name: ["C", "C"], value: ["x", "y"] },
    status: 422,
    says: "C is there twice",
  },
  {
    what: "a name without a value",
    path: secrets,
    fields: { name: ["C", "D"], value: ["x"] },
    status: 422,
    says: "needs one value",
  },
  {
    what: "more notes than secrets",
    path: secrets,
    fields: { name: "C", value: "x", note: ["n", "m"] },
    status: 422,
    says: "note",
  },
  { what: "a NUL", path: secrets, fields: { name: "C", value: "x\0y" }, status: 422, says: "NUL" },
  {
    what: "a value that is too large",
    path: secrets,
    fields: { name: "C", value: "x".repeat(1001) },
    status: 413,
    says: "1000 bytes",
  },
  {
    what: "a note that is too long",
    path: secrets,
    fields: { name: "C", value: "x", note: "n".repeat(1001) },
    status: 422,
    says: "1000 characters",
  },
  {
    what: "an unknown reference",
    path: secrets,
    fields: { name: "C", value: "${NOBODY}" },
    status: 422,
    says: "NOBODY",
  },
  {
    what: "a form that is too large",
    path: secrets,
    fields: { name: "C", value: large },
    status: 413,
    says: "larger than",
  },
  {
    what: "the deletion of nobody",
    path: () => `${secrets()}/NOBODY/delete`,
    fields: {},
    status: 404,
    says: "no secret NOBODY of this project itself",
  },
  {
    what: "secrets in an unknown environment",
    path: () => `/admin/projects/${root}/environments/nowhere/secrets`,
    fields: { name: "C", value: "x" },
    status: 404,
    says: "no such environment",
  },
  {
    what: "a project without a name",
    path: () => "/admin/projects",
    fields: { name: " " },
    status: 422,
    says: "needs a name",
  },
  {
    what: "a project's name that is too long",
    path: () => "/admin/projects",
    fields: { name: "n".repeat(101) },
    status: 422,
    says: "at most 100",
  },
  {
    what: "a project's name with a control character",
    path: () => "/admin/projects",
    fields: { name: "a\u001b[31m" },
    status: 422,
    says: "control",
  },
  {
    what: "a root's name that is taken",
    path: () => "/admin/projects",
    fields: { name: "SHOP" },
    status: 422,
    says: "already a project",
  },
  {
    what: "a child's name that is taken",
    path: () => "/admin/projects",
    fields: () => ({ name: "Api", parentId: String(root) }),
    status: 422,
    says: "already a project",
  },
  {
    what: "a parent that is no number",
    path: () => "/admin/projects",
    fields: { name: "n", parentId: "abc" },
    status: 422,
    says: numberText,
  },
  {
    what: "a parent that is not there",
    path: () => "/admin/projects",
    fields: { name: "n", parentId: "99" },
    status: 422,
    says: "no such parent",
  },
  {
    what: "a master key for a child",
    path: () => "/admin/projects",
    fields: () => ({ name: "n", parentId: String(root), masterKey: "a good passphrase" }),
    status: 422,
    says: "no master key of its own",
  },
  {
    what: "a passphrase that is too short",
    path: () => "/admin/projects",
    fields: { name: "n", masterKey: "short" },
    status: 422,
    says: "too short",
  },
  {
    what: "a passphrase with a colon",
    path: () => "/admin/projects",
    fields: { name: "n", masterKey: "a passphrase: mine" },
    status: 422,
    says: "colon",
  },
  {
    what: "a mistyped generated key",
    path: () => "/admin/projects",
    fields: { name: "n", masterKey: "sfmk_abc" },
    status: 422,
    says: "mistyped",
  },
  {
    what: "a move below itself",
    path: () => `/admin/projects/${child}/edit`,
    fields: () => ({ name: "api", parentId: String(child) }),
    status: 422,
    says: "circle",
  },
  {
    what: "a move below its own child",
    path: () => `/admin/projects/${child}/edit`,
    fields: () => ({ name: "api", parentId: String(grandchild) }),
    status: 422,
    says: "circle",
  },
  {
    what: "a root's move below its own child",
    path: () => `/admin/projects/${root}/edit`,
    fields: () => ({ name: "shop", parentId: String(child) }),
    status: 422,
    says: "cannot be moved",
  },
  {
    what: "a move below nothing",
    path: () => `/admin/projects/${child}/edit`,
    fields: { name: "api", parentId: "99" },
    status: 422,
    says: "There is no such parent project.",
  },
  {
    what: "a move below no number",
    path: () => `/admin/projects/${child}/edit`,
    fields: { name: "api", parentId: "1 or 1" },
    status: 422,
    says: numberText,
  },
  {
    what: "an empty new name",
    path: () => `/admin/projects/${child}/edit`,
    fields: { name: "" },
    status: 422,
    says: "needs a name",
  },
  {
    what: "a deletion that is not confirmed",
    path: () => `/admin/projects/${child}/delete`,
    fields: { confirmName: "Api" },
    status: 422,
    says: "Type the project",
  },
  {
    what: "a token without a name",
    path: () => `/admin/projects/${root}/service-tokens`,
    fields: { environment: "dev", rights: "read" },
    status: 422,
    says: "needs a name",
  },
  {
    what: "a token for an unknown environment",
    path: () => `/admin/projects/${root}/service-tokens`,
    fields: { name: "t", environment: "nowhere", rights: "read" },
    status: 422,
    says: "no such environment",
  },
  {
    what: "a token with unknown rights",
    path: () => `/admin/projects/${root}/service-tokens`,
    fields: { name: "t", environment: "dev", rights: "admin" },
    status: 422,
    says: "read or write",
  },
  {
    what: "a token that expires in no number",
    path: () => `/admin/projects/${root}/service-tokens`,
    fields: { name: "t", environment: "dev", rights: "read", expiresInDays: "-1" },
    status: 422,
    says: "whole number",
  },
  {
    what: "a token that outlives us",
    path: () => `/admin/projects/${root}/service-tokens`,
    fields: { name: "t", environment: "dev", rights: "read", expiresInDays: "99999" },
    status: 422,
    says: "3650",
  },
  {
    what: "a token for no address",
    path: () => `/admin/projects/${root}/service-tokens`,
    fields: { name: "t", environment: "dev", rights: "read", allowedIps: "10.0.0.0/33" },
    status: 422,
    says: "no IP address",
  },
];

describe("forms", () => {
  for (const { what, path, fields, status, says } of badForms) {
    test(`${what}: ${status}, and nothing is written`, async () => {
      const form = typeof fields === "function" ? fields() : fields;
      expect(await expectPage(await admin.post(path(), form), status)).toContain(says);
      expect(await snapshot(app)).toEqual(before);
    });
  }

  const post = (body: BodyInit, headers: Record<string, string>) =>
    app.request(secrets(), {
      method: "POST",
      body,
      headers: { Origin: origin, Cookie: admin.cookie, ...headers },
    });

  test("a multipart form that is cut off is told to be unreadable", async () => {
    const page = await expectPage(
      await post("--x\r\nContent-", { "Content-Type": "multipart/form-data; boundary=x" }),
      400,
    );
    expect(page).toContain("The form cannot be read.");
    await expectPage(await post("x", { "Content-Type": "multipart/form-data" }), 400);
  });

  test("a file is not taken for a text", async () => {
    const form = new FormData();
    form.append("name", "C");
    form.append("value", new File(["x"], "value.txt"));
    expect(await expectPage(await post(form, {}), 422)).toContain("A file cannot be sent here.");
  });

  test("a body that says a length that is too large is refused before it is read", async () => {
    const headers = { "Content-Type": "application/x-www-form-urlencoded", "Content-Length": "99999999999" };
    await expectPage(await post("name=C&value=x", headers), 413);
    await expectProblem(
      await api("PUT", "/api/secrets/A", "{}", { ...json, "Content-Length": "99999999999" }),
      413,
    );
  });

  test("the row at fault is marked, and no other, whatever the others are called", async () => {
    const names = ["constructor", "__proto__", "name", "1BAD"];
    const page = await (await admin.post(secrets(), { name: names, value: names })).text();
    expect(page.match(/class="field-error"/g)).toHaveLength(1);
    expect(page.match(/id="row-3-error"/g)).toHaveLength(1);
  });
});

describe("names that JavaScript knows", () => {
  const known = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"];

  test("are secrets like any other: by form, PUT, PATCH and in every format", async () => {
    const copy = await createTestApp();
    const browser = copy.browser();
    const { id } = await browser.createRoot("shop");
    const headers = { ...bearer(await browser.createToken(id, "dev", "write")), ...json };
    const path = `/admin/projects/${id}/environments/dev/secrets`;
    await browser.post(path, { name: known, value: known.map(() => "by form") });
    const read = async (format: string) => {
      const response = await copy.request(`/api/secrets?format=${format}`, { headers });
      expect(response.status).toBe(200);
      return response.text();
    };
    const expected = (value: string) => known.toSorted().map((name): [string, string] => [name, value]);
    expect(Object.entries(JSON.parse(await read("map")) as Record<string, string>)).toEqual(
      expected("by form"),
    );
    const set = `{${known.map((name) => `"${name}":"by PATCH"`).join()}}`;
    await copy.request("/api/secrets", { method: "PATCH", headers, body: `{"set":${set}}` });
    expect(Object.entries(JSON.parse(await read("map")) as Record<string, string>)).toEqual(
      expected("by PATCH"),
    );
    for (const name of known) {
      const body = '{"value":"by PUT"}';
      expect((await copy.request(`/api/secrets/${name}`, { method: "PUT", headers, body })).status).toBe(200);
      const response = await copy.request(`/api/secrets/${name}`, { headers });
      expect(await response.json()).toMatchObject({ name, value: "by PUT", version: 3 });
    }
    for (const format of secretFormats) {
      const text = await read(format);
      for (const name of known) expect(text).toContain(name);
    }
    expect(({} as Record<string, unknown>).value).toBeUndefined();
    await copy.request("/api/secrets", { method: "PATCH", headers, body: JSON.stringify({ delete: known }) });
    expect(await read("map")).toBe("{}");
    copy.close();
  });
});

describe("what good answers carry", () => {
  const holders: [string, () => Promise<Response>][] = [
    ["the API's secrets", () => api("GET", "/api/secrets")],
    ["one secret", () => api("GET", "/api/secrets/A")],
    ["the token", () => api("GET", "/api/token")],
    ["a change", () => api("PUT", "/api/secrets/A", '{"value":"value of A"}')],
    ["a refusal", () => app.request("/api/secrets")],
    ["not modified", () => api("GET", "/api/secrets", undefined, { "If-None-Match": "*" })],
    ["an admin page", () => admin.get("/admin/projects")],
    ["the names", () => admin.get(secrets())],
    ["a redirect", () => admin.post(`/admin/projects/${root}/nothing`)],
  ];
  for (const [what, get] of holders) {
    test(`${what} is not stored by any cache, and has its headers`, async () => {
      const response = await get();
      expect(response.headers.get("Cache-Control")).toBe("no-store");
      await expectGood(response);
    });
  }

  test("every request has an id of its own, whatever the client says", async () => {
    const headers = { "X-Request-Id": "mine" };
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await app.request("/api/status", { headers })).headers.get("X-Request-Id")),
    );
    expect(new Set(ids).size).toBe(3);
    expect(ids).not.toContain("mine");
  });

  test("HSTS is sent where the public origin is https", async () => {
    const https = await createTestApp({ PUBLIC_ORIGIN: "https://secrets.example.com" });
    expect((await https.request("/api/status")).headers.get("Strict-Transport-Security")).toBe(
      "max-age=31536000",
    );
    expect((await app.request("/api/status")).headers.get("Strict-Transport-Security")).toBeNull();
    https.close();
  });
});

describe("a fault of our own", () => {
  test("is told without its message, and logged under the request's id", async () => {
    const copy = await app.copy();
    const browser = copy.browser();
    copy.db.$client.close();
    const problem = await expectProblem(
      await copy.request("/api/secrets", { headers: bearer(write) }),
      500,
      "internal",
    );
    expect(problem.detail).toContain("under the request's id");
    const page = await expectPage(await browser.get("/admin/projects/1"), 500);
    expect(page).toContain("Internal error");
    const failed = copy.logs.map(
      (line) => JSON.parse(line) as { requestId?: string; msg: string; at?: string[] },
    );
    const entry = failed.find(
      ({ msg, requestId }) => msg === "request failed" && requestId === problem.requestId,
    );
    expect(entry?.at?.length).toBeGreaterThan(0);
    copy.close();
  });
});

describe("over a socket", () => {
  test("a body that is too large is answered as any other error is", async () => {
    const file = join(tmpdir(), `secretsfly-errors-${crypto.randomUUID()}`, "secretsfly.db");
    const config = parseConfig({ PORT: "0", DATABASE_URL: `file:${file}`, MAX_SECRET_BYTES: "1000" });
    const server = await start(config, createLogger("silent"));
    try {
      const response = await fetch(`${server.url}/admin/projects`, {
        method: "POST",
        body: new URLSearchParams({ name: "x".repeat(20_000_000) }),
        headers: { Origin: server.url },
      });
      await expectPage(response, 413);
    } finally {
      await server.stop();
    }
  });
});
