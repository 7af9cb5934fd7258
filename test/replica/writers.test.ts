import { expect, test } from "bun:test";
import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { bearer } from "../harness.ts";
import { createShop, fetchText, type Node, patch, startCluster, until } from "./cluster.ts";

/** In all, by three servers into one environment; how often they are in each other's way is up to the machine. */
const writes = 2000;
const names = 40;
/** How many a writer does with one request: on each server one writes single secrets, and one writes several at once. */
const portions = [1, 8];

/** As an app does that comes again when it is told to. */
async function patchUntilDone(node: Node, token: string, set: Record<string, string>): Promise<Written[]> {
  for (;;) {
    const response = await patch(node, token, set);
    if (response.ok) return ((await response.json()) as { secrets: Written[] }).secrets;
    expect(response.status).toBe(503);
  }
}

interface Written {
  name: string;
  version: number;
}

test("of 2,000 writes of three servers to one environment none is lost and none is there twice", async () => {
  await using cluster = await startCluster(3, { DATABASE_SYNC_MILLISECONDS: "100", LOG_LEVEL: "warn" });
  const [first] = cluster.nodes as [Node];
  const { token, masterKey } = await createShop(first);
  const fetched = (node: Node) => node.request("/api/secrets", { headers: bearer(token) });
  for (const node of cluster.nodes) await until(async () => (await fetched(node)).ok);

  /** Name and version of each write that was acknowledged, and its value. */
  const acknowledged = new Map<string, string>();
  let next = 0;
  const take = (portion: number): number[] => {
    const taken = Array.from({ length: Math.min(portion, writes - next) }, (_, i) => next + i);
    next += taken.length;
    return taken;
  };
  const write = async (node: Node, who: string, portion: number) => {
    while (next < writes) {
      const set = Object.fromEntries(take(portion).map((i) => [`NAME_${i % names}`, `${who} ${i}`]));
      for (const { name, version } of await patchUntilDone(node, token, set)) {
        const key = `${name} ${version}`;
        expect(acknowledged.has(key)).toBe(false);
        acknowledged.set(key, set[name] ?? "");
      }
    }
  };
  await Promise.all(
    cluster.nodes.flatMap((node, i) =>
      portions.map((portion) => write(node, `node ${i}, ${portion} at once,`, portion)),
    ),
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
