/** SIGTERM while much is going on: what is under way ends, nothing is half done, and it is over soon. */

import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { bearer } from "../harness.ts";
import { temporaryFolder } from "../server-process.ts";
import { dial } from "./connection.ts";
import { createFaultyWorld, expectWhole, type FaultyWorld } from "./world.ts";

/** What opens a form's request whose body comes later. */
function formHead({ server, admin }: FaultyWorld, path: string, length: number): string {
  return `POST ${path} HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nOrigin: ${server.url}\r\nCookie: ${admin.cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${length}\r\n\r\n`;
}

/** Less than a server waits for those who are still sending, in milliseconds. */
const drain = 2500;

test("takes no more connections, ends streams of events first, and waits for a form that somebody is sending", async () => {
  // A machine that stands still for as long as the server waits says nothing of it: then once more.
  while (!(await stopsInTime()));
});

/** Sends the rest of a form to a server that is stopping. False: that was too late to tell. */
async function stopsInTime(): Promise<boolean> {
  using folder = temporaryFolder();
  await using world = await createFaultyWorld(folder.path);
  const events = await world.server.request("/api/secrets/events", { headers: bearer(world.token) });
  const reader = (events.body as ReadableStream<Uint8Array>).getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toContain("event: revision");
  const body = `name=child&parentId=${world.id}`;
  const sender = await dial(world.server.url);
  sender.say(formHead(world, "/admin/projects", body.length));
  sender.say(body.slice(0, 5));
  // The answer to another request tells that this one has arrived too.
  await world.server.request("/livez");
  const began = performance.now();
  const stopped = world.server.stop();
  await world.server.logged("stopping");
  // The stream ends as one should, and not as when a server breaks.
  let last = await reader.read();
  while (!last.done) last = await reader.read();
  const late = await dial(world.server.url).catch(() => "refused" as const);
  expect(late).toBe("refused");
  sender.say(body.slice(5));
  const answer = await sender.until("\r\n\r\n").catch(String);
  if (performance.now() - began > drain) return false;
  // The key of its session was there until it was done: otherwise it would lead to where that is unsealed.
  expect(answer).toContain("303 See Other");
  expect(answer.toLowerCase()).toContain(`location: /admin/projects/${world.id + 1}\r\n`);
  sender.close();
  expect((await stopped).exitCode).toBe(0);
  expect([existsSync(`${world.file}-wal`), existsSync(`${world.file}-shm`)]).toEqual([false, false]);
  await expectWhole(world.file, world.masterKey);
  return true;
}

test("a second signal changes nothing: it still ends cleanly", async () => {
  using folder = temporaryFolder();
  await using world = await createFaultyWorld(folder.path);
  const endless = await dial(world.server.url);
  endless.say(formHead(world, "/admin/projects", 1000));
  await world.server.request("/livez");
  const stopped = world.server.stop("SIGTERM");
  await world.server.logged("stopping");
  for (const signal of ["SIGTERM", "SIGINT", "SIGTERM"] as const) world.server.signal(signal);
  const { exitCode, stderr } = await stopped;
  expect([exitCode, stderr.split('"stopping"').length]).toEqual([0, 2]);
  expect(existsSync(`${world.file}-wal`)).toBe(false);
  endless.close();
  await expectWhole(world.file, world.masterKey);
});

test("a rotation and an import that are under way are done as a whole, or not at all", async () => {
  using folder = temporaryFolder();
  await using world = await createFaultyWorld(folder.path, { AVAILABLE_ENVIRONMENTS: "prod,dev,staging" });
  const many = (count: number, name: string) =>
    Array.from({ length: count }, (_, i) => `${name}_${i}=${"x".repeat(100)}`).join("\n");
  const importInto = (environment: string, text: string) =>
    world.admin.post(`/admin/projects/${world.id}/environments/${environment}/import`, {
      text,
      confirm: "true",
    });
  for (const environment of ["prod", "dev"]) {
    expect((await importInto(environment, many(1500, "KEPT"))).status).toBe(303);
  }
  const newMasterKey = "a passphrase that is new";
  const rotation = world.admin
    .post(`/admin/projects/${world.id}/rotate`, { currentMasterKey: world.masterKey, newMasterKey })
    .then(
      ({ status }) => status,
      () => "cut off",
    );
  const imported = importInto("staging", many(3000, "NEW")).then(
    ({ status }) => status,
    () => "cut off",
  );
  await world.server.request("/livez");
  expect((await world.server.stop()).exitCode).toBe(0);
  const [rotated, arrived] = await Promise.all([rotation, imported]);
  process.stdout.write(`the rotation: ${rotated}, the import: ${arrived}\n`);
  const opens = async (masterKey: string) => {
    const options = { masterKeys: [masterKey], keepsVersions: true, clock: Date.now };
    const { faults, opened } = await verifyDatabase({ file: world.file, env: {} }, options);
    if (faults.length === 0) return opened;
    expect(faults.map(({ what }) => what)).toEqual(["the master key in line 1 opens no root project"]);
    return undefined;
  };
  const [former, fresh] = [await opens(world.masterKey), await opens(newMasterKey)];
  // One of them opens everything, and the other nothing.
  expect([former, fresh].filter((opened) => opened !== undefined).length).toBe(1);
  if (rotated === 200 || rotated === 303) expect(fresh).toBeDefined();
  const versions = former?.versions ?? fresh?.versions;
  expect([1 + 3000, 1 + 3000 + 3000]).toContain(versions as number);
  if (arrived === 303) expect(versions).toBe(6001);
});
