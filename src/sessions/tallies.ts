/** What of one key is remembered. */
interface Tally {
  failures: number;
  /** Attempts that have begun and not ended. */
  inFlight: number;
  /** When the newest failure was. */
  failedAt: number;
}

/** How an attempt ended; `undecided`: neither right nor wrong, such as when the database was busy. */
export type Outcome = "succeeded" | "failed" | "undecided";

/** How many failures are free, and how long one may have to wait after more, in seconds. */
export interface Patience {
  free: number;
  longest: number;
}

/** After so much time without a failure all is forgotten, in milliseconds. */
const quiet = 60 * 60 * 1000;
/** More keys than can fail within the limit in all; the one that was touched longest ago goes when one more comes. */
const mostKeys = 10_000;

/**
 * Counts failures by key, and says how long a key has to wait for its next attempt: not at all up to a number of
 * failures, then 1 s, 2 s, 4 s and so on. An attempt that has begun counts as failed until it has succeeded, so that
 * many at once are no more than many one by one.
 */
export class Tallies {
  readonly #tallies = new Map<string, Tally>();

  constructor(
    private readonly clock: () => number,
    private readonly patience: Patience,
  ) {}

  /** How many keys are remembered. */
  get size(): number {
    return this.#tallies.size;
  }

  /** How many seconds from now an attempt may begin; 0: at once. */
  waitOf(key: string): number {
    const tally = this.#find(key);
    if (!tally) return 0;
    const { free, longest } = this.patience;
    if (tally.failures + tally.inFlight < free) return 0;
    // How long is only known when what has begun is over.
    if (tally.inFlight > 0) return 1;
    const wait = Math.min(longest, 2 ** (tally.failures - free));
    return Math.max(0, Math.ceil((tally.failedAt + wait * 1000 - this.clock()) / 1000));
  }

  /** An attempt begins. */
  enter(key: string): void {
    const tally = this.#find(key) ?? { failures: 0, inFlight: 0, failedAt: this.clock() };
    tally.inFlight += 1;
    this.#keep(key, tally);
  }

  /** An attempt that has entered is over. One that succeeded clears the failures where `clears`. */
  leave(key: string, outcome: Outcome, clears: boolean): void {
    const tally = this.#tallies.get(key);
    if (!tally) return;
    tally.inFlight = Math.max(0, tally.inFlight - 1);
    if (outcome === "failed") {
      tally.failures += 1;
      tally.failedAt = this.clock();
    }
    if (outcome === "succeeded" && clears) tally.failures = 0;
    if (tally.failures + tally.inFlight === 0) this.#tallies.delete(key);
  }

  #find(key: string): Tally | undefined {
    const tally = this.#tallies.get(key);
    if (!tally) return undefined;
    const now = this.clock();
    // A clock that was set back must not make anybody wait for the time that it was ahead.
    tally.failedAt = Math.min(tally.failedAt, now);
    if (tally.inFlight > 0 || now - tally.failedAt < quiet) return tally;
    this.#tallies.delete(key);
    return undefined;
  }

  #keep(key: string, tally: Tally): void {
    this.#tallies.delete(key);
    if (this.#tallies.size >= mostKeys) {
      const [oldest] = this.#tallies.keys();
      if (oldest !== undefined) this.#tallies.delete(oldest);
    }
    this.#tallies.set(key, tally);
  }
}
