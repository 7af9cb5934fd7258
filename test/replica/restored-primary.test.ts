import { expect, test } from "bun:test";
import { join } from "node:path";
import { backUp } from "../../src/maintenance/backup.ts";
import { restore } from "../../src/maintenance/restore.ts";
import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { temporaryFolder } from "../server-process.ts";
import { createShop, fetchText, type Node, put, startCluster, until } from "./cluster.ts";

test("a primary that lost its disk is filled from a backup while a server runs, which goes over to it once all is there", async () => {
  await using cluster = await startCluster(1);
  using folder = temporaryFolder();
  const { primary } = cluster;
  const [node] = cluster.nodes as [Node];
  const { masterKey, token } = await createShop(node);
  await put(node, token, "A", "of the backup");
  const file = join(folder.path, "backup.db");
  const usual = { env: { DATABASE_URL: primary.url }, force: false, clock: Date.now };
  await backUp(file, usual);
  await until(async () => (await put(node, token, "A", "of the lost disk")).ok);
  await primary.stop("SIGKILL");
  await Bun.$`rm -r ${primary.folder}/data`;
  await primary.start();
  await until(async () => (await put(node, token, "A", "lost")).status === 503);

  let [isOver, isPart, refused] = [false, false, 0];
  const answers = new Set<string>();
  const asking = (async () => {
    while (!isOver) {
      const wasPart = isPart;
      answers.add(await fetchText(node, token));
      const { status } = await put(node, token, "B", "meanwhile");
      if (!wasPart || !isPart) continue;
      // Nobody adds to what is a part, or takes it for the whole.
      expect(status).toBe(503);
      refused += 1;
    }
  })();
  let ended: Promise<void> | undefined;
  const progress = (step: string) => {
    if (step === "compared") ended ??= primary.stop("SIGKILL");
  };
  await expect(restore(file, { ...usual, progress })).rejects.toThrow("cannot be filled");
  await ended;
  await primary.start();
  isPart = true;
  // For as long as the server looks at it more than once.
  await Promise.race([until(() => refused > 100), asking]);
  isPart = false;
  await restore(file, usual);
  await until(async () => (await put(node, token, "C", "after")).ok);
  isOver = true;
  await asking;
  for (const answer of answers) expect(answer).toMatch(/"of the (backup|lost disk)"/);
  expect(await fetchText(node, token)).toContain('"of the backup"');
  expect(await fetchText(node, token)).toContain('"after"');
  const options = { masterKeys: [masterKey], keepsVersions: true, clock: Date.now };
  expect((await verifyDatabase({ file: undefined, env: usual.env }, options)).faults).toEqual([]);
  expect((await node.stop()).stderr).toContain("the primary has another past than the replica");
});
