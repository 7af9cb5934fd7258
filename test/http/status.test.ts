/** `GET /api/status` while the database is there, is gone, and is on a server that says nothing. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { renameSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { sql } from "drizzle-orm";
import { connect } from "../../src/database/connect.ts";
import { bearer, createFileApp, createTestApp, type TestApp } from "../harness.ts";

let app: TestApp;
let token: string;
beforeEach(async () => {
  app = await createTestApp();
  const admin = app.browser();
  const { id } = await admin.createRoot("shop");
  token = await admin.createToken(id, "prod", "write");
});
afterEach(() => app.close());

async function status({ request } = app) {
  const response = await request("/api/status");
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  return [response.status, await response.json()];
}

const [up, down] = [
  [200, { db: "up" }],
  [503, { db: "down" }],
];

test("is up while the database file is there, down as soon as it is gone, up as soon as it is back", async () => {
  const onFile = await createFileApp();
  expect(await status(onFile)).toEqual(up);
  for (let i = 0; i < 3; i++) {
    renameSync(onFile.file, `${onFile.file}.away`);
    expect(await status(onFile)).toEqual(down);
    renameSync(`${onFile.file}.away`, onFile.file);
    expect(await status(onFile)).toEqual(up);
  }
  onFile.close();
});

test("is up for a project that is sealed: apps are served", async () => {
  app.sessions.clear();
  expect(await status()).toEqual(up);
});

describe("a database server", () => {
  let server: Server;
  const sockets = new Set<Socket>();
  /** The app's database is on a server that does with connections what it is told. */
  async function serveBy(answer: (socket: Socket) => void): Promise<void> {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      answer(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    app.vault.db = connect({ databaseUrl: `http://127.0.0.1:${port}`, databaseAuthToken: undefined });
  }
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    server.close();
    app.vault.db = app.db;
  });

  test("that takes requests and answers none is down within a second, however many ask", async () => {
    await serveBy(() => {});
    // Without a bound the driver's own would count, which is half a minute.
    let hasGivenUp = false;
    const unbounded = app.vault.db.get(sql`select 1`).then(
      () => "answered",
      () => {
        hasGivenUp = true;
      },
    );
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 50 }, () => status()));
    process.stdout.write(`50 at once were told "down" within ${Math.round(performance.now() - began)} ms\n`);
    for (const answer of answers) expect(answer).toEqual(down);
    expect(hasGivenUp).toBe(false);
    app.vault.db = app.db;
    expect(await status()).toEqual(up);
    for (const socket of sockets) socket.destroy();
    await unbounded;
  });

  test("that ends every connection is down, and what needs it is refused with when to come again", async () => {
    await serveBy((socket) => socket.destroy());
    expect(await status()).toEqual(down);
    const answer = await app.request("/api/secrets", { headers: bearer(token) });
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "5"]);
    expect(await answer.json()).toMatchObject({
      type: "urn:secretsfly:problem:unavailable",
      detail: "The database server does not answer. Try again when that is mended.",
    });
    const page = await app.browser().get("/admin/projects");
    expect([page.status, (await page.text()).includes("The database server does not answer.")]).toEqual([
      503,
      true,
    ]);
    expect((await app.request("/livez")).status).toBe(200);
  });

  test("whose proxy does not reach it is down", async () => {
    const bad = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    await serveBy((socket) => socket.on("data", () => socket.end(bad)));
    expect(await status()).toEqual(down);
    expect((await app.request("/api/secrets", { headers: bearer(token) })).status).toBe(503);
  });

  test("that is not there is down", async () => {
    await serveBy(() => {});
    await new Promise((resolve) => server.close(resolve));
    expect(await status()).toEqual(down);
    expect((await app.request("/api/secrets", { headers: bearer(token) })).status).toBe(503);
  });
});
