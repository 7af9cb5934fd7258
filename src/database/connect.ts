import { chmodSync, closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Client, createClient } from "@libsql/client/web";
import type { LibSQLDatabase } from "drizzle-orm/libsql";
import { drizzle } from "drizzle-orm/libsql/web";
import * as schema from "./schema.ts";
import { SqliteClient } from "./sqlite-client.ts";

/** Drizzle over a libSQL client; `$client` closes it. */
export type Database = LibSQLDatabase<typeof schema> & { $client: Client };

/** A database that cannot be opened; the message names the place and the fault. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
}

export interface DatabaseSettings {
  /** `file:PATH`, or `libsql://`, `https://`, `http://` of a libSQL server. */
  databaseUrl: string;
  databaseAuthToken: string | undefined;
}

/**
 * Opens the database that the settings name. A file is created if it is not there: readable by its owner
 * only (0600), as is its folder (0700). Throws DatabaseError.
 */
export function connect(settings: DatabaseSettings): Database {
  const file = databaseFile(settings.databaseUrl);
  const client = file === undefined ? openServer(settings) : openFile(file);
  return drizzle({ client, schema });
}

/** The path of the file that `file:PATH` or `file:///PATH` names; undefined for a database on a server. */
export function databaseFile(databaseUrl: string): string | undefined {
  if (!databaseUrl.startsWith("file:")) return undefined;
  return resolve(databaseUrl.slice("file:".length).replace(/^\/\/(?=\/)/, ""));
}

function openFile(file: string): Client {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    closeSync(openSync(file, "a", 0o600));
    const client = new SqliteClient(file);
    // Files that are older than this program may be open to others; only now are they known to be a database.
    for (const part of [file, `${file}-wal`, `${file}-shm`]) {
      if ((statSync(part, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) chmodSync(part, 0o600);
    }
    return client;
  } catch (error) {
    throw new DatabaseError(`cannot open the database ${file}: ${reason(error)}`);
  }
}

function openServer({ databaseUrl, databaseAuthToken }: DatabaseSettings): Client {
  return createClient({ url: databaseUrl, ...(databaseAuthToken && { authToken: databaseAuthToken }) });
}

function reason(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  const reasons: Record<string, string> = {
    EACCES: "permission denied",
    EPERM: "permission denied",
    EROFS: "the file system is read-only",
    ENOSPC: "the disk is full",
    ENOTDIR: "a part of the path is no folder",
    EISDIR: "it is a folder",
    EEXIST: "a part of the path is no folder",
    SQLITE_NOTADB: "the file is no SQLite database",
    SQLITE_CORRUPT: "the file is damaged; restore a backup",
    SQLITE_CANTOPEN: "the file or its WAL cannot be opened or created",
    SQLITE_READONLY: "the file is read-only",
  };
  return reasons[code ?? ""] ?? message;
}
