/** Addresses that lead somewhere else than they seem to, through a socket: nothing between would mend them. */

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { type ServerProcess, startServer, temporaryFolder } from "../server-process.ts";
import { converse } from "./raw-connection.ts";

setDefaultTimeout(240_000);

const password = "the admin's password";

let folder: ReturnType<typeof temporaryFolder>;
let server: ServerProcess;
let token: string;
beforeAll(async () => {
  folder = temporaryFolder();
  server = await startServer(folder.path, { ADMIN_PASSWORD: password });
  const admin = server.browser();
  await admin.post("/admin/sign-in", { password });
  const { id } = await admin.createRoot("hidden-project");
  await admin.save(id, "prod", { A: "hidden-value" });
  token = await admin.createToken(id, "prod");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const get = (target: string, ...headers: string[]) => {
  const lines = [`GET ${target} HTTP/1.1`, `Host: ${new URL(server.url).host}`, ...headers];
  return converse(server.url, [...lines, "Connection: close", "", ""].join("\r\n"));
};

const files = [
  "package.json",
  "etc/passwd",
  "data/secretsfly.db",
  "src/main.ts",
  ".env",
  "proc/self/environ",
];
const ways = [
  "../",
  "../../../../../../../../",
  "%2e%2e/",
  "%2e%2e%2f",
  "..%2f..%2f..%2f",
  "%2E%2E%5C",
  "..\\..\\..\\",
  "..%5c",
  "....//....//",
  "%252e%252e%252f",
  "%c0%ae%c0%ae/",
  "%u002e%u002e/",
  "..;/",
  "./",
  "/",
  "file:///",
  "%00/../",
  "style.css%00/../../",
  "\\\\?\\",
];
for (const way of ways) {
  test(`no file is served by ${way}`, async () => {
    for (const before of ["/assets/", "/", "/api/", "/admin/", "/api/docs/"]) {
      for (const file of files) {
        const { statuses, text } = await get(`${before}${way}${file}`);
        expect(statuses).toHaveLength(1);
        expect([303, 400, 404]).toContain(statuses[0] ?? 0);
        for (const content of ["root:", "SQLite format", '"dependencies"', "SECRETSFLY", "import {", "PATH="])
          expect(text).not.toContain(content);
      }
    }
  });
}

const admins = [
  "/admin/projects",
  "/admin/projects/",
  "/admin//projects",
  "//admin/projects",
  "/ADMIN/projects",
  "/%61dmin/projects",
  "/admin%2fprojects",
  "/admin/./projects",
  "/admin/%2e/projects",
  "/./admin/projects",
  "/assets/../admin/projects",
  "/api/../admin/projects",
  "/api/%2e%2e/admin/projects",
  "/livez/../admin/projects",
  "/admin/sign-in/../projects",
  "/admin/sign-in/%2e%2e/projects",
  "/admin/sign-in/..%2fprojects",
  "/admin/sign-in;/../projects",
  "/admin/sign-in%00/../projects",
  "/admin/projects?/admin/sign-in",
  "/admin/projects#/admin/sign-in",
  "/admin/projects;/admin/sign-in",
  "/admin/projects/.",
  "/admin/projects/%20",
  "/admin/projects\\",
  "/admin\\projects",
];
for (const target of admins) {
  test(`${target} shows nobody a project who is not signed in`, async () => {
    const { statuses, text } = await get(target);
    expect(statuses).toHaveLength(1);
    expect([303, 400, 404]).toContain(statuses[0] ?? 0);
    expect(text).not.toContain("hidden-project");
  });
}

const fetches = [
  "/api/secrets",
  "/api/secrets/",
  "/api//secrets",
  "//api/secrets",
  "/API/secrets",
  "/%61pi/secrets",
  "/api/secrets/%2e",
  "/api/status/../secrets",
  "/api/docs/%2e%2e/secrets",
  "/api/secrets/A",
  "/api/secrets/%41",
  "/api/secrets;status",
  "/api/secrets%00",
  "/api/secrets?/api/status",
];
for (const target of fetches) {
  test(`${target} gives no secret without a token`, async () => {
    const { statuses, text } = await get(target);
    expect(statuses).toHaveLength(1);
    expect([400, 401, 404]).toContain(statuses[0] ?? 0);
    expect(text).not.toContain("hidden-value");
  });
}

test("an address with a host in it is asked for here, and no other host is told of", async () => {
  for (const target of [
    "http://evil.example/livez",
    "http://evil.example/admin/projects",
    "http://user:password@evil.example/api/docs",
    "http://evil.example:99999/api/docs",
  ]) {
    const { statuses, text } = await get(target);
    expect([200, 303, 400]).toContain(statuses[0] ?? 0);
    expect(text).not.toContain("evil.example");
  }
});

test("two Host headers are refused, whichever is first", async () => {
  for (const hosts of [
    ["localhost", "evil.example"],
    ["evil.example", "localhost"],
    ["localhost, evil.example"],
  ]) {
    for (const path of ["/", "/livez", "/api/status", "/admin/sign-in"]) {
      const lines = [`GET ${path} HTTP/1.1`, ...hosts.map((host) => `Host: ${host}`), "Connection: close"];
      const { statuses, text } = await converse(server.url, [...lines, "", ""].join("\r\n"));
      expect(statuses).toEqual([400]);
      expect(text).not.toContain("evil.example");
    }
  }
});

test("a Host that is none is refused, and not told again", async () => {
  for (const host of [
    "",
    "evil.example/x",
    "a b",
    "evil.example:99999",
    "<script>",
    "[::1",
    "user@evil.example",
  ]) {
    const text = ["GET /api/docs HTTP/1.1", `Host: ${host}`, "Connection: close", "", ""].join("\r\n");
    const answer = await converse(server.url, text);
    expect([host, answer.statuses]).toEqual([host, [400]]);
    expect(answer.text).not.toMatch(/evil\.example|<script>/);
  }
});

test("two Authorization headers are no token, in whichever order", async () => {
  const good = `Authorization: Bearer ${token}`;
  const bad = "Authorization: Bearer sfly_";
  for (const headers of [
    [good, bad],
    [bad, good],
    [good, good],
  ]) {
    const { statuses, text } = await get("/api/secrets", ...headers);
    expect(statuses).toEqual([401]);
    expect(text).not.toContain("hidden-value");
  }
  expect((await get("/api/secrets", good)).statuses).toEqual([200]);
});
