import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { SqliteClient } from "../sqlite-client.ts";
import { type Head, type Lineage, lineageOf } from "./lineage.ts";

/** What libSQL's library keeps beside a replica: without it the file cannot go on, and with it alone it would not begin anew. */
const endings = ["", "-wal", "-shm", "-client_wal_index"] as const;

/**
 * The file of a replica, and beside it a mark that says that it was complete once, and how far it had come: a file that
 * lost its WAL, or is being filled, looks like a smaller world, and nothing in it tells.
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
      if (lineage?.origin !== mark.origin) return "damaged";
      return mark.head === undefined || (await has(client, mark.head)) ? undefined : "damaged";
    } catch {
      return "damaged";
    } finally {
      client?.close();
    }
  }

  /** It is complete up to here. */
  mark(lineage: Lineage): void {
    writeFileSync(`${this.path}-mark.new`, JSON.stringify(lineage), { mode: 0o600 });
    renameSync(`${this.path}-mark.new`, `${this.path}-mark`);
  }

  /** It is to be filled from the beginning: who has it open goes on reading what it was. */
  remove(): void {
    // First what says that it is complete.
    rmSync(`${this.path}-mark`, { force: true });
    for (const ending of endings) rmSync(this.path + ending, { force: true });
  }

  #mark(): Lineage | undefined {
    try {
      const mark = JSON.parse(readFileSync(`${this.path}-mark`, "utf8")) as Lineage | null;
      return typeof mark?.origin === "string" ? mark : undefined;
    } catch {
      return undefined;
    }
  }
}

async function has(client: SqliteClient, { id, hash }: Head): Promise<boolean> {
  const { rows } = await client.execute({
    sql: "SELECT hex(hash) FROM audit_events WHERE id = ?",
    args: [id],
  });
  return rows[0]?.[0] === hash;
}
