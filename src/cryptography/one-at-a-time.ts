/** Too many wait for their turn. Nothing was begun; a moment later there may be room. */
export class QueueFullError extends Error {
  override readonly name = "QueueFullError";
}

/**
 * Runs one task at a time, in the order in which they came, with a bounded line of those that wait: what is costly can
 * then be asked for by anybody without taking the machine from all others.
 */
export class OneAtATime {
  readonly #line: (() => void)[] = [];
  #running = 0;
  #most = 0;

  /** @param longestLine how many may wait besides the one that runs */
  constructor(private readonly longestLine: number) {}

  /** How many tasks ran at once, at the most, since the start. */
  get mostAtOnce(): number {
    return this.#most;
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#line.length;
  }

  /** Runs a task when its turn comes. Throws QueueFullError where too many wait, and what the task throws. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    await this.#turn();
    try {
      this.#most = Math.max(this.#most, this.#running);
      return await task();
    } finally {
      const next = this.#line.shift();
      // The turn is handed over and never free in between: somebody who comes just now stands behind those who wait.
      if (next) next();
      else this.#running -= 1;
    }
  }

  async #turn(): Promise<void> {
    if (this.#running > 0) {
      if (this.#line.length >= this.longestLine) throw new QueueFullError("too many wait already");
      await new Promise<void>((resolve) => {
        this.#line.push(resolve);
      });
      return;
    }
    this.#running += 1;
  }
}
