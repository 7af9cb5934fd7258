import type { LocalClient } from "./local-client.ts";

/** When something was read of the database. */
export interface Mark {
  /** How many changes were known of by then. */
  readonly changes: number;
  /** Milliseconds from whenever. */
  readonly at: number;
}

/** How long something that was read may be taken for what the database holds, unless it is known for sure. Milliseconds. */
const longest = 1000;
/** How often a database file is asked whether others have written, while somebody wants to know. Milliseconds. */
const askEvery = 250;

/**
 * Tells whether what was read of the database is still what it holds, without asking it each time. What this process
 * writes is known at once: whoever writes says `changed`. What others write is known within a second: what was read is
 * good for that long, and for longer only where the file told meanwhile that nobody else has written.
 */
export class Freshness {
  #changes = 0;
  /** The number of the last change that may be anywhere, and those of the last in each part. */
  #lastAnywhere = 0;
  readonly #lastIn = new Map<number, number>();
  #askedAt = Number.NEGATIVE_INFINITY;
  #isAsking = false;
  /** What was answered last: it is another one after each write of others. */
  #answer: string | undefined;
  /** Until then it is known that nobody else has written since what was answered before. */
  #quietUntil = Number.NEGATIVE_INFINITY;
  #reopened: number | undefined;

  /**
   * @param client - undefined: of what others write, the database tells nothing
   * @param steady - milliseconds from whenever; nobody can set it
   */
  constructor(
    private readonly client: LocalClient | undefined,
    private readonly steady: () => number,
  ) {}

  /** To be taken before something is read. */
  mark(): Mark {
    const now = this.steady();
    // What is read from now on has something to be compared with later.
    this.#askNowAndThen(now);
    return { changes: this.#changes, at: now };
  }

  /** Whether what was read at `mark` of a part of the database, such as one tree, is still so. */
  isFresh({ changes, at }: Mark, part: number): boolean {
    const now = this.steady();
    this.#askNowAndThen(now);
    if (changes < this.#lastAnywhere || changes < (this.#lastIn.get(part) ?? 0)) return false;
    return now - Math.max(at, this.#quietUntil) < longest;
  }

  /** Something was written, or may have been, in these parts or anywhere: what was read there before is not fresh any more. */
  changed(parts?: readonly number[]): void {
    const number = ++this.#changes;
    if (!parts) this.#lastAnywhere = number;
    for (const part of parts ?? []) this.#lastIn.set(part, number);
  }

  /** Nobody waits for the answer: until it comes, what was read gets older. */
  #askNowAndThen(now: number): void {
    const { client } = this;
    if (!client || now - this.#askedAt < askEvery || this.#isAsking) return;
    this.#askedAt = now;
    if (client.reopened !== this.#reopened) this.changed();
    this.#reopened = client.reopened;
    this.#isAsking = true;
    client
      .foreignCommits()
      .then(
        (answer) => {
          if (answer !== this.#answer) this.changed();
          this.#answer = answer;
          this.#quietUntil = now;
        },
        // Whatever is wrong with the file is for whoever reads or writes it.
        () => {},
      )
      .finally(() => {
        this.#isAsking = false;
      });
  }
}
