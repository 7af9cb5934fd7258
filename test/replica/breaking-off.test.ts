import { describe, expect, test } from "bun:test";
import { copyFileSync, statSync } from "node:fs";
import { connectToRead } from "../../src/database/connect.ts";
import { ReplicaFile } from "../../src/database/replica/replica-file.ts";
import { temporaryFolder } from "../server-process.ts";
import { type Machine, startMachine, startPrimary } from "./machine.ts";

/** How many events are in a replica's file, whatever is read of it. */
async function eventsInFile({ path }: Machine): Promise<number> {
  const { $client } = connectToRead({ databaseUrl: `file:${path}`, databaseAuthToken: undefined });
  try {
    return Number((await $client.execute("SELECT count(*) FROM audit_events")).rows[0]?.[0]);
  } finally {
    $client.close();
  }
}

describe("what is taken from the primary and breaks off", () => {
  test("is read as far as it came, and what was known is stale", async () => {
    await using primary = await startPrimary();
    using machine = await startMachine(primary);
    const { replica } = machine;
    await primary.append(80, 100_000);
    let told = 0;
    replica.listeners.add(() => told++);
    primary.proxy.replication(1);
    expect(await replica.catchUp()).toBe(false);
    const came = await machine.events();
    expect(came).toBeGreaterThan(1);
    expect(came).toBeLessThan(81);
    expect(told).toBe(1);

    primary.proxy.replication("passes");
    expect(await replica.catchUp()).toBe(true);
    expect(await machine.events()).toBe(81);
    expect(machine.news).toEqual([{ rebuilding: "missing" }, { rebuilt: "missing" }]);
  });

  test("is not read where the log began anew, before it has come as far as what was read here", async () => {
    await using primary = await startPrimary();
    using machine = await startMachine(primary);
    const { path, replica, syncer } = machine;
    const index = `${path}-client_wal_index`;
    copyFileSync(index, `${index}.old`);
    await primary.append(80, 100_000);
    expect(await replica.catchUp()).toBe(true);
    // As after a power cut that the file outlived and what tells how far it came did not.
    await syncer.end();
    copyFileSync(`${index}.old`, index);
    await primary.append(1);

    // And again: what was read is still read after a second one in vain.
    for (const way of [1, 0] as const) {
      primary.proxy.replication(way);
      expect(await replica.catchUp()).toBe(false);
      expect(await eventsInFile(machine)).toBeLessThan(81);
      expect(await machine.events()).toBe(81);
    }
    primary.proxy.replication("passes");
    expect(await replica.catchUp()).toBe(true);
    expect(await machine.events()).toBe(82);
    expect(machine.news).not.toContainEqual({ rebuilding: "damaged" });
  });

  test("nor where the audit is in the file as it was, and other tables are as they were long ago", async () => {
    await using primary = await startPrimary();
    await primary.db.executeMultiple("CREATE TABLE state (value); INSERT INTO state VALUES ('first')");
    await primary.db.execute("CREATE TABLE bulk (id INTEGER PRIMARY KEY, value)");
    const rows = Array.from({ length: 400 }, (_, i) => `(${i}, randomblob(3000))`);
    await primary.db.execute(`INSERT INTO bulk VALUES ${rows.join()}`);
    using machine = await startMachine(primary);
    const { path, client, replica, syncer } = machine;
    const state = async () => (await client.execute("SELECT value FROM state")).rows[0]?.[0];
    const index = `${path}-client_wal_index`;
    copyFileSync(index, `${index}.old`);
    await primary.db.execute("UPDATE state SET value = 'second'");
    // In their pages, of which there are no more and no fewer than before.
    for (let i = 0; i < 4; i++) await primary.db.execute("UPDATE bulk SET value = randomblob(3000)");
    await primary.db.execute("UPDATE state SET value = 'third'");
    await primary.append(1);
    expect(await replica.catchUp()).toBe(true);
    await syncer.end();
    copyFileSync(`${index}.old`, index);

    primary.proxy.replication(1);
    expect(await replica.catchUp()).toBe(false);
    expect(await state()).toBe("third");
    primary.proxy.replication("passes");
    expect(await replica.catchUp()).toBe(true);
    expect([await state(), await machine.events()]).toEqual(["third", 2]);
    expect(machine.news).not.toContainEqual({ rebuilding: "damaged" });
  });
});

test("nor is any of it by a server that is started then: it may be of two times at once", async () => {
  await using primary = await startPrimary();
  using folder = temporaryFolder();
  const path = `${folder.path}/replica.db`;
  const index = `${path}-client_wal_index`;
  const file = new ReplicaFile(path);
  {
    using machine = await startMachine(primary, path);
    copyFileSync(index, `${index}.old`);
    await primary.append(80, 100_000);
    expect(await machine.replica.catchUp()).toBe(true);
  }
  expect(await file.fault()).toBeUndefined();
  copyFileSync(`${index}.old`, index);
  expect(await file.fault()).toBe("damaged");
  using machine = await startMachine(primary, path);
  expect(machine.news).toEqual([{ rebuilding: "damaged" }, { rebuilt: "damaged" }]);
  expect([await machine.events(), await file.fault()]).toEqual([81, undefined]);
});

test("a WAL that is written to while somebody reads does not grow for ever", async () => {
  await using primary = await startPrimary();
  using machine = await startMachine(primary);
  const sizes: number[] = [];
  for (let i = 0; i < 6; i++) {
    for (let j = 0; j < 12; j++) {
      await primary.append(1, 200_000);
      expect(await machine.replica.catchUp()).toBe(true);
    }
    sizes.push(statSync(`${machine.path}-wal`).size);
  }
  // 600 pages each: it is as large as it was once and no larger, though five times as much was written.
  expect(Math.max(...sizes)).toBeLessThan(9_000_000);
  expect(await machine.events()).toBe(73);
});
