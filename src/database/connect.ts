import { closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Client, createClient } from "@libsql/client/web";
import type { LibSQLDatabase } from "drizzle-orm/libsql";
import { drizzle } from "drizzle-orm/libsql/web";
import { keepForOwner } from "./open-for-writing.ts";
import * as schema from "./schema.ts";
import { ServerClient } from "./server-client.ts";
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

/**
 * Opens a database that is there, to read it: of a file nothing is changed, and nothing is made beside it that stays.
 * Throws DatabaseError.
 */
export function connectToRead(settings: DatabaseSettings): Database {
  const file = databaseFile(settings.databaseUrl);
  if (file === undefined) return drizzle({ client: openServer(settings), schema });
  try {
    // SQLite says of any of these faults that it cannot open it.
    closeSync(openSync(file, "r"));
    if (statSync(file).isDirectory()) throw Object.assign(new Error("a folder"), { code: "EISDIR" });
    return drizzle({ client: new SqliteClient(file, "read"), schema });
  } catch (error) {
    throw new DatabaseError(`cannot open the database ${file}: ${fileFault(error)}`);
  }
}

/** An empty database that is nowhere but in memory: to see what the migrations make. */
export function connectInMemory(): Database {
  return drizzle({ client: new SqliteClient(":memory:"), schema });
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
    // Only now is it known to be a database.
    keepForOwner(file);
    return client;
  } catch (error) {
    throw new DatabaseError(`cannot open the database ${file}: ${fileFault(error)}`);
  }
}

/** How long a server may take for one request: longer than the largest batch, shorter than for ever. Milliseconds. */
export const serverPatience = 30_000;

/** A database on a libSQL server. It is not asked for anything yet. */
export function openServer({ databaseUrl, databaseAuthToken }: DatabaseSettings): Client {
  const client = createClient({
    url: databaseUrl,
    ...(databaseAuthToken && { authToken: databaseAuthToken }),
    fetch(request: Request) {
      // What is sealed does not get smaller, and to try takes the server ten times as long as to read it.
      request.headers.set("Accept-Encoding", "identity");
      // One that takes requests and answers none would keep each of them, and whoever asked for it.
      return fetch(request, { signal: AbortSignal.timeout(serverPatience) });
    },
  });
  return new ServerClient(client);
}

/** Whether an error is SQLite's or the file system's, whose messages quote no content of a row. */
export function isFileFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.cause instanceof Error) return isFileFault(error.cause);
  return "code" in error && /^(?:SQLITE_|E(?!RR_)[A-Z])/.test(String(error.code));
}

/** Why a file that is, or is to be, a database cannot be used, in words. */
export function fileFault(error: unknown): string {
  // What drizzle throws quotes the query.
  if (error instanceof Error && error.cause instanceof Error) return fileFault(error.cause);
  const { code, message } = error as { code?: string; message: string };
  const reasons: Record<string, string> = {
    ENOENT: "there is no such file",
    EACCES: "permission denied",
    EPERM: "permission denied",
    EBUSY: "it is in use, or mounted by itself",
    EROFS: "the file system is read-only",
    ENOSPC: "the disk is full",
    ENOTDIR: "a part of the path is no folder",
    EISDIR: "it is a folder",
    EEXIST: "a part of the path is no folder",
    SQLITE_NOTADB: "the file is no SQLite database",
    SQLITE_CORRUPT: "the file is damaged; restore a backup",
    SQLITE_CANTOPEN: "the file or its WAL cannot be opened or created",
    SQLITE_READONLY: "the file is read-only",
    SQLITE_READONLY_DBMOVED: "another one was put in its place meanwhile; start again",
    SQLITE_FULL: "the disk is full",
  };
  return reasons[code ?? ""] ?? message;
}
