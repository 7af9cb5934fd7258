import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { databaseIn, startFileServer, temporaryFolder } from "../server-process.ts";
import { canFormat, canFreeze, formattedDisk, sayWhatIsLeftOut, setFrozen } from "./mounts.ts";
import { createFaultyWorld, expectFormKept, expectUnavailable, expectWhole, storageNews } from "./world.ts";

sayWhatIsLeftOut(canFreeze, "making a file immutable");
sayWhatIsLeftOut(canFormat, "mounting a formatted disk");

const refusal = "its disk is read-only, or gives errors. Nothing was written";

describe("a disk that refuses to be written", () => {
  test.skipIf(!canFreeze)(
    "takes no writes and says so, serves reads, and goes on when it can be written again",
    async () => {
      using folder = temporaryFolder();
      await using world = await createFaultyWorld(folder.path);
      // For those who have them open, too. Not the index of the WAL, which is memory that is shared.
      const files = ["", "-wal"].map((ending) => world.file + ending);
      setFrozen(true, ...files);
      try {
        for (let i = 0; i < 10; i++) await expectUnavailable(await world.put("LOST", "x"), refusal);
        await expectFormKept(world, refusal);
        for (let i = 0; i < 5; i++) expect(await world.secrets()).toEqual({ BEFORE: "was there" });
        expect(await world.status()).toEqual([200, "up"]);
        await world.server.logged('"fault":"failing"');
      } finally {
        setFrozen(false, ...files);
      }
      expect((await world.put("AFTER", "y")).status).toBe(201);
      expect(await world.secrets()).toEqual({ AFTER: "y", BEFORE: "was there" });
      await world.server.logged("can be used again");
      await expectWhole(world.file, world.masterKey);
      expect(storageNews(await world.logs())).toEqual(["failing began", "failing ended"]);
    },
  );

  test.skipIf(!canFormat)(
    "since the kernel gave it up, serves reads, lets the server stop, and is whole afterwards",
    async () => {
      using folder = temporaryFolder();
      const data = join(folder.path, "data");
      const disk = formattedDisk(join(folder.path, "image"), data);
      let masterKey: string;
      try {
        await using world = await createFaultyWorld(folder.path);
        masterKey = world.masterKey;
        disk.giveUp();
        for (let i = 0; i < 10; i++) {
          await expectUnavailable(await world.put("LOST", "x"), refusal);
          expect(await world.secrets()).toEqual({ BEFORE: "was there" });
        }
        expect(await world.status()).toEqual([200, "up"]);
        expect((await world.server.stop()).exitCode).toBe(0);
      } finally {
        disk.detach();
      }
      const again = disk.attachAgain();
      try {
        await expectWhole(databaseIn(folder.path), masterKey);
        await using server = await startFileServer(folder.path);
        expect((await server.request("/api/status")).status).toBe(200);
      } finally {
        again.detach();
      }
    },
  );
});
