import { expect, test } from "bun:test";
import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { bearer } from "../harness.ts";
import { createShop, fetchText, type Node, put, startCluster, until } from "./cluster.ts";

/** In all, by three servers into one environment; how often they are in each other's way is up to the machine. */
const writes = 2000;
const names = 40;

test("of 2,000 writes of three servers to one environment none is lost and none is there twice", async () => {
  await using cluster = await startCluster(3, { DATABASE_SYNC_MILLISECONDS: "100", LOG_LEVEL: "warn" });
  const [first] = cluster.nodes as [Node];
  const { token, masterKey } = await createShop(first);
  const fetched = (node: Node) => node.request("/api/secrets", { headers: bearer(token) });
  for (const node of cluster.nodes) await until(async () => (await fetched(node)).ok);

  /** Name and version of each write that was acknowledged, and its value. */
  const acknowledged = new Map<string, string>();
  let next = 0;
  const write = async (node: Node, who: string) => {
    while (next < writes) {
      const i = next++;
      const [name, value] = [`NAME_${i % names}`, `${who} ${i}`];
      // An app that is told to come again does so.
      for (;;) {
        const response = await put(node, token, name, value);
        if (response.ok) {
          const { version } = (await response.json()) as { version: number };
          const key = `${name} ${version}`;
          expect(acknowledged.has(key)).toBe(false);
          acknowledged.set(key, value);
          break;
        }
        expect(response.status).toBe(503);
      }
    }
  };
  await Promise.all(
    cluster.nodes.flatMap((node, i) => [write(node, `node ${i} a`), write(node, `node ${i} b`)]),
  );
  expect(acknowledged.size).toBe(writes);

  // The same bytes everywhere, and they are the last of each name.
  const texts = async () => new Set(await Promise.all(cluster.nodes.map((node) => fetchText(node, token))));
  await until(async () => (await texts()).size === 1);
  const [text = ""] = await texts();
  const { secrets } = JSON.parse(text) as { secrets: { name: string; value: string }[] };
  expect(secrets.length).toBe(names);
  for (const { name, value } of secrets) {
    expect(acknowledged.get(`${name} ${writes / names}`)).toBe(value);
  }

  // Every write is one version, the audit is one chain, and each view is what its secrets make.
  for (const node of cluster.nodes) {
    await node.stop();
    const options = { masterKeys: [masterKey], keepsVersions: true, clock: Date.now };
    const { faults, opened } = await verifyDatabase({ file: node.replica, env: {} }, options);
    expect(faults).toEqual([]);
    expect(opened?.versions).toBe(writes);
  }
}, 600_000);
