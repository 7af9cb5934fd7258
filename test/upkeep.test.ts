import { expect, test } from "bun:test";
import { createLogger } from "../src/logger.ts";
import { Upkeep } from "../src/upkeep.ts";
import { HeadLog } from "../src/vault/head-log.ts";
import { createFileApp } from "./harness.ts";

test("the environments that another database lacks are added with a later look where that has failed", async () => {
  const app = await createFileApp();
  try {
    const { db, sessions, knownTokens, usage, changes } = app;
    const vault = {
      ...app.vault,
      settings: { ...app.vault.settings, availableEnvironments: ["dev", "prod", "late"] },
    };
    const logs: string[] = [];
    const logger = createLogger("warn", { write: (line) => logs.push(line) });
    const heads = new HeadLog(db, app.vault.clock, () => {});
    const upkeep = new Upkeep({ vault, sessions, knownTokens, usage, changes, heads, logger });
    const isAdded = async () =>
      (await app.stored.read("select 1 as one from environments where name = 'late'")).length > 0;

    Object.defineProperty(db.$client, "reopened", { value: 1 });
    const { batch } = db.$client;
    let failed = 0;
    db.$client.batch = async () => {
      failed++;
      throw new Error("not now");
    };
    const tickUntil = async (isSo: () => Promise<boolean> | boolean) => {
      for (let looks = 0; !(await isSo()); looks++) {
        if (looks > 2000) throw new Error("it never came to that");
        upkeep.tick();
        await Bun.sleep(5);
      }
    };
    await tickUntil(() => failed > 0);
    expect(await isAdded()).toBe(false);
    db.$client.batch = batch;
    await tickUntil(isAdded);
    expect(logs.filter((line) => line.includes("everything is sealed")).length).toBe(1);
  } finally {
    app.close();
  }
});
