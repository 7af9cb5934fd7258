import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Client } from "@libsql/client";
import { drizzle } from "drizzle-orm/libsql/web";
import { type Database, DatabaseError, type DatabaseSettings, fileFault, openServer } from "../connect.ts";
import * as schema from "../schema.ts";
import { storageSentence } from "../storage-fault.ts";
import { type ReplicaNews, troubleSentence } from "./news.ts";
import { Replica } from "./replica.ts";
import { ReplicaClient } from "./replica-client.ts";
import { ReplicaFile } from "./replica-file.ts";
import { Syncer } from "./syncer.ts";

export interface ReplicaSettings extends DatabaseSettings {
  /** The replica's file. Beside it are others, whose names begin with its own. */
  replicaPath: string;
  /** Milliseconds between two looks for what others have written. */
  syncEvery: number;
}

/** How long a start waits for what is new where the replica can be served as it is, in milliseconds. */
const startPatience = 5000;
/** How long a start without a file that can be served tries to fill it, in milliseconds. */
const fillPatience = 60_000;

/**
 * Opens a database of which this machine has an embedded replica: it is read here, and written on its primary. Where the
 * file cannot be served it is filled first, and for that the primary has to be there. Throws DatabaseError.
 *
 * @param prepare - is given the primary where there is no file: it may be empty
 * @param tell - is told what somebody should know who looks after the server
 */
export async function connectReplica(
  { replicaPath, syncEvery, ...settings }: ReplicaSettings,
  prepare: (primary: Client) => Promise<unknown>,
  tell: (news: ReplicaNews) => void,
): Promise<Database> {
  const file = new ReplicaFile(resolve(replicaPath));
  try {
    mkdirSync(dirname(file.path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new DatabaseError(`cannot make the folder of the replica ${file.path}: ${fileFault(error)}`);
  }
  const primary = openServer(settings);
  const syncer = new Syncer({
    file: file.path,
    url: plainAddress(settings.databaseUrl),
    authToken: settings.databaseAuthToken,
  });
  const replica = new Replica({ file, primary, syncer, interval: syncEvery, tell });
  const client = new ReplicaClient(replica, primary);
  try {
    const fault = await file.fault();
    if (fault) await prepare(primary);
    if (await replica.start(fault, startPatience, fillPatience)) return drizzle({ client, schema });
    throw new DatabaseError(
      `the replica ${file.path} is ${fault}, and could not be filled: ${whyNot(replica)}`,
    );
  } catch (error) {
    client.close();
    throw error;
  }
}

/** What keeps a replica from being filled, for people. */
function whyNot({ trouble, fault }: Replica): string {
  if (!trouble) return fault ? storageSentence({ kind: fault }) : "the primary does not give what it has";
  return troubleSentence(trouble) + (trouble.code === undefined ? "" : ` (${trouble.code})`);
}

/** `libsql://` as the library that replicates has it: HTTPS, and with `tls=0` HTTP. */
function plainAddress(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  const isPlain = url.searchParams.get("tls") === "0";
  if (!url.searchParams.has("tls") && url.protocol !== "libsql:") return databaseUrl;
  url.searchParams.delete("tls");
  if (url.protocol !== "libsql:") return url.href.replace(/\/$/, "");
  const scheme = isPlain ? "http:" : "https:";
  return scheme + url.href.slice("libsql:".length);
}
