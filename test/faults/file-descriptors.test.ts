import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { temporaryFolder } from "../server-process.ts";
import { createFaultyWorld, eventually, expectWhole, type FaultyWorld } from "./world.ts";

setDefaultTimeout(120_000);

/** Opens a connection to a server. */
function dial({ server }: FaultyWorld): Promise<Socket> {
  const { hostname, port } = new URL(server.url);
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect(Number(port), hostname, () => resolve(socket));
  socket.on("error", reject);
  return promise;
}

/** Asks on a connection that stays open, and waits for the end of a short answer. */
function ask(socket: Socket, request: string, end: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk.toString();
    if (answer.includes(end)) resolve(answer);
  });
  socket.on("close", () => reject(new Error(`closed after ${answer}`)));
  socket.write(request);
  return promise;
}

test("when the file descriptors are used up, who is connected is served and writes, and others are as soon as some are free", async () => {
  using folder = temporaryFolder();
  await using world = await createFaultyWorld(folder.path);
  const { pid } = world.server;
  const open = () => readdirSync(`/proc/${pid}/fd`).length;
  const limited = Bun.spawnSync(["prlimit", "--pid", String(pid), `--nofile=${open() + 8}`]);
  expect(limited.success).toBe(true);
  const get = "GET /api/secrets?format=map HTTP/1.1\r\nHost: localhost\r\n";
  const sockets: Socket[] = [];
  try {
    const first = await dial(world);
    sockets.push(first);
    const fetched = await ask(first, `${get}Authorization: ${world.token}\r\n\r\n`, "}");
    expect(fetched).toContain('{"BEFORE":"was there"}');
    // Each says something, so that the server has to take it.
    for (let i = 0; i < 40; i++) {
      const socket = await dial(world);
      socket.write("GET /livez HTTP/1.1\r\nHost: localhost\r\n");
      sockets.push(socket);
    }
    const limit = open();
    await eventually(
      async () => open(),
      (count) => count >= limit,
    );
    const body = '{"value":"written without a descriptor to spare"}';
    const written = await ask(
      first,
      `PUT /api/secrets/SINCE HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${world.token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      "SINCE",
    );
    expect(written).toContain("201 Created");
  } finally {
    for (const socket of sockets) socket.removeAllListeners("close").destroy();
  }
  expect(await world.status()).toEqual([200, "up"]);
  expect((await world.put("AFTER", "y")).status).toBe(201);
  expect(Object.keys(await world.secrets())).toEqual(["AFTER", "BEFORE", "SINCE"]);
  await expectWhole(world.file, world.masterKey);
  const logs = await world.logs();
  expect(logs.filter(({ level }) => Number(level) > 30)).toEqual([]);
});
