/** The page of the API: it is what its readers see and try. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { openApiDocument } from "../../../src/http/api/openapi.ts";
import { createTestApp, type TestApp } from "../../harness.ts";

let app: TestApp;
let server: Bun.Server<undefined>;
let token: string;
let page: string;

beforeAll(async () => {
  app = await createTestApp();
  const admin = app.browser();
  const { id } = await admin.createRoot("shop");
  token = await admin.createToken(id, "dev", "write");
  server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => app.handle(request) });
  page = await (await fetch(new URL("/api/docs", server.url))).text();
});
afterAll(async () => {
  await server.stop(true);
  app.close();
});

const entities: Record<string, string> = {
  "&#39;": "'",
  "&quot;": '"',
  "&lt;": "<",
  "&gt;": ">",
  "&amp;": "&",
};

/** The commands on the page, as they are read and copied. */
function commands(): string[] {
  return [...page.matchAll(/<pre class="value commands">([\s\S]*?)<\/pre>/g)].map(([, text = ""]) =>
    text.replace(/&(?:#39|quot|lt|gt|amp);/g, (entity) => entities[entity] ?? entity).trim(),
  );
}

/** What a command prints in a shell, up to `enough`; it may go on for ever. */
async function run(command: string, enough: string): Promise<string> {
  const child = Bun.spawn(["sh", "-c", command.replaceAll("curl ", "exec curl --silent --include ")], {
    env: { ...process.env, SECRETSFLY_TOKEN: token },
    stdout: "pipe",
    stderr: "pipe",
  });
  let printed = "";
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    printed += piece;
    if (printed.includes(enough)) break;
  }
  child.kill();
  await child.exited;
  return printed;
}

/** What the command of each operation prints. */
const prints: Record<string, string> = {
  listSecrets: '{"secrets":[',
  changeSecrets: '"name":"DB_HOST","version":1,"outcome":"created"',
  readSecret: '"name":"DB_HOST","value":"db.internal"',
  putSecret: '"name":"DB_HOST","version":2',
  deleteSecret: "HTTP/1.1 204 No Content",
  streamChanges: "event: revision",
  readToken: '"rights":"write"',
  readStatus: '{"db":"up"}',
  readLiveness: "ok",
  readContract: '{"openapi":"3.1.1"',
  readDocs: "<!DOCTYPE html>",
};

test("every example on it works as it is written, from the top to the bottom", async () => {
  const ids = Object.values(openApiDocument().paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  const examples = commands().filter((command) => command.includes("curl"));
  expect(ids.toSorted()).toEqual(Object.keys(prints).sort());
  expect(examples.length).toBe(ids.length);
  for (const [i, id] of ids.entries()) {
    const enough = prints[id] ?? "";
    expect((await run(examples[i] ?? "", enough)).toLowerCase()).toContain(enough.toLowerCase());
  }
});

test("its links lead somewhere, and no two of its places have one name", () => {
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(ids.length).toBe(new Set(ids).size);
  const targets = [...page.matchAll(/ href="#([^"]+)"/g)].map(([, id]) => id);
  expect(targets.filter((id) => !ids.includes(id))).toEqual([]);
  expect(targets).toContain("schema-Problem");
});

test("it knows no session, and says where the server is that the settings say", async () => {
  const other = await app.sibling({ PUBLIC_ORIGIN: "https://secrets.example" });
  const response = await other.request("/api/docs", { headers: { Cookie: "secretsfly_session=x" } });
  expect(response.headers.get("Set-Cookie")).toBeNull();
  expect(await response.text()).toContain("https://secrets.example/api/secrets");
  other.close();
});

test("HEAD tells the length that GET has, of an API's answer, a page and a fault", async () => {
  for (const path of ["/api/token", "/api/openapi.json", "/admin/sign-in", "/api/nothing"]) {
    const ask = (method: string) =>
      fetch(new URL(path, server.url), {
        method,
        headers: { Authorization: token, "Accept-Encoding": "identity" },
      });
    const [head, get] = [await ask("HEAD"), await ask("GET")];
    const length = (await get.bytes()).byteLength;
    expect([path, head.status, head.headers.get("Content-Length")]).toEqual([path, get.status, `${length}`]);
  }
});

test("it quotes a host that a shell would read; what is no host is refused everywhere", async () => {
  const ask = async (path: string, host: string) => {
    const response = await fetch(new URL(path, server.url), { headers: { Host: host } });
    expect(response.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    return [response.status, await response.text()] as const;
  };
  expect((await ask("/api/docs", "x'$(id)"))[1]).toContain("&#39;http://x&#39;\\&#39;&#39;$(id)/api/");
  for (const path of ["/api/docs", "/api/status", "/admin/projects"]) {
    const [status, text] = await ask(path, "x:99999");
    expect([path, status, text.includes("The Host header is no host")]).toEqual([path, 400, true]);
  }
});

test("every page of the admin leads to it", async () => {
  expect(await app.browser().open("/admin/projects")).toContain('href="/api/docs"');
});

test("what tells of the API is compressed, and what apps fetch never is", async () => {
  const encodings: Record<string, string | null> = {};
  for (const path of ["/api/docs", "/api/docs/", "/api/openapi.json", "/api/secrets", "/api/token"]) {
    const headers = { Authorization: token, "Accept-Encoding": "gzip" };
    const response = await app.request(path, { headers });
    expect(response.status).toBe(200);
    encodings[path] = response.headers.get("Content-Encoding");
  }
  expect(encodings).toEqual({
    "/api/docs": "gzip",
    "/api/docs/": "gzip",
    "/api/openapi.json": "gzip",
    "/api/secrets": null,
    "/api/token": null,
  });
});
