import { Database } from "bun:sqlite";
import { isBusy } from "../constraint.ts";
import { removeReplica } from "./files.ts";
import { type NativeReplica, openReplica } from "./native.ts";
import type { Answer, Failed, Message, ReplicationFault, Settings, Synced } from "./protocol.ts";

/**
 * The process that keeps a replica up to date. libSQL's library writes the replica with an SQLite of its own, while the
 * server reads the same file with Bun's: in two processes the locks of the file keep them apart, in one they would not,
 * since POSIX gives locks to processes. Neither can what the library does, such as waiting for a primary that is gone,
 * hold the server's event loop.
 */
class ReplicaProcess {
  #settings: Settings | undefined;
  #replica: NativeReplica | undefined;
  #lock: Database | undefined;

  async answer(message: Message): Promise<void> {
    if ("settings" in message) {
      this.#settings = message.settings;
      return;
    }
    const answer: Answer = { sync: message.sync, ...(await this.#sync(message.isAnew)) };
    process.send?.(answer);
  }

  async #sync(isAnew: boolean): Promise<Synced | Failed> {
    const { file, url, authToken } = this.#settings ?? {};
    if (file === undefined || url === undefined) return { fault: "failed" };
    try {
      this.#lock ??= lock(`${file}-lock`);
      // Nobody but who has the lock: to another server these may be the files that it reads.
      if (isAnew && !this.#replica) removeReplica(file);
      this.#replica ??= openReplica(file, url, authToken ?? "");
      if (!this.#replica) return { fault: "unsupported" };
      const { frame_no, frames_synced } = await this.#replica.sync();
      return { frame: frame_no, frames: frames_synced };
    } catch (error) {
      return { fault: faultOf(error) };
    }
  }
}

/** A process before this one may still be ending. Throws where another keeps the replica up to date. */
function lock(file: string): Database {
  const database = new Database(file);
  try {
    database.run("PRAGMA busy_timeout = 100");
    database.run("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The library has no codes: its words tell. The first that fits. */
const faults: readonly (readonly [RegExp, ReplicationFault])[] = [
  // Before damage, which some of these sound like: what is no TLS is a "corrupt message".
  [/certificate|InvalidContentType|UnknownIssuer|\btls\b/i, "tls"],
  [/unauthori[sz]ed|unauthenticated|forbidden|PermissionDenied/i, "refused"],
  [
    /Client\(Status|trying to connect|connection (?:closed|reset|refused)|HandshakeTimeout|timed out/i,
    "unreachable",
  ],
  [/IO error|os error|no space|disk is full|DiskFull|ReadOnly/i, "disk"],
  [/malformed|not ?a ?database|wal_index|corrupt|invalid.{0,40}(?:header|magic)/i, "damaged"],
  // It could not write what came: in this place SQLite's own code is gone.
  [/FatalInjectError|SqliteFailure|disk/i, "disk"],
];

function faultOf(error: unknown): ReplicationFault {
  if (isBusy(error)) return "in-use";
  if (isFileFault(error)) return "disk";
  const words = error instanceof Error ? error.message : "";
  return faults.find(([pattern]) => pattern.test(words))?.[1] ?? "failed";
}

/** Of the lock and of what is removed, which have codes. */
function isFileFault(error: unknown): boolean {
  if (!(error instanceof Error && "code" in error)) return false;
  return /^(?:SQLITE_(?:FULL|IOERR|CANTOPEN|READONLY)|E(?!RR_)[A-Z]+$)/.test(String(error.code));
}

// What it makes is its owner's alone.
process.umask(0o077);
const replica = new ReplicaProcess();
// Whoever reads the replica has ended: nobody else wants it.
process.on("disconnect", () => process.exit(0));
process.on("message", (message: Message) => void replica.answer(message));
// The server's terminal and its supervisor mean the server, which tells when it is over.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
