import { describe, expect, test } from "bun:test";
import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { bearer } from "../harness.ts";
import {
  createShop,
  fetchText,
  type Node,
  put,
  startCluster,
  statusOf,
  until,
  warningsOf,
} from "./cluster.ts";

const isUp = async (node: Node) => JSON.stringify(await statusOf(node)) === '{"db":"up"}';

describe("while the primary is gone", () => {
  test("every server reads, says so, refuses to write and has nothing half-written; all is made up for later", async () => {
    await using cluster = await startCluster(2);
    const [here, there] = cluster.nodes as [Node, Node];
    const { admin, id, token } = await createShop(here);
    await put(here, token, "A", "before");
    const fetched = () => there.request("/api/secrets", { headers: bearer(token) });
    await until(async () => (await (await fetched()).text()).includes('"before"'));

    await cluster.primary.stop("SIGKILL");
    const refused = await put(here, token, "A", "during");
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({
      detail: expect.stringContaining("its primary does not answer"),
    });
    const form = await admin.save(id, "prod", { TYPED: "typed value" });
    expect(form.status).toBe(503);
    expect(await form.text()).toContain("typed value");
    for (const node of cluster.nodes) {
      await until(async () => !(await isUp(node)));
      const status = await node.request("/api/status");
      expect([status.status, await status.json()]).toEqual([200, { db: "up", writes: "down" }]);
      expect(await fetchText(node, token)).toContain('"before"');
    }

    await cluster.primary.start();
    for (const node of cluster.nodes) {
      await until(() => isUp(node));
      expect(await fetchText(node, token)).toContain('"before"');
    }
    expect((await put(there, token, "A", "after")).status).toBe(200);
    await until(async () => (await fetchText(here, token)).includes('"after"'));
    expect(await fetchText(here, token)).not.toContain("typed value");
    const { stderr } = await here.stop();
    expect(warningsOf(stderr)).toEqual([
      "The database cannot be written: its primary does not answer, or refuses the token.",
      "the database can be used again",
    ]);
  });

  test("a server that is started serves what its replica holds, and gets what it lacks once the primary is back", async () => {
    await using cluster = await startCluster(1);
    const [first] = cluster.nodes as [Node];
    const { token } = await createShop(first);
    await put(first, token, "A", "before");
    await first.stop();
    await cluster.primary.stop("SIGKILL");

    const again = await cluster.start(first.folder, { AVAILABLE_ENVIRONMENTS: "prod,staging" });
    expect(await fetchText(again, token)).toContain('"before"');
    expect(await statusOf(again)).toEqual({ db: "up", writes: "down" });
    expect((await put(again, token, "A", "during")).status).toBe(503);

    await cluster.primary.start();
    await until(async () => (await put(again, token, "A", "after")).ok);
    const other = await cluster.start();
    expect(await fetchText(other, token)).toContain('"after"');
    // What the start could not write.
    const admin = again.browser();
    await until(async () => (await (await admin.get("/admin/audit")).text()).includes("staging"));
  });

  test("a server without a replica that can be served does not start, and says why", async () => {
    await using cluster = await startCluster(0);
    await cluster.primary.stop("SIGKILL");
    await expect(cluster.start()).rejects.toThrow(/cannot use the database at 127\.0\.0\.1:\d+: /);
  });

  test("a primary that takes requests and answers none keeps nobody waiting who reads", async () => {
    await using cluster = await startCluster(1);
    const [node] = cluster.nodes as [Node];
    const { token } = await createShop(node);
    await put(node, token, "A", "before");
    cluster.primary.freeze();
    // The replica is being brought up to date meanwhile, in vain: nothing of that holds the server.
    const end = performance.now() + 3000;
    while (performance.now() < end) {
      expect(await fetchText(node, token)).toContain('"before"');
      await Bun.sleep(20);
    }
    cluster.primary.thaw();
    await until(async () => (await put(node, token, "A", "after")).ok);
  });
});

describe("a replica that is of no use", () => {
  const faults: [what: string, damage: (replica: string) => Promise<unknown>, told: string][] = [
    [
      "whose pages were overwritten",
      (replica) =>
        Bun.$`dd if=/dev/urandom of=${replica} bs=4096 seek=1 count=400 conv=notrunc status=none && rm -f ${replica}-wal`,
      "the replica is damaged",
    ],
    ["that lost its WAL", (replica) => Bun.$`rm ${replica}-wal`, "the replica is damaged"],
    [
      "that is cut off",
      (replica) => Bun.$`truncate --size=512 ${replica} && rm -f ${replica}-wal`,
      "the replica is damaged",
    ],
    ["of which only what is beside it is left", (replica) => Bun.$`rm ${replica} ${replica}-wal`, ""],
    [
      "that was not filled to the end",
      (replica) => Bun.$`rm ${replica}-mark`,
      "the replica was never filled",
    ],
    [
      "without what tells how far it came",
      (replica) => Bun.$`rm ${replica}-client_wal_index`,
      "the replica is damaged",
    ],
  ];

  test.each(faults)("%s is filled anew, and the log tells it", async (_, damage, told) => {
    await using cluster = await startCluster(1);
    const [first] = cluster.nodes as [Node];
    const { token } = await createShop(first);
    await put(first, token, "A", "a value");
    await first.stop("SIGKILL");
    await damage(first.replica).catch(() => {});
    const again = await cluster.start(first.folder);
    expect(await fetchText(again, token)).toContain('"a value"');
    await until(() => isUp(again));
    expect((await put(again, token, "A", "another value")).status).toBe(200);
    expect(await fetchText(again, token)).toContain('"another value"');
    const { stderr } = await again.stop();
    expect(stderr).toContain(told);
  });

  test.each(faults.slice(0, 5))(
    "%s is never served as a smaller world without the primary",
    async (_, damage) => {
      await using cluster = await startCluster(1);
      const [first] = cluster.nodes as [Node];
      const { token } = await createShop(first);
      await put(first, token, "A", "a value");
      await first.stop("SIGKILL");
      await damage(first.replica).catch(() => {});
      await cluster.primary.stop("SIGKILL");
      await expect(cluster.start(first.folder)).rejects.toThrow("it did not start (1)");
    },
  );
});

describe("a primary that is another one by now", () => {
  test("empty: the replica is served, the primary is left as it is, and the log tells it", async () => {
    await using cluster = await startCluster(1);
    const [node] = cluster.nodes as [Node];
    const { token } = await createShop(node);
    await put(node, token, "A", "a value");
    await cluster.primary.stop("SIGKILL");
    await Bun.$`rm -r ${cluster.primary.folder}/data`;
    await cluster.primary.start();
    const refused = async () => {
      const response = await put(node, token, "A", "lost");
      return response.status === 503 && (await response.text()).includes("its primary is empty");
    };
    await until(refused);
    expect(await fetchText(node, token)).toContain('"a value"');

    // Also where it starts anew.
    await node.stop();
    const again = await cluster.start(node.folder);
    expect(await fetchText(again, token)).toContain('"a value"');
    await again.logged("its primary is empty, where this machine's replica is not");
    expect((await put(again, token, "A", "lost")).status).toBe(503);
  });

  test("an older copy of it: the replica is filled anew, all is sealed, and the log tells it", async () => {
    await using cluster = await startCluster(1);
    const [node] = cluster.nodes as [Node];
    const { admin, id, token } = await createShop(node);
    await put(node, token, "A", "old value");
    const { folder } = cluster.primary;
    await cluster.primary.stop();
    await Bun.$`cp -r ${folder}/data ${folder}/copy`;
    await cluster.primary.start();
    await until(async () => (await put(node, token, "A", "new value")).ok);
    await cluster.primary.stop();
    await Bun.$`rm -r ${folder}/data && mv ${folder}/copy ${folder}/data`;
    await cluster.primary.start();

    await until(async () => (await fetchText(node, token)).includes('"old value"'));
    await until(async () => (await put(node, token, "A", "newest value")).ok);
    expect(await fetchText(node, token)).toContain('"newest value"');
    await node.logged("it was opened, and everything is sealed");
    const page = await admin.get(`/admin/projects/${id}/environments/prod/secrets?decrypt=true`);
    expect(page.status).toBe(303);
    expect((await node.stop()).stderr).toContain("the primary has another past than the replica");
  });

  test("another database: the same", async () => {
    await using cluster = await startCluster(1);
    await using other = await startCluster(1);
    const [node, stranger] = [cluster.nodes[0], other.nodes[0]] as [Node, Node];
    const shop = await createShop(stranger);
    await put(stranger, shop.token, "A", "of the other");
    const { token } = await createShop(node);
    await node.stop();
    const again = await cluster.start(node.folder, { DATABASE_URL: other.primary.url });
    expect(await fetchText(again, shop.token)).toContain('"of the other"');
    expect((await again.request("/api/secrets", { headers: bearer(token) })).status).toBe(401);
    const { stderr } = await again.stop();
    expect(stderr).toContain("the primary is another database than the replica is of");
  });
});

test("two servers do not bring one file up to date", async () => {
  await using cluster = await startCluster(1);
  const [node] = cluster.nodes as [Node];
  const { token } = await createShop(node);
  await put(node, token, "A", "a value");
  const second = await cluster.start(node.folder);
  expect(await fetchText(second, token)).toContain('"a value"');
  expect(await statusOf(second)).toEqual({ db: "up", writes: "down" });
  await second.logged("each needs a DATABASE_REPLICA_PATH of its own");
  await node.stop();
  await until(() => isUp(second));
  expect((await put(second, token, "A", "another")).status).toBe(200);
});

test("a replica is a database that can be verified", async () => {
  await using cluster = await startCluster(1);
  const [node] = cluster.nodes as [Node];
  const { token, masterKey } = await createShop(node);
  await put(node, token, "A", "a value");
  await node.stop();
  const options = { masterKeys: [masterKey], keepsVersions: true, clock: Date.now };
  const { faults, opened } = await verifyDatabase({ file: node.replica, env: {} }, options);
  expect(faults).toEqual([]);
  expect(opened?.versions).toBe(1);
});
