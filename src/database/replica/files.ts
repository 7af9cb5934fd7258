import { rmSync } from "node:fs";

/** What libSQL's library keeps beside a replica: without it the file cannot go on, and with it alone it would not begin anew. */
const endings = ["", "-wal", "-shm", "-client_wal_index"] as const;

/** Where libSQL's library keeps how far a replica has come. */
export function indexPathOf(file: string): string {
  return `${file}-client_wal_index`;
}

/** Where it is kept how far a replica was complete. */
export function markPathOf(file: string): string {
  return `${file}-mark`;
}

/** A replica is to be filled from the beginning: who has it open goes on reading what it was. Throws the file system's errors. */
export function removeReplica(file: string): void {
  // First what says that it is complete.
  rmSync(markPathOf(file), { force: true });
  for (const ending of endings) rmSync(file + ending, { force: true });
}
