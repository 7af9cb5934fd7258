/** The database's file is moved, removed or replaced under a server that runs. */

import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { bearer, fetchMap } from "../harness.ts";
import { startFileServer, temporaryFolder } from "../server-process.ts";
import { attach, canMount, sayWhatIsLeftOut } from "./mounts.ts";
import {
  createFaultyWorld,
  eventually,
  expectFormKept,
  expectUnavailable,
  expectWhole,
  type FaultyWorld,
  storageNews,
} from "./world.ts";

sayWhatIsLeftOut(canMount, "mounting a disk");

let folder: ReturnType<typeof temporaryFolder>;
let world: FaultyWorld;
beforeEach(async () => {
  folder = temporaryFolder();
  world = await createFaultyWorld(folder.path);
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const away = () => join(folder.path, "away");
const moved = "its file was moved or removed";

/** The database at the path, for somebody else who reads it and waits for whoever locks it for a moment. */
function openToRead(): Database {
  const database = new Database(world.file, { readonly: true });
  database.run("PRAGMA busy_timeout = 60000");
  return database;
}

/** A copy of the database as it is now, in one file. */
function backUp(name = "backup.db"): string {
  const backup = join(folder.path, name);
  const database = openToRead();
  database.run("VACUUM INTO ?", [backup]);
  database.close();
  return backup;
}

/** The versions of a secret that anybody finds who opens the file that is at the path. */
function versionsAtPath(name: string): number {
  const database = openToRead();
  const row = database.query("select version from secrets where name = ?").get(name) as {
    version: number;
  } | null;
  database.close();
  return row?.version ?? 0;
}

describe("a folder that is moved away", () => {
  test("is told at once, takes no writes, serves reads, and goes on when it is back", async () => {
    renameSync(world.data, away());
    expect(await world.status()).toEqual([503, "down"]);
    expect((await world.server.request("/livez")).status).toBe(200);
    await expectUnavailable(await world.put("LOST", "x"), `${moved}. Nothing was written`);
    await expectFormKept(world, moved);
    expect(await world.secrets()).toEqual({ BEFORE: "was there" });
    // What was asked for with no file there makes none: it would be taken for the database.
    expect(existsSync(world.data)).toBe(false);
    // The log learns of it within a second or so.
    await world.server.logged('"fault":"missing"');
    renameSync(away(), world.data);
    expect(await world.status()).toEqual([200, "up"]);
    expect((await world.put("AFTER", "y")).status).toBe(201);
    expect(await world.secrets()).toEqual({ AFTER: "y", BEFORE: "was there" });
    await world.server.logged("can be used again");
    await expectWhole(world.file, world.masterKey);
    expect(storageNews(await world.logs())).toEqual(["missing began", "missing ended"]);
  });

  test("and back, again and again, loses no write that was acknowledged, and keeps none that was refused as unwritten", async () => {
    let isOver = false;
    const [acknowledged, refused] = [[] as string[], [] as string[]];
    const mover = (async () => {
      // On, where a machine is so slow that no write has fallen into the time between two moves.
      for (let i = 0; i < 30 || acknowledged.length === 0; i++) {
        renameSync(world.data, away());
        await Bun.sleep(5);
        renameSync(away(), world.data);
        await Bun.sleep(15 + i);
      }
    })().finally(() => {
      isOver = true;
    });
    for (let i = 0; !isOver; i++) {
      const answer = await world.put(`W${i}`, `${i}`);
      if (answer.status === 201) acknowledged.push(`W${i}`);
      else if ((await answer.text()).includes("Nothing was written")) refused.push(`W${i}`);
    }
    await mover;
    const names = new Set(Object.keys(await world.secrets()));
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
    expect(refused.filter((name) => names.has(name))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(0);
    await expectWhole(world.file, world.masterKey);
  });
});

describe("a file that is removed", () => {
  test("takes no write, and what is restored in its place is opened, sealed, and written to", async () => {
    const backup = backUp();
    rmSync(world.data, { recursive: true });
    expect(await world.status()).toEqual([503, "down"]);
    await expectUnavailable(await world.put("LOST", "x"), moved);
    expect(await world.secrets()).toEqual({ BEFORE: "was there" });
    mkdirSync(world.data);
    cpSync(backup, world.file);
    await eventually(world.status, ([status]) => status === 200);
    expect((await world.put("AFTER", "y")).status).toBe(201);
    expect(versionsAtPath("AFTER")).toBe(1);
    expect(statSync(world.file).mode & 0o077).toBe(0);
    await world.server.logged("everything is sealed");
    const secretsPath = `/admin/projects/${world.id}/environments/prod/secrets`;
    expect((await world.admin.get(secretsPath)).headers.get("Location")).toBe(`/admin/projects/${world.id}`);
    await expectWhole(world.file, world.masterKey);
  });
});

describe("a file that is replaced", () => {
  test("by a copy of before, moved over it, is read and written as it is, and nothing of the former gets into it", async () => {
    const backup = backUp();
    expect((await world.put("BEFORE", "changed since")).status).toBe(200);
    expect((await world.put("SINCE", "gone")).status).toBe(201);
    // The WAL of the former file stays beside it, where SQLite would play it into the new one.
    renameSync(backup, world.file);
    expect(await world.secrets()).toEqual({ BEFORE: "was there" });
    expect(await world.status()).toEqual([200, "up"]);
    expect((await world.put("AFTER", "y")).status).toBe(201);
    expect(versionsAtPath("AFTER")).toBe(1);
    await expectWhole(world.file, world.masterKey);
  });

  test("together with a WAL of its own keeps that", async () => {
    using other = temporaryFolder();
    await using elsewhere = await createFaultyWorld(other.path);
    expect((await elsewhere.put("OTHER", "in the WAL")).status).toBe(201);
    // A crash: what was written is in the WAL alone.
    await elsewhere.server.stop("SIGKILL");
    expect(statSync(`${elsewhere.file}-wal`).size).toBeGreaterThan(0);
    renameSync(world.data, away());
    cpSync(elsewhere.data, world.data, { recursive: true });
    expect((await world.server.request("/api/secrets", { headers: bearer(world.token) })).status).toBe(401);
    const answer = await world.server.request("/api/secrets?format=map", {
      headers: bearer(elsewhere.token),
    });
    expect(await answer.json()).toEqual({ BEFORE: "was there", OTHER: "in the WAL" });
    expect(await world.status()).toEqual([200, "up"]);
    await expectWhole(world.file, elsewhere.masterKey);
    // What the former had in its WAL is in its own file now.
    await expectWhole(join(away(), "secretsfly.db"), world.masterKey);
  });

  for (const [what, content] of [
    ["nothing", ""],
    ["what is no database", "no database\n".repeat(1000)],
  ] as const) {
    test(`by ${what} is left as it is, and down until a database is there`, async () => {
      const backup = backUp();
      rmSync(world.data, { recursive: true });
      mkdirSync(world.data);
      writeFileSync(world.file, content);
      expect(await world.status()).toEqual([503, "down"]);
      await expectUnavailable(await world.put("LOST", "x"), "another file is in the place of its own");
      const read = await world.server.request("/api/secrets", { headers: bearer(world.token) });
      await expectUnavailable(read, "another file is in the place of its own");
      expect((await world.admin.get("/admin/projects")).status).toBe(503);
      expect(await Bun.file(world.file).text()).toBe(content);
      await world.server.logged('"fault":"replaced"');
      rmSync(world.file);
      cpSync(backup, world.file);
      expect(await world.status()).toEqual([200, "up"]);
      expect((await world.put("AFTER", "y")).status).toBe(201);
      await expectWhole(world.file, world.masterKey);
    });
  }

  test("by a database of another program is not touched", async () => {
    renameSync(world.data, away());
    mkdirSync(world.data);
    const foreign = new Database(world.file);
    foreign.run("create table notes (text)");
    foreign.close();
    const before = await Bun.file(world.file).bytes();
    expect(await world.status()).toEqual([503, "down"]);
    await expectUnavailable(await world.put("LOST", "x"), "another file");
    expect(await Bun.file(world.file).bytes()).toEqual(before);
    rmSync(world.data, { recursive: true });
    renameSync(away(), world.data);
    expect(await world.status()).toEqual([200, "up"]);
    expect(await world.secrets()).toEqual({ BEFORE: "was there" });
  });
});

test("two servers on a file that is replaced both go over to the new one, and write to it only", async () => {
  await using other = await startFileServer(folder.path);
  const putThere = (name: string) => {
    const headers = { ...bearer(world.token), "Content-Type": "application/json" };
    return other.request(`/api/secrets/${name}`, { method: "PUT", headers, body: '{"value":"z"}' });
  };
  expect((await putThere("SINCE")).status).toBe(201);
  const backup = backUp();
  expect((await world.put("GONE", "x")).status).toBe(201);
  renameSync(backup, world.file);
  const bothStatuses = () =>
    Promise.all([world.server, other].map(async (one) => (await one.request("/api/status")).status));
  await eventually(bothStatuses, (statuses) => statuses.every((status) => status === 200));
  expect((await world.put("AFTER", "y")).status).toBe(201);
  expect((await putThere("AFTERWARDS")).status).toBe(201);
  const names = ["AFTER", "AFTERWARDS", "BEFORE", "SINCE"];
  expect(Object.keys(await world.secrets())).toEqual(names);
  expect(Object.keys(await fetchMap(other, world.token))).toEqual(names);
  await expectWhole(world.file, world.masterKey);
});

for (const ending of ["-wal", "-shm"]) {
  test(`a ${ending} file that is removed alone costs nothing that was acknowledged`, async () => {
    expect((await world.put("SINCE", "acknowledged")).status).toBe(201);
    unlinkSync(world.file + ending);
    expect(await world.secrets()).toEqual({ BEFORE: "was there", SINCE: "acknowledged" });
    expect((await world.put("AFTER", "y")).status).toBe(201);
    expect([versionsAtPath("SINCE"), versionsAtPath("AFTER")]).toEqual([1, 1]);
    await expectWhole(world.file, world.masterKey);
    expect(await world.status()).toEqual([200, "up"]);
  });
}

test.skipIf(!canMount)(
  "a disk that is taken out is told, takes no writes, and is used again when it is back",
  async () => {
    using place = temporaryFolder();
    const disk = join(place.path, "disk");
    mkdirSync(disk);
    const attached = attach(disk, join(place.path, "data"));
    try {
      await using mounted = await createFaultyWorld(place.path);
      attached.detach();
      expect(existsSync(mounted.file)).toBe(false);
      expect(await mounted.status()).toEqual([503, "down"]);
      await expectUnavailable(await mounted.put("LOST", "x"), moved);
      expect(await mounted.secrets()).toEqual({ BEFORE: "was there" });
      // Nothing is left in the empty place: it would be in the way of the disk, or be taken for it.
      expect(readdirSync(mounted.data)).toEqual([]);
      const again = attach(disk, mounted.data);
      try {
        expect(await mounted.status()).toEqual([200, "up"]);
        expect((await mounted.put("AFTER", "y")).status).toBe(201);
        await expectWhole(mounted.file, mounted.masterKey);
        expect((await mounted.server.stop()).exitCode).toBe(0);
      } finally {
        again.detach();
      }
    } finally {
      attached.detach();
    }
  },
);
