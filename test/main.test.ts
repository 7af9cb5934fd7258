import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { serverPatience } from "../src/database/connect.ts";
import { idleTimeoutOf } from "../src/main.ts";
import { bearer, fetchMap } from "./harness.ts";
import {
  databaseIn,
  databaseUrlIn,
  runServer,
  type ServerProcess,
  startFileServer,
  startServer,
  temporaryFolder,
} from "./server-process.ts";
import { storedAt } from "./stored.ts";
import { put } from "./vault/inspect.ts";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder[Symbol.dispose]());

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

/**
 * Within this, in milliseconds, a server ends that waits for requests for 3 s only, and none that waits until a slow
 * client is cut off. In between a machine may be slow.
 */
const grace = 7000;

/** Of three attempts one has to succeed, where it is chance how busy the machine is, or who takes a port. */
async function oneOfThree(attempt: () => Promise<void>): Promise<void> {
  for (let left = 2; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

/** A connection that sends what it is told, byte for byte, and stays open. */
async function openSocket(url: string, text: string) {
  const { hostname, port } = new URL(url);
  let seen = "";
  let arrived = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data(_, chunk) {
        seen += chunk.toString();
        arrived.resolve();
        arrived = Promise.withResolvers();
      },
      close: () => arrived.resolve(),
      error: () => arrived.resolve(),
    },
  });
  socket.write(text);
  return {
    write: (more: string) => socket.write(more),
    /** Waits until the server has said this. */
    async until(words: string): Promise<string> {
      while (!seen.includes(words)) {
        if (socket.readyState < 1) throw new Error(`the connection ended after ${JSON.stringify(seen)}`);
        await arrived.promise;
      }
      return seen;
    },
    end: () => socket.end(),
  };
}

/** A server with a project and tokens, and what they are. */
async function startWithTokens(env: Record<string, string> = {}, path = folder.path) {
  const server = await startServer(path, env);
  const admin = server.browser();
  const { id, masterKey } = await admin.createRoot("shop");
  return { server, admin, id, masterKey, token: await admin.createToken(id, "prod", "write") };
}

describe("starting", () => {
  test("in an empty folder makes the database, its owner's alone, and says where it listens and what is next", async () => {
    await using server = await startFileServer(folder.path, { DATABASE_URL: "" });
    expect(server.greeting).toMatch(/^secretsfly is listening on http:\/\/127\.0\.0\.1:\d+\n/);
    expect(server.greeting).toContain(`open ${server.url} in a browser`);
    expect(server.greeting).toContain(`SECRETSFLY_API_BASE_URL=${server.url}/api`);
    const file = databaseIn(folder.path);
    expect([mode(dirname(file)), mode(file), mode(`${file}-wal`), mode(`${file}-shm`)]).toEqual([
      "700",
      "600",
      "600",
      "600",
    ]);
    expect(await (await server.request("/api/status")).json()).toEqual({ db: "up" });
    const home = await server.request("/");
    expect([home.status, home.headers.get("Location")]).toEqual([302, "/admin/projects"]);
    expect((await server.stop()).exitCode).toBe(0);
  });

  test("again finds what was there, and prints the public address where one is set", async () => {
    const { server, id, token } = await startWithTokens();
    await using _first = server;
    await put(server, token, "A", "1");
    await server.stop();
    await using again = await startServer(folder.path, { PUBLIC_ORIGIN: "https://secrets.example.com" });
    expect(again.greeting).toContain("open https://secrets.example.com in a browser");
    expect(await fetchMap(again, token)).toEqual({ A: "1" });
    expect(id).toBe(1);
  });

  test("on a port that is taken says so, and nothing else", async () => {
    await using server = await startServer(folder.path);
    const port = new URL(server.url).port;
    using other = temporaryFolder();
    expect(await runServer(other.path, { PORT: port, LOG_LEVEL: "warn" })).toEqual({
      stdout: "",
      stderr: `secretsfly: the port is in use: something listens on 127.0.0.1:${port} already; set PORT to another\n`,
      exitCode: 1,
    });
    expect(existsSync(`${databaseIn(other.path)}-wal`)).toBe(false);
    expect((await server.request("/api/status")).status).toBe(200);
  });

  test("with bad settings tells every fault, and touches nothing", async () => {
    const { stdout, stderr, exitCode } = await runServer(folder.path, {
      PORT: "http",
      HOST: "0.0.0.0",
      LOG_LEVEL: "loud",
      DATABASE_AUTH_TOKEN: "canary",
    });
    expect([stdout, exitCode]).toEqual(["", 1]);
    expect(stderr).toStartWith("secretsfly: these settings cannot be used:\n");
    for (const name of ["PORT", "HOST", "LOG_LEVEL"]) expect(stderr).toContain(`\n  ${name}: `);
    expect(stderr).not.toMatch(/canary|\n\s+at /);
    expect(existsSync(dirname(databaseIn(folder.path)))).toBe(false);
  });

  test("on a file that is no database, a folder, or a database of a newer program says which", async () => {
    const file = join(folder.path, "some file");
    writeFileSync(file, "no database\n".repeat(100));
    mkdirSync(join(folder.path, "some folder"));
    const newer = join(folder.path, "newer.db");
    const database = new Database(newer);
    database.run("create table migrations (position integer primary key, tag text, applied_at integer)");
    database.run("insert into migrations values (0, '9999_future', 0)");
    database.close();
    const said = async (path: string) => {
      const { stdout, stderr, exitCode } = await runServer(folder.path, { DATABASE_URL: `file:${path}` });
      expect([stdout, exitCode]).toEqual(["", 1]);
      return stderr;
    };
    expect(await said(file)).toBe(
      `secretsfly: cannot open the database ${file}: the file is no SQLite database\n`,
    );
    expect(await said(join(folder.path, "some folder"))).toEndWith("some folder: it is a folder\n");
    expect(await said(newer)).toContain("written by a newer secretsfly (it has the migration 9999_future)");
  });

  test("on an address that is not this machine's says that HOST is wrong, and nothing of the other settings", async () => {
    const { stderr, exitCode } = await runServer(folder.path, {
      HOST: "192.0.2.1",
      ADMIN_PASSWORD: "canary password",
      LOG_LEVEL: "warn",
    });
    expect(exitCode).toBe(1);
    expect(stderr).toStartWith(
      "secretsfly: cannot listen on 192.0.2.1:0: HOST is no address of this machine",
    );
    expect(stderr).not.toContain("canary");
  });
});

describe("stopping", () => {
  /** Sends a signal and tells how it ended, and whether that was in time. */
  async function end(server: ServerProcess, signal: NodeJS.Signals) {
    const started = performance.now();
    const { exitCode, stderr } = await server.stop(signal);
    return { exitCode, inTime: performance.now() - started < grace, stderr };
  }

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`by ${signal} is clean and quick with an idle connection and with a request that never ends`, () =>
      oneOfThree(async () => {
        await using server = await startServer(folder.path);
        const idle = await openSocket(server.url, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await idle.until("ok");
        const endless = await openSocket(
          server.url,
          `POST /admin/projects HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nname=`,
        );
        expect(await end(server, signal)).toMatchObject({ exitCode: 0, inTime: true });
        idle.end();
        endless.end();
        const port = new URL(server.url).port;
        await using again = await startServer(folder.path, { PORT: port });
        expect(again.url).toBe(server.url);
      }));
  }

  test("lets a request that is under way end, and what it wrote is there", async () => {
    const { server, token } = await startWithTokens();
    await using _server = server;
    const body = '{"value":"written while stopping"}';
    const request = await openSocket(
      server.url,
      `PUT /api/secrets/A HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n${body.slice(0, 5)}`,
    );
    // It has arrived.
    await request.until("100 Continue");
    const ended = server.stop();
    await server.logged("stopping");
    request.write(body.slice(5));
    expect(await request.until("}")).toContain("201 Created");
    request.end();
    expect((await ended).exitCode).toBe(0);
    await using again = await startServer(folder.path);
    expect(await fetchMap(again, token)).toEqual({ A: "written while stopping" });
  });

  test("leaves one complete file", async () => {
    await using server = await startFileServer(folder.path);
    await server.browser().createRoot("shop");
    expect((await server.stop()).exitCode).toBe(0);
    const file = databaseIn(folder.path);
    expect([existsSync(file), existsSync(`${file}-wal`), existsSync(`${file}-shm`)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  // The last count is given a second, which a busy disk may take for itself.
  test("writes what was counted", () =>
    oneOfThree(async () => {
      using place = temporaryFolder();
      const { server, token } = await startWithTokens({}, place.path);
      await using _server = server;
      for (let i = 0; i < 7; i++) await fetchMap(server, token);
      expect((await server.stop()).exitCode).toBe(0);
      const stored = storedAt(await databaseUrlIn(place.path));
      expect(await stored.read("select reads, last_used_at > 0 as used from service_tokens")).toEqual([
        { reads: 7, used: 1 },
      ]);
    }));

  test("seals: a session of before opens nothing afterwards", async () => {
    const { server, admin, id } = await startWithTokens();
    await using _server = server;
    const cookie = admin.cookie;
    await server.stop();
    await using again = await startServer(folder.path);
    const secretsPath = `/admin/projects/${id}/environments/prod/secrets`;
    const response = await again.request(secretsPath, { headers: { Cookie: cookie } });
    expect([response.status, response.headers.get("Location")]).toEqual([303, `/admin/projects/${id}`]);
  });
});

test("a connection is kept for longer than a database server may take for a write, and for a file not for long", () => {
  expect(idleTimeoutOf({ DATABASE_URL: "http://primary:8080" })).toBeGreaterThan(serverPatience / 1000);
  expect(idleTimeoutOf({ DATABASE_URL: "file:secretsfly.db" })).toBe(10);
});

describe("an error that nobody expected", () => {
  test("is answered and logged without what was sent and without what the database said", async () => {
    const { server, admin, id, masterKey, token } = await startWithTokens({ LOG_LEVEL: "trace" });
    await using _server = server;
    await storedAt(await databaseUrlIn(folder.path)).write(
      "create trigger failing before insert on secret_versions begin select raise(abort, 'canary of the database'); end",
    );
    const answers = [
      await put(server, token, "A", "canary value"),
      await admin.save(id, "prod", { A: "canary value" }),
      await server.request("/api/secrets/canary%00", { headers: bearer(token) }),
      await put(server, token, "canary%ff", "canary value"),
    ];
    expect(answers.slice(0, 2).map(({ status }) => status)).toEqual([500, 500]);
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    const { stderr, exitCode } = await server.stop();
    expect(exitCode).toBe(0);
    expect(stderr).toContain("request failed");
    const secret = token.split("_")[2] as string;
    for (const text of [...texts, stderr]) {
      expect(text).not.toContain("canary");
      expect(text).not.toContain(secret);
      expect(text).not.toContain(masterKey);
    }
    for (const text of texts) expect(text).not.toMatch(/\n\s+at |\.ts:\d/);
  });

  test("leaves the server running", async () => {
    await using server = await startServer(folder.path);
    const nonsense = await openSocket(server.url, "NONSENSE\r\n\r\n");
    const split = await openSocket(
      server.url,
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: x\r\n\r\n",
    );
    expect((await server.request("/api/status")).status).toBe(200);
    expect((await server.request("/%ff")).status).toBe(404);
    nonsense.end();
    split.end();
    expect((await server.stop()).exitCode).toBe(0);
  });
});
