import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { temporaryFolder } from "../server-process.ts";
import { type Connection, dial } from "./connection.ts";
import { createFaultyWorld, eventually, expectWhole } from "./world.ts";

test("when the file descriptors are used up, who is connected is served and writes, and others are as soon as some are free", async () => {
  using folder = temporaryFolder();
  await using world = await createFaultyWorld(folder.path);
  const { pid } = world.server;
  const open = () => readdirSync(`/proc/${pid}/fd`).length;
  const limit = open() + 8;
  const limited = Bun.spawnSync(["prlimit", "--pid", String(pid), `--nofile=${limit}`]);
  expect(limited.success).toBe(true);
  const get = "GET /api/secrets?format=map HTTP/1.1\r\nHost: localhost\r\n";
  const connections: Connection[] = [];
  try {
    const first = await dial(world.server.url);
    connections.push(first);
    first.say(`${get}Authorization: ${world.token}\r\n\r\n`);
    await first.until('{"BEFORE":"was there"}');
    // Each says something, so that the server has to take it.
    for (let i = 0; i < 40; i++) {
      const connection = await dial(world.server.url);
      connection.say("GET /livez HTTP/1.1\r\nHost: localhost\r\n");
      connections.push(connection);
    }
    await eventually(
      async () => open(),
      (count) => count >= limit,
    );
    const body = '{"value":"written without a descriptor to spare"}';
    first.say(
      `PUT /api/secrets/SINCE HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${world.token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(await first.until("SINCE")).toContain("201 Created");
  } finally {
    for (const connection of connections) connection.close();
  }
  expect(await world.status()).toEqual([200, "up"]);
  expect((await world.put("AFTER", "y")).status).toBe(201);
  expect(Object.keys(await world.secrets())).toEqual(["AFTER", "BEFORE", "SINCE"]);
  await expectWhole(world.file, world.masterKey);
  const logs = await world.logs();
  expect(logs.filter(({ level }) => Number(level) > 30)).toEqual([]);
});
