import { constants, Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { isBusy } from "./constraint.ts";

/**
 * Opens a database file for reading alone, whether a server has it open, it lies on a read-only disk, or is at rest:
 * nothing is written to it, and nothing is left beside it. Throws SQLite's errors.
 */
export function openForReading(file: string): Database {
  const { SQLITE_OPEN_READONLY, SQLITE_OPEN_READWRITE, SQLITE_OPEN_URI } = constants;
  const isAtRest = !existsSync(`${file}-wal`);
  const address = pathToFileURL(file).href;
  // SQLite takes away the side files that it makes only for somebody who could write, and needs none for a file
  // that cannot change.
  const ways: [string, number][] = [
    ...(isAtRest ? [[address, SQLITE_OPEN_READWRITE] satisfies [string, number]] : []),
    [address, SQLITE_OPEN_READONLY],
    ...(isAtRest ? [[`${address}?immutable=1`, SQLITE_OPEN_READONLY] satisfies [string, number]] : []),
  ];
  let failure: unknown;
  for (const [name, flags] of ways) {
    try {
      return openInWay(name, flags | SQLITE_OPEN_URI);
    } catch (error) {
      // Somebody has it for himself, and is changing it: it is not at rest.
      if (isBusy(error)) throw error;
      failure = error;
    }
  }
  throw failure;
}

function openInWay(name: string, flags: number): Database {
  const database = new Database(name, flags);
  try {
    database.run("PRAGMA busy_timeout = 5000");
    database.run("PRAGMA query_only = ON");
    database.query("select count(*) from sqlite_master").get();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
