import { expect, setDefaultTimeout, test } from "bun:test";
import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { databaseIn, killWhileStarting, startFileServer, temporaryFolder } from "../server-process.ts";
import { crashTimes } from "./campaign.ts";
import { whenTouched } from "./kills.ts";

setDefaultTimeout(600_000);

// Each way to die once, and one of them again. `bun run test:crash` does it two hundred times.
test("a server that is killed has kept every write that it acknowledged, and no half of another", async () => {
  const { rounds, acknowledged, findings } = await crashTimes(4, 6);
  expect(findings).toEqual([]);
  expect(rounds).toBe(6);
  // Enough to have lost something: five at least in each round that waits for writes, which all but one do.
  expect(acknowledged).toBeGreaterThanOrEqual(25);
});

test("a server that is killed while it makes its database leaves one that the next start completes", async () => {
  for (let milliseconds = 0; milliseconds < 24; milliseconds += 6) {
    using folder = temporaryFolder();
    const file = databaseIn(folder.path);
    const touched = whenTouched(`${file}-wal`);
    await killWhileStarting(folder.path, () => touched.then(() => Bun.sleep(milliseconds)));
    await using server = await startFileServer(folder.path);
    expect((await server.request("/api/status")).status).toBe(200);
    const options = { masterKeys: undefined, keepsVersions: true, clock: Date.now };
    expect(await verifyDatabase({ file, env: {} }, options)).toMatchObject({ faults: [] });
  }
});
