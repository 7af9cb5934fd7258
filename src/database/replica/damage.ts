import { causesOf } from "../causes.ts";

/** Whether SQLite says of a file that it is no database any more, or that a part of it cannot be read. */
export function isDamage(error: unknown): boolean {
  for (const current of causesOf(error)) {
    if ("code" in current && damage.test(String(current.code))) return true;
  }
  return false;
}

// Of what else is an error of the disk, such as one that is full, filling the file anew is no cure.
const damage = /^SQLITE_(?:CORRUPT|NOTADB|IOERR_(?:READ|SHORT_READ|CORRUPTFS|DATA)$)/;
