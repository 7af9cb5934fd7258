import { Database } from "bun:sqlite";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { isBusy } from "../constraint.ts";
import { SqliteClient } from "../sqlite-client.ts";
import { indexPathOf, markPathOf } from "./files.ts";
import { type Head, type Lineage, lineageOf } from "./lineage.ts";

/**
 * The file of a replica, and beside it a mark that says that it was complete once, and how far it had come: a file that
 * lost its WAL, or is being filled, looks like a smaller world, and one that was written over from an earlier place in the
 * log on is of two times at once; nothing in either tells.
 */
export class ReplicaFile {
  constructor(readonly path: string) {}

  /** Opens the file to be read, and nothing else: the process that keeps it up to date writes to it. Throws SQLite's errors. */
  open(): SqliteClient {
    return new SqliteClient(this.path, "read");
  }

  /**
   * Why the replica cannot be served before the primary was asked; undefined: it can. Reads all of it.
   */
  async fault(): Promise<"missing" | "incomplete" | "damaged" | undefined> {
    if (!statSync(this.path, { throwIfNoEntry: false })) return "missing";
    const mark = this.#mark();
    if (mark === undefined) return "incomplete";
    let client: SqliteClient | undefined;
    try {
      client = this.open();
      const { rows } = await client.execute("PRAGMA quick_check(1)");
      if (rows[0]?.[0] !== "ok") return "damaged";
      const lineage = await lineageOf(client);
      if (lineage?.origin !== mark.origin || isBehind(this.position(), mark.position)) return "damaged";
      return mark.head === undefined || (await has(client, mark.head)) ? undefined : "damaged";
    } catch {
      return "damaged";
    } finally {
      client?.close();
    }
  }

  /** It is complete up to here, where the library was at this place in the log. Throws the file system's errors. */
  mark(lineage: Lineage, position: Position | undefined): void {
    const mark = markPathOf(this.path);
    const marked: Mark = { ...lineage, position };
    // After a power cut one that is empty, or says more than the library knows of itself, would keep a server from starting
    // while its primary is away. Each takes 0.3 ms.
    if (position) syncFile(indexPathOf(this.path), "r");
    syncFile(`${mark}.new`, "w", JSON.stringify(marked));
    renameSync(`${mark}.new`, mark);
  }

  /**
   * Moves what is left of the WAL into the file, so that it is written from its beginning again. The process that keeps
   * the replica up to date does that as far as nobody reads, and what is held while it writes (`ReplicaView`) is always
   * read: the last of the WAL would never be moved, and the WAL grow for ever. Whether all was moved. Throws SQLite's errors.
   */
  tidy(): boolean {
    using database = new Database(this.path, { readwrite: true, create: false });
    try {
      using statement = database.prepare("PRAGMA wal_checkpoint(PASSIVE)");
      const [[isHeldUp, inWal, inFile] = []] = statement.values() as number[][];
      return isHeldUp === 0 && inWal === inFile;
    } catch (error) {
      if (isBusy(error)) return false;
      throw error;
    }
  }

  /** Which log the library has filled it from, and how far; undefined where it is not told. */
  position(): Position | undefined {
    try {
      // 16 bytes name the log, and then there is the number of the last frame, which is -1 before there is one.
      const index = readFileSync(indexPathOf(this.path));
      return { log: index.toString("hex", 0, 16), frame: Number(index.readBigInt64LE(16)) };
    } catch {
      return undefined;
    }
  }

  #mark(): Mark | undefined {
    try {
      const mark = JSON.parse(readFileSync(markPathOf(this.path), "utf8")) as Mark | null;
      return typeof mark?.origin === "string" ? mark : undefined;
    } catch {
      return undefined;
    }
  }
}

/** How far a replica has come in a log of its primary. */
export interface Position {
  log: string;
  frame: number;
}

interface Mark extends Lineage {
  /** undefined: it was not known, or the mark was made before it was kept. */
  position: Position | undefined;
}

/** Whether the library takes what is in the file for what it was earlier: it has written over it since, or is about to. */
function isBehind(now: Position | undefined, former: Position | undefined): boolean {
  return now !== undefined && now.log === former?.log && now.frame < former.frame;
}

/** Writes a file, if there is something to write, and waits until it is on the disk. Throws the file system's errors. */
function syncFile(path: string, flags: "r" | "w", text?: string): void {
  const file = openSync(path, flags, 0o600);
  try {
    if (text !== undefined) writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

async function has(client: SqliteClient, { id, hash }: Head): Promise<boolean> {
  const { rows } = await client.execute({
    sql: "SELECT hex(hash) FROM audit_events WHERE id = ?",
    args: [id],
  });
  return rows[0]?.[0] === hash;
}
