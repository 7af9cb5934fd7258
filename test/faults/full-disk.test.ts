import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../server-process.ts";
import { canMount, sayWhatIsLeftOut, smallDisk } from "./mounts.ts";
import {
  createFaultyWorld,
  expectFormKept,
  expectUnavailable,
  expectWhole,
  type FaultyWorld,
  storageNews,
} from "./world.ts";

sayWhatIsLeftOut(canMount, "mounting a disk");

/** Takes all that is left of a disk, to the last byte. */
function fill(file: string): void {
  const descriptor = openSync(file, "w");
  try {
    for (const size of [65_536, 4096, 1]) {
      for (;;) if (writeSync(descriptor, new Uint8Array(size)) < size) break;
    }
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOSPC") throw error;
  } finally {
    closeSync(descriptor);
  }
}

describe.skipIf(!canMount)("a disk that is full", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let disk: Disposable;
  let world: FaultyWorld;
  let ballast: string;
  beforeEach(async () => {
    folder = temporaryFolder();
    disk = smallDisk(join(folder.path, "data"), "4m");
    world = await createFaultyWorld(folder.path);
    ballast = join(world.data, "ballast");
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
    disk[Symbol.dispose]();
    folder[Symbol.dispose]();
  });

  /** Larger than what the WAL has room for without growing. */
  const large = "x".repeat(500_000);

  test("takes no writes and says so, serves reads, keeps counting, and goes on when there is room", async () => {
    fill(ballast);
    for (let i = 0; i < 20; i++) await expectUnavailable(await world.put("LOST", large), "its disk is full");
    await expectFormKept(world, "its disk is full");
    for (let i = 0; i < 5; i++) expect(await world.secrets()).toEqual({ BEFORE: "was there" });
    // Reading goes on, so nobody who asks for the status takes the server away.
    expect(await world.status()).toEqual([200, "up"]);
    // A page that shows values is told to the audit first, and that cannot be written.
    const revealed = await world.admin.get(
      `/admin/projects/${world.id}/environments/prod/secrets?decrypt=true`,
    );
    expect([revealed.status, (await revealed.text()).includes("was there")]).toEqual([503, false]);
    await world.server.logged('"fault":"full"');
    await expectWhole(world.file, world.masterKey);
    rmSync(ballast);
    expect((await world.put("AFTER", large)).status).toBe(201);
    expect(await world.secrets()).toEqual({ AFTER: large, BEFORE: "was there" });
    await world.server.logged("can be used again");
    await expectWhole(world.file, world.masterKey);
    const logs = await world.logs();
    expect(storageNews(logs)).toEqual(["full began", "full ended"]);
    expect(logs.filter(({ level }) => Number(level) > 30).length).toBe(2);
  });

  test("lets the server stop cleanly, with all that was acknowledged", async () => {
    expect((await world.put("LARGE", large)).status).toBe(201);
    fill(ballast);
    await expectUnavailable(await world.put("LOST", large), "its disk is full");
    expect((await world.server.stop()).exitCode).toBe(0);
    rmSync(ballast);
    await expectWhole(world.file, world.masterKey);
  });
});
