import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { connectReplica } from "../../src/database/replica/connect-replica.ts";
import { temporaryFolder } from "../server-process.ts";
import { until } from "./cluster.ts";
import { event, type Machine, makeMachine, startMachine, startPrimary } from "./machine.ts";

const inode = ({ path }: Machine) => statSync(path).ino;

const filled = [{ rebuilding: "missing" }, { rebuilt: "missing" }];

describe("a replica whose file is whole", () => {
  test("is kept though its primary does not replicate, and the log tells it once", async () => {
    await using primary = await startPrimary();
    using machine = await startMachine(primary);
    const { replica, news } = machine;
    const before = inode(machine);
    await primary.append(1);
    primary.proxy.replication("refused");
    await machine.syncer.end();
    for (let i = 0; i < 25; i++) expect(await replica.catchUp()).toBe(false);
    expect(replica.fault).toBe("cut-off");
    expect(await machine.events()).toBe(1);
    primary.proxy.replication("passes");
    expect(await replica.catchUp()).toBe(true);
    expect(await machine.events()).toBe(2);
    expect(inode(machine)).toBe(before);
    expect(news).toEqual([...filled, { trouble: { reason: "refused" } }] as typeof news);
  });

  test("is kept by a server that was wrongly started on it, whatever that takes it for", async () => {
    await using primary = await startPrimary();
    using machine = await startMachine(primary);
    using stranger = await startMachine(primary, machine.path);
    const before = inode(machine);
    await stranger.replica.damaged();
    await stranger.replica.catchUp();
    expect(stranger.news).toEqual([{ trouble: { reason: "in-use" } }, { rebuilding: "damaged" }]);
    expect(inode(machine)).toBe(before);
    await primary.append(1);
    expect(await machine.replica.catchUp()).toBe(true);
    expect(await machine.events()).toBe(2);
  });

  test("is given up only after its primary gave for long what is not what it has", async () => {
    await using primary = await startPrimary();
    using folder = temporaryFolder();
    const path = `${folder.path}/replica.db`;
    const parts = ["", "-mark", "-wal"];
    {
      using first = await startMachine(primary, path);
      await first.syncer.end();
      for (const part of parts) copyFileSync(path + part, `${path}.old${part}`);
      await primary.append(1);
      await first.replica.catchUp();
    }
    // What tells how far it came outlived a power cut, and the file did not.
    for (const part of parts) copyFileSync(`${path}.old${part}`, path + part);
    rmSync(`${path}-shm`);
    using machine = await startMachine(primary, path);
    const { replica, news } = machine;
    for (let i = 0; i < 10; i++) await replica.catchUp();
    expect([replica.fault, news]).toEqual(["cut-off", []]);
    expect(await machine.events()).toBe(1);
    await until(() => replica.catchUp());
    expect(news).toEqual([{ rebuilding: "damaged" }, { rebuilt: "damaged" }]);
    expect(await machine.events()).toBe(2);
  });
});

test("another past is found out though the file was to be filled anew anyway", async () => {
  await using primary = await startPrimary();
  const { folder } = primary.sqld;
  await primary.sqld.stop();
  await Bun.$`cp -r ${folder}/data ${folder}/copy`;
  await primary.sqld.start();
  await primary.append(1);
  using machine = await startMachine(primary);
  await primary.sqld.stop();
  await machine.replica.damaged();
  await Bun.$`rm -r ${folder}/data && mv ${folder}/copy ${folder}/data`;
  await primary.sqld.start();
  await until(() => machine.replica.catchUp());
  const news = [...filled, { rebuilding: "damaged" }, { rebuilding: "parted" }, { rebuilt: "parted" }];
  expect(machine.news).toEqual(news as typeof machine.news);
  expect([machine.replica.reopened, await machine.events()]).toEqual([1, 1]);
});

describe("a primary that tidies up its log answers to all but what replicates, and meanwhile a replica", () => {
  test("waits for what was written, and is not cut off", async () => {
    await using primary = await startPrimary();
    using machine = await startMachine(primary);
    const { client, replica, news } = machine;
    const { asked } = primary.proxy;
    primary.proxy.replication(0);
    const writing = client.execute(event(10));
    await until(() => primary.proxy.asked > asked + 3);
    expect([replica.fault, await machine.events()]).toEqual([undefined, 1]);
    primary.proxy.replication("passes");
    await writing;
    expect([replica.fault, await machine.events()]).toEqual([undefined, 2]);
    expect(news).toEqual(filled as typeof news);
  });

  test("gets what others wrote once that is over, and is cut off where it never is", async () => {
    await using primary = await startPrimary();
    using machine = await startMachine(primary);
    const { replica } = machine;
    await primary.append(1);
    primary.proxy.replication(0);
    expect(await replica.catchUp()).toBe(false);
    expect(replica.fault).toBeUndefined();
    await until(() => replica.fault === "cut-off");
    expect(await machine.events()).toBe(1);
    primary.proxy.replication("passes");
    await until(() => replica.fault === undefined);
    expect(await machine.events()).toBe(2);
  });

  test("reads each of many writes as soon as it is told of it", async () => {
    await using primary = await startPrimary(["--max-log-size", "1"]);
    using machine = await startMachine(primary);
    const { client, replica } = machine;
    for (let count = 2; count < 300; count++) {
      // A machine may be so slow that it takes longer than anybody waits: then it is known, and is over some time.
      await until(() => replica.fault === undefined);
      await client.execute(event(40_000));
      if (replica.fault === undefined) expect(await machine.events()).toBe(count);
    }
  });
});

test("what takes longer than anybody waits is waited for twice as long the next time", async () => {
  await using primary = await startPrimary();
  using machine = await startMachine(primary);
  const { replica, syncer } = machine;
  const sync = syncer.sync.bind(syncer);
  const waited: number[] = [];
  syncer.sync = async (patience) => {
    waited.push(patience / 1000);
    return waited.length % 5 === 0 ? sync(patience) : { fault: "silent" };
  };
  for (let i = 1; i <= 7; i++) expect(await replica.catchUp()).toBe(i === 5);
  expect(waited).toEqual([10, 240, 480, 960, 1920, 10, 240]);
});

describe("a replica that was cut off", () => {
  test("says so where what was written does not come back, which is acknowledged all the same", async () => {
    await using primary = await startPrimary();
    using machine = await startMachine(primary);
    const { client } = machine;
    primary.proxy.replication("held");
    await client.execute(event(10));
    expect((await client.look())?.kind).toBe("cut-off");
    expect(await machine.events()).toBe(1);
    await expect(client.execute(event(10))).rejects.toThrow("cut-off");
    primary.proxy.replication("passes");
    await until(async () => (await client.look()) === undefined);
    expect(await machine.events()).toBe(2);
  });

  test("comes back by itself, however seldom it looks for what is new", async () => {
    await using primary = await startPrimary();
    using machine = await startMachine(primary);
    const { client, replica } = machine;
    replica.cutOff();
    await until(() => replica.fault === undefined);
    await primary.sqld.stop();
    await expect(client.execute(event(10))).rejects.toThrow("cut-off");
    await primary.sqld.start();
    await until(() => replica.fault === undefined);
    await client.execute(event(10));
    expect(await machine.events()).toBe(2);
  });
});

describe("a fault of this machine", () => {
  test("is told with its code, and it is over when that is mended", async () => {
    await using primary = await startPrimary();
    using machine = await startMachine(primary);
    const { path, replica, news } = machine;
    await primary.append(1);
    mkdirSync(`${path}-mark.new`);
    for (let i = 0; i < 3; i++) expect(await replica.catchUp()).toBe(false);
    expect(news).toEqual([...filled, { trouble: { reason: "local", code: "EISDIR" } }] as typeof news);
    expect([replica.fault, await machine.events()]).toEqual(["cut-off", 2]);
    rmdirSync(`${path}-mark.new`);
    expect(await replica.catchUp()).toBe(true);
    expect(replica.trouble).toBeUndefined();
  });

  test("keeps a replica from being filled, and is told", async () => {
    await using primary = await startPrimary();
    using machine = makeMachine(primary);
    mkdirSync(`${machine.path}-lock`);
    expect(await machine.replica.start("missing", 0, 0)).toBe(false);
    expect(machine.replica.trouble).toEqual({ reason: "disk" });
    expect(machine.news).toEqual([{ rebuilding: "missing" }, { trouble: { reason: "disk" } }]);
  });
});

test("what the address says of TLS is not given to what replicates", async () => {
  await using primary = await startPrimary();
  using folder = temporaryFolder();
  const settings = {
    databaseUrl: `${primary.sqld.url}?tls=0`,
    databaseAuthToken: undefined,
    replicaPath: `${folder.path}/replica.db`,
    syncEvery: 500,
  };
  const { $client } = await connectReplica(
    settings,
    async () => {},
    () => {},
  );
  const { rows } = await $client.execute("SELECT count(*) FROM audit_events");
  expect(rows[0]?.[0]).toBe(1);
  $client.close();
});
