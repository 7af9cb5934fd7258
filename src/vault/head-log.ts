import type { Database } from "../database/connect.ts";
import { toldHead } from "./audit-head.ts";

/** How often a head that moves is told, in milliseconds. */
const every = 60 * 60 * 1000;

/**
 * Tells the head of the audit to the log: at the start, at the end and once an hour while it moves. A log that is kept
 * elsewhere then shows that the end of the audit was cut off, which nothing in the database can.
 */
export class HeadLog {
  #toldAt = Number.NEGATIVE_INFINITY;
  #told: string | undefined;

  /** @param tell - is given a head, such as `12:9f86…`; undefined where it cannot be told any more */
  constructor(
    private readonly db: Database,
    private readonly clock: () => number,
    private readonly tell: (head: string | undefined) => void,
  ) {}

  /** Tells the head where an hour is over since it was told. */
  async tick(): Promise<void> {
    // A clock that was set back must not make it silent.
    if (Math.abs(this.clock() - this.#toldAt) >= every) await this.now();
  }

  /** Tells the head, unless it is the one that was told last. */
  async now(): Promise<void> {
    this.#toldAt = this.clock();
    const head = await toldHead(this.db);
    if (head === this.#told && head !== undefined) return;
    this.#told = head;
    this.tell(head);
  }
}
