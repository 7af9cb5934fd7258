/** The command that measures the first secretsfly, against servers that answer as it does, or otherwise. */

import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { startFileServer, temporaryFolder } from "../server-process.ts";

const script = join(import.meta.dir, "../../bench/original.ts");
const token = "a-token-of-the-first-one";

async function run(url: string, given = token, ...more: string[]) {
  const child = Bun.spawn({
    cmd: [process.execPath, script, "--url", url, "--seconds", "1", ...more],
    env: { PATH: "/usr/bin:/bin", SECRETSFLY_TOKEN: given },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { stdout, stderr, exitCode: await child.exited };
}

/** The numbers of a line of the table, behind its number of connections. */
function figures(stdout: string, connections: number): number[] {
  const line = stdout.split("\n").find((text) => new RegExp(`^ +${connections} +\\S`).test(text)) ?? "";
  return line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map((figure) => Number(figure.replaceAll(",", "")));
}

let server: Bun.Server<undefined> | undefined;
afterEach(() => server?.stop(true));

/** A server on a free port; its address. */
function serve(answer: (request: Request) => Response): string {
  server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  return server.url.origin;
}

const body = JSON.stringify({
  secrets: [
    { id: 1, name: "A", value: "1" },
    { id: 2, name: "B", value: "2" },
  ],
});

/** As Flask does it: what has no slash at its end is led to what has one. */
function firstSecretsfly(request: Request): Response {
  const { pathname } = new URL(request.url);
  if (pathname === "/api/secrets")
    return new Response(null, { status: 308, headers: { Location: "/api/secrets/" } });
  if (pathname !== "/api/secrets/") return new Response(null, { status: 404 });
  const isKnown = request.headers.get("Authorization") === token;
  return isKnown ? new Response(body) : new Response(null, { status: 401 });
}

describe("bench:original", () => {
  test("measures a server that answers as the first secretsfly does, beside what was measured once", async () => {
    const url = serve(firstSecretsfly);
    const { stdout, stderr, exitCode } = await run(url);
    expect([stderr, exitCode]).toEqual(["", 0]);
    expect(stdout).toContain(`${url}/api/secrets/: 2 secrets, ${body.length} bytes an answer`);
    for (const connections of [1, 10, 40]) {
      const [requests = 0, p50 = 0, p99 = 0] = figures(stdout, connections);
      expect(requests).toBeGreaterThan(0);
      expect(p50).toBeGreaterThan(0);
      expect(p99).toBeGreaterThanOrEqual(p50);
    }
    expect(stdout).toMatch(/50 secrets, one worker +37\n/);
  });

  test("measures this secretsfly in the same way", async () => {
    using folder = temporaryFolder();
    await using started = await startFileServer(folder.path);
    const admin = started.browser();
    const { id } = await admin.createRoot("shop");
    await admin.save(id, "prod", { A: "1", B: "2", C: "3" });
    const serviceToken = await admin.createToken(id, "prod");
    const { stdout, stderr, exitCode } = await run(started.url, serviceToken);
    expect([stderr, exitCode]).toEqual(["", 0]);
    expect(stdout).toContain(`${started.url}/api/secrets: 3 secrets, `);
    expect(figures(stdout, 10)[0]).toBeGreaterThan(0);
    expect(stdout).not.toContain(serviceToken);
  });

  test("says so where the answer is no 200, and does not repeat the token", async () => {
    const { stdout, stderr, exitCode } = await run(serve(firstSecretsfly), "another-token");
    expect([stdout, exitCode]).toEqual(["", 1]);
    expect(stderr).toContain("/api/secrets/ answers 401 and not 200: it does not take this token");
    expect(stderr).not.toContain("another-token");
  });

  test("says so where the answer has no secrets in it", async () => {
    for (const answer of ["<html>", '{"secrets":7}', "null"]) {
      const { stderr, exitCode } = await run(serve(() => new Response(answer)));
      expect(exitCode).toBe(1);
      expect(stderr).toContain(`answers 200, and not with {"secrets": […]}`);
      server?.stop(true);
    }
  });

  test("says so where it is answered otherwise under load", async () => {
    let answered = 0;
    const url = serve(() => new Response(body, { status: ++answered > 20 ? 503 : 200 }));
    const { stdout, stderr, exitCode } = await run(url);
    expect(exitCode).toBe(1);
    expect(stdout).not.toContain("requests/s ");
    expect(stderr).toMatch(/\d+ of \d+ requests of (?:wrk|autocannon) failed/);
  });

  test("gives the token to no other server", async () => {
    const seen: string[] = [];
    using other = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request) {
        seen.push(request.url);
        return new Response(body);
      },
    });
    const { stderr, exitCode } = await run(serve(() => Response.redirect(other.url.href, 302)));
    expect(exitCode).toBe(1);
    expect(stderr).toContain("leads to another server");
    expect(seen).toEqual([]);
  });

  test("says what it lacks", async () => {
    expect((await run("http://127.0.0.1:1")).stderr).toContain("http://127.0.0.1:1 does not answer");
    expect((await run("http://127.0.0.1:1", "")).stderr).toContain("SECRETSFLY_TOKEN is to be a token");
    expect((await run("localhost")).stderr).toContain("--url is to be http:// or https://");
    expect((await run("http://127.0.0.1:1", token, "--what")).stderr).toContain("usage:");
  });
});
