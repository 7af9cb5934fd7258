import { closeSync, fsyncSync, openSync, truncateSync } from "node:fs";
import type { Client } from "@libsql/client";
import { whenNotBusy } from "./busy.ts";

/** How long another process's lock is waited for, in milliseconds. */
const patience = 30_000;

/**
 * Writes all that a database file holds at one moment into a new file, for its owner alone (0600): what is in the WAL
 * too, and nothing that was deleted. Others read and write meanwhile. When it returns, the file is on disk; where it
 * throws, a part of it may be.
 *
 * @param file - must not exist
 * @throws what the file system and SQLite throw, and BusyError
 */
export async function copyDatabase(client: Client, file: string): Promise<void> {
  const descriptor = openSync(file, "wx", 0o600);
  try {
    // SQLite takes the copy for a write, which a connection that only reads may not do.
    await client.execute("PRAGMA query_only = OFF");
    await whenNotBusy(patience, async () => {
      truncateSync(file);
      await client.execute({ sql: "VACUUM INTO ?", args: [file] });
    });
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
    await client.execute("PRAGMA query_only = ON");
  }
}
