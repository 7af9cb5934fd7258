import { join } from "node:path";
import type { Client } from "@libsql/client";
import { openServer } from "../../src/database/connect.ts";
import { migrate } from "../../src/database/migrate.ts";
import { migrations } from "../../src/database/migrations.ts";
import type { ReplicaNews } from "../../src/database/replica/news.ts";
import { Replica } from "../../src/database/replica/replica.ts";
import { ReplicaClient } from "../../src/database/replica/replica-client.ts";
import { ReplicaFile } from "../../src/database/replica/replica-file.ts";
import { Syncer } from "../../src/database/replica/syncer.ts";
import { temporaryFolder } from "../server-process.ts";
import { type Sqld, startSqld } from "../sqld.ts";
import { type Between, startProxy } from "./proxy.ts";

/** A primary, and what stands in front of it. */
export interface Primary extends AsyncDisposable {
  sqld: Sqld;
  proxy: Between;
  /** Its database, past the proxy. */
  db: Client;
  /** Appends events to the audit, of so many bytes each and each in a transaction of its own. */
  append(count: number, bytes?: number): Promise<void>;
}

/** Starts a primary whose database has all tables and an event; `args` are more options of its command line. */
export async function startPrimary(args: readonly string[] = []): Promise<Primary> {
  const sqld = await startSqld({ args });
  const proxy = startProxy(sqld.url);
  const db = openServer({ databaseUrl: sqld.url, databaseAuthToken: undefined });
  const append = async (count: number, bytes = 10) => {
    for (let i = 0; i < count; i++) await db.execute(event(bytes));
  };
  await migrate(db, migrations, 0);
  await append(1);
  const end = async () => {
    db.close();
    proxy[Symbol.dispose]();
    await sqld[Symbol.asyncDispose]();
  };
  return { sqld, proxy, db, append, [Symbol.asyncDispose]: end };
}

/** A statement that appends an event of so many bytes to the audit. */
export function event(bytes: number): string {
  return `INSERT INTO audit_events (at, actor, action, address, request_id, hash)
    VALUES (0, hex(randomblob(${bytes / 2})), '', '', '', randomblob(32))`;
}

/** A replica as a server has it, within this process; only what fills it is one of its own, as always. */
export interface Machine extends Disposable {
  path: string;
  replica: Replica;
  /** Reads the replica and writes to the primary. */
  client: ReplicaClient;
  syncer: Syncer;
  /** What was to be logged. */
  news: ReplicaNews[];
  /** How many events are read here. */
  events(): Promise<number>;
}

/** For ever, as far as a test goes: nothing comes by itself. Milliseconds. */
const never = 100_000_000;

/**
 * Makes a replica of a primary that its proxy leads to, or opens what is there, and starts it: nothing is looked for until
 * somebody asks for it, unless there is a fault.
 */
export async function startMachine(primary: Primary, path?: string): Promise<Machine> {
  const machine = makeMachine(primary, path);
  await machine.replica.start(await new ReplicaFile(machine.path).fault(), 5000, 0);
  return machine;
}

/** The same, not started yet. */
export function makeMachine({ proxy }: Primary, path?: string): Machine {
  const folder = path === undefined ? temporaryFolder() : undefined;
  const file = new ReplicaFile(path ?? join(folder?.path ?? "", "replica.db"));
  const server = openServer({ databaseUrl: proxy.url, databaseAuthToken: undefined });
  const syncer = new Syncer({ file: file.path, url: proxy.url, authToken: undefined });
  const news: ReplicaNews[] = [];
  const tell = (told: ReplicaNews) => void news.push(told);
  const replica = new Replica({ file, primary: server, syncer, interval: never, tell });
  const client = new ReplicaClient(replica, server);
  const events = async () => {
    const { rows } = await client.execute("SELECT count(*) FROM audit_events");
    return Number(rows[0]?.[0]);
  };
  const end = () => {
    client.close();
    folder?.[Symbol.dispose]();
  };
  return { path: file.path, replica, client, syncer, news, events, [Symbol.dispose]: end };
}
