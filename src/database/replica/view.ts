import { isDeepStrictEqual } from "node:util";
import type { SqliteClient } from "../sqlite-client.ts";
import { type Lineage, lineageOf, survey } from "./lineage.ts";
import type { Position, ReplicaFile } from "./replica-file.ts";
import type { SyncOutcome } from "./syncer.ts";

/** So many frames, of a page each, are taken before the WAL is tidied up. */
const tidyAfter = 1000;

/** What came of an attempt to bring a file up to date. */
export interface Brought {
  outcome: SyncOutcome;
  /** Whether the file has all that was read here before. */
  isContinued: boolean;
  /** Whether something else is read from now on, as far as is known. */
  isMoved: boolean;
}

/**
 * What is read of a replica's file. While the file is written to, whoever reads goes on seeing what was there before that;
 * and for longer, where the file has less by then.
 */
export class ReplicaView {
  #isHeld = false;
  /** What the mark says. */
  #marked: { head: string | undefined; position: Position | undefined } | undefined;
  /** Of what is read. */
  #position: Position | undefined;
  #untidy = 0;

  private constructor(
    private readonly file: ReplicaFile,
    /** What everybody reads from. */
    readonly client: SqliteClient,
    /** Sees what is in the file by now. */
    private readonly newest: SqliteClient,
    private current: Lineage,
  ) {
    this.#position = file.position();
  }

  /** Opens a file; undefined where it is no database of ours, or not complete. Throws SQLite's errors. */
  static async open(file: ReplicaFile): Promise<ReplicaView | undefined> {
    const client = file.open();
    let newest: SqliteClient | undefined;
    try {
      newest = file.open();
      const lineage = await lineageOf(client);
      if (lineage) return new ReplicaView(file, client, newest, lineage);
    } catch (error) {
      client.close();
      newest?.close();
      throw error;
    }
    client.close();
    newest.close();
    return undefined;
  }

  /** Opens a file that was filled; undefined where it lacks what the primary had. Throws SQLite's errors. */
  static async openWhole(file: ReplicaFile, primary: Lineage): Promise<ReplicaView | undefined> {
    const view = await ReplicaView.open(file);
    let isWhole = false;
    try {
      isWhole = view !== undefined && (await view.holds(primary));
      return isWhole ? view : undefined;
    } finally {
      if (!isWhole) view?.close();
    }
  }

  /** Of what is read. */
  get lineage(): Lineage {
    return this.current;
  }

  /** Whether the file has all that the primary had. Throws SQLite's errors. */
  async holds(primary: Lineage): Promise<boolean> {
    return (await this.#compare(primary)).relation === "continues";
  }

  /**
   * Has the file brought up to date. What is in it by then is read as far as it came, unless the log began anew: that writes
   * pages of long ago over those of now, and until it has come to its end the file is neither. Throws SQLite's errors.
   */
  async bring(sync: () => Promise<SyncOutcome>): Promise<Brought> {
    const wasHeld = this.#isHeld;
    await this.#hold();
    const outcome = await sync();
    const kept: Brought = { outcome, isContinued: false, isMoved: false };
    const position = this.file.position();
    // Nor is it looked into: it may be no database at all.
    if ("fault" in outcome && isAnew(position, this.#position)) return kept;
    const { relation, lineage } = await this.#compare(this.current);
    if (relation !== "continues" || !lineage) return kept;
    this.current = lineage;
    this.#position = position;
    await this.#release();
    // Of what broke off there may be a part, too, such as a token that was revoked.
    return { outcome, isContinued: true, isMoved: wasHeld || "fault" in outcome || outcome.frames > 0 };
  }

  /**
   * What is read is complete, with so many frames that are new. Throws the errors of SQLite and of the file system.
   *
   * The WAL is tidied up now and then, but not after many frames at once: of those the process that wrote them moves all
   * but the last into the file with the next that come, and nobody here waits for it.
   */
  settle(frames: number): void {
    const now = { head: this.current.head?.hash, position: this.#position };
    if (!isDeepStrictEqual(now, this.#marked)) {
      this.file.mark(this.current, now.position);
      this.#marked = now;
    }
    this.#untidy += frames;
    if (this.#untidy > tidyAfter && frames <= tidyAfter && this.file.tidy()) this.#untidy = 0;
  }

  close(): void {
    this.client.close();
    this.newest.close();
  }

  #compare({ origin, head }: Lineage): ReturnType<typeof survey> {
    return survey(this.newest, { origin, heads: head ? [head] : [] });
  }

  /** From now on what is read stays as it is. Where it fails, nothing is held. */
  async #hold(): Promise<void> {
    if (this.#isHeld) return;
    await this.client.execute("BEGIN");
    this.#isHeld = true;
    try {
      // Only a read decides which state it is.
      await this.client.execute("SELECT count(*) FROM sqlite_master");
    } catch (error) {
      await this.#release();
      throw error;
    }
  }

  async #release(): Promise<void> {
    this.#isHeld = false;
    try {
      await this.client.execute("COMMIT");
    } catch (error) {
      // A disk that fails ends a transaction by itself.
      if (!(error instanceof Error && error.message.includes("no transaction is active"))) throw error;
    }
  }
}

/** Whether it is not just further on in the same log. */
function isAnew(now: Position | undefined, former: Position | undefined): boolean {
  if (!former) return false;
  return !now || now.log !== former.log || now.frame < former.frame;
}
