import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { temporaryFolder } from "../server-process.ts";
import { createFaultyWorld, expectWhole, storageNews } from "./world.ts";

for (const kind of ["IMMEDIATE", "EXCLUSIVE"] as const) {
  test(`a file that another program locks (${kind}) for a while makes a write wait, for ever refuses it; reads go on`, async () => {
    using folder = temporaryFolder();
    await using world = await createFaultyWorld(folder.path);
    const other = new Database(world.file);
    // The server writes what it has counted now and then, and is waited for.
    other.run("PRAGMA busy_timeout = 60000");
    try {
      other.run(`BEGIN ${kind}`);
      const waiting = world.put("WAITED", "x");
      expect(await world.secrets()).toEqual({ BEFORE: "was there" });
      other.run("ROLLBACK");
      expect((await waiting).status).toBe(201);
      other.run(`BEGIN ${kind}`);
      const refused = await Promise.all([world.put("LOST", "x"), world.put("LOST", "y")]);
      for (const answer of refused) {
        expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "1"]);
        expect(await answer.json()).toMatchObject({ type: "urn:secretsfly:problem:busy" });
      }
      expect(await world.secrets()).toEqual({ BEFORE: "was there", WAITED: "x" });
      expect(await world.status()).toEqual([200, "up"]);
      await world.server.logged('"fault":"locked"');
      other.run("ROLLBACK");
    } finally {
      other.close();
    }
    expect((await world.put("AFTER", "y")).status).toBe(201);
    await world.server.logged("can be used again");
    await expectWhole(world.file, world.masterKey);
    expect(storageNews(await world.logs())).toEqual(["locked began", "locked ended"]);
  });
}
