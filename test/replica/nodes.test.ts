import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { EventReader } from "../event-reader.ts";
import { bearer } from "../harness.ts";
import { createShop, fetchText, put, startCluster, statusOf, until } from "./cluster.ts";

describe("servers with a replica each", () => {
  test("read what they wrote themselves with the very next request", async () => {
    await using cluster = await startCluster(1);
    const [node] = cluster.nodes as [(typeof cluster.nodes)[0]];
    const { token } = await createShop(node);
    for (let i = 0; i < 30; i++) {
      expect((await put(node, token, "COUNT", `number ${i}`)).ok).toBe(true);
      expect(await fetchText(node, token)).toContain(`"number ${i}"`);
    }
    expect(await statusOf(node)).toEqual({ db: "up" });
  });

  test("serve what others wrote, refuse a token that others revoked, and tell listeners of both", async () => {
    await using cluster = await startCluster(2);
    const [here, there] = cluster.nodes as [(typeof cluster.nodes)[0], (typeof cluster.nodes)[0]];
    const { admin, id, token } = await createShop(here);
    await put(here, token, "A", "first");
    const fetched = () => there.request("/api/secrets", { headers: bearer(token) });
    await until(async () => (await (await fetched()).text()).includes('"first"'));
    const events = new EventReader(await there.request("/api/secrets/events", { headers: bearer(token) }));
    expect(await events.next()).toEqual({ retry: "3000" });
    await events.nextRevision();

    await put(here, token, "A", "second");
    await events.nextRevision();
    expect(await fetchText(there, token)).toContain('"second"');

    await admin.post(`/admin/projects/${id}/service-tokens/1/revoke`);
    while ((await events.next()) !== undefined);
    expect((await there.request("/api/secrets", { headers: bearer(token) })).status).toBe(401);
  });

  test("serve what others wrote to an app that they know as soon as their pages show it, also where nobody listens", async () => {
    await using cluster = await startCluster(2);
    const [here, there] = cluster.nodes as [(typeof cluster.nodes)[0], (typeof cluster.nodes)[0]];
    const { id, token } = await createShop(here);
    const pages = there.browser();
    const isShown = async (count: number) => {
      const page = (await pages.open(`/admin/projects/${id}`)).replaceAll(/<[^>]+>|\s+/g, " ");
      return new RegExp(` prod +${count} `).test(page);
    };
    const fetched = async () => (await there.request("/api/secrets", { headers: bearer(token) })).text();
    for (let count = 1; count <= 5; count++) {
      await put(here, token, `NAME_${count}`, "a value");
      // Known from now on, for a second at most.
      await fetched();
      await until(() => isShown(count));
      expect(await fetched()).toContain(`"NAME_${count}"`);
    }
  });

  test("keep an unsealed project to themselves", async () => {
    await using cluster = await startCluster(2);
    const [here, there] = cluster.nodes as [(typeof cluster.nodes)[0], (typeof cluster.nodes)[0]];
    const { id, token } = await createShop(here);
    await put(here, token, "A", "a value");
    const other = there.browser();
    await until(async () => (await other.get(`/admin/projects/${id}`)).ok);
    const page = await (
      await other.get(`/admin/projects/${id}/environments/prod/secrets?decrypt=true`)
    ).text();
    expect(page).not.toContain("a value");
  });

  test("give the token of the database to nobody who lists processes or files", async () => {
    await using cluster = await startCluster(1, {
      ADMIN_PASSWORD: "",
      DATABASE_AUTH_TOKEN: "a.canary.token",
    });
    const [node] = cluster.nodes as [(typeof cluster.nodes)[0]];
    const child = childOf(node.pid);
    for (const of of ["cmdline", "environ"])
      expect(readFileSync(`/proc/${child}/${of}`, "utf8")).not.toContain("canary");
    const { exitCode, stderr } = await node.stop();
    expect([exitCode, stderr.includes("canary")]).toEqual([0, false]);
    const data = join(node.folder, "data");
    for (const name of readdirSync(data)) {
      expect(readFileSync(join(data, name)).includes("canary")).toBe(false);
      expect(statSync(join(data, name)).mode & 0o077).toBe(0);
    }
    expect(statSync(data).mode & 0o077).toBe(0);
    // It went with the server.
    await until(() => !isRunning(child));
  });

  test("leave no process behind: what fills the replica ends with a server that is killed", async () => {
    await using cluster = await startCluster(1);
    const [node] = cluster.nodes as [(typeof cluster.nodes)[0]];
    const child = childOf(node.pid);
    await node.stop("SIGKILL");
    await until(() => !isRunning(child));
  });
});

/** The process that a process has started. */
function childOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  for (const child of children) {
    if (readFileSync(`/proc/${child}/cmdline`, "utf8").includes("replica-process")) return Number(child);
  }
  throw new Error(`${pid} has not started it`);
}

function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}
