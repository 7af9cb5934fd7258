import { expect } from "bun:test";
import { join } from "node:path";
import { bearer, type TestBrowser } from "../harness.ts";
import { type ServerProcess, startFileServer, temporaryFolder } from "../server-process.ts";
import { type Sqld, startSqld } from "../sqld.ts";

/** A primary, and servers that each have a replica of it and a folder of their own. */
export interface Cluster extends AsyncDisposable {
  primary: Sqld;
  nodes: Node[];
  /** Starts one more, or one that was stopped on what its folder holds. */
  start(folder?: string, env?: Record<string, string>): Promise<Node>;
}

export interface Node extends ServerProcess {
  folder: string;
  /** The path of its replica. */
  replica: string;
}

/** Starts a primary and so many servers. Their log tells everything. */
export async function startCluster(count: number, env: Record<string, string> = {}): Promise<Cluster> {
  const primary = await startSqld();
  const folders: ReturnType<typeof temporaryFolder>[] = [];
  const nodes: Node[] = [];
  const start = async (folder = newFolder(folders), more: Record<string, string> = {}) => {
    const replica = join(folder, "data", "replica.db");
    const settings = { DATABASE_URL: primary.url, DATABASE_REPLICA_PATH: replica, LOG_LEVEL: "debug" };
    const server = await startFileServer(folder, { ...settings, ...env, ...more });
    const node: Node = { ...server, folder, replica };
    nodes.push(node);
    return node;
  };
  const end = async () => {
    for (const node of nodes) await node[Symbol.asyncDispose]();
    for (const folder of folders) folder[Symbol.dispose]();
    await primary[Symbol.asyncDispose]();
  };
  try {
    for (let i = 0; i < count; i++) await start();
  } catch (error) {
    await end();
    throw error;
  }
  return { primary, nodes, start, [Symbol.asyncDispose]: end };
}

function newFolder(folders: ReturnType<typeof temporaryFolder>[]): string {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder.path;
}

/** A root project on one of the nodes, unsealed there, and what apps have of it. */
export interface Shop {
  admin: TestBrowser;
  id: number;
  masterKey: string;
  /** A write token of `prod`. */
  token: string;
}

export async function createShop(node: Node): Promise<Shop> {
  const admin = node.browser();
  const { id, masterKey } = await admin.createRoot("shop");
  return { admin, id, masterKey, token: await admin.createToken(id, "prod", "write") };
}

export function put(node: Node, token: string, name: string, value: string): Promise<Response> {
  return send(node, token, "PUT", `/${name}`, { value });
}

/** Sets several secrets, all or none. */
export function patch(node: Node, token: string, set: Record<string, string>): Promise<Response> {
  return send(node, token, "PATCH", "", { set });
}

function send(node: Node, token: string, method: string, path: string, body: object): Promise<Response> {
  const headers = { ...bearer(token), "Content-Type": "application/json" };
  return node.request(`/api/secrets${path}`, { method, headers, body: JSON.stringify(body) });
}

/** What a node answers to a fetch, as it is. */
export async function fetchText(node: Node, token: string): Promise<string> {
  const response = await node.request("/api/secrets", { headers: bearer(token) });
  expect(response.status).toBe(200);
  return response.text();
}

export async function statusOf(node: Node): Promise<unknown> {
  return (await node.request("/api/status")).json();
}

/** Lets time pass until what is asked is so: how long it takes is no test's business. */
export async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + 100_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error("it never came to that");
    await Bun.sleep(20);
  }
}

/** The messages of a node's log, each once, of warnings and errors. */
export function warningsOf(stderr: string): string[] {
  const lines = stderr.split("\n").filter((line) => /"level":(?:40|50|60)/.test(line));
  return [...new Set(lines.map((line) => (JSON.parse(line) as { msg: string }).msg))];
}
