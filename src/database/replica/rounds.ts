/** What is done in one round: whether it came to its end well. Never rejects. */
type Round = () => Promise<boolean>;

/** Does something over and over, one round at a time, and sooner for those who ask for it. */
export class Rounds {
  #running: Promise<boolean> | undefined;
  #queued: Promise<boolean> | undefined;
  #timer: Timer | undefined;
  #isStopped = false;

  /**
   * @param usual - the round that comes by itself
   * @param pause - how long after a round the next one comes, in milliseconds
   */
  constructor(
    private readonly usual: Round,
    private readonly pause: () => number,
  ) {}

  /**
   * Does a round as soon as may be. Where one runs already, it comes after that, which may have begun too early for who
   * asks; and all who ask meanwhile share it.
   *
   * @returns what came of it; false after `stop`
   */
  run(round: Round): Promise<boolean> {
    if (this.#queued !== undefined) return this.#queued;
    if (this.#running !== undefined) {
      this.#queued = this.#running.then(() => {
        this.#queued = undefined;
        return this.run(round);
      });
      return this.#queued;
    }
    if (this.#isStopped) return Promise.resolve(false);
    clearTimeout(this.#timer);
    this.#running = round().finally(() => {
      this.#running = undefined;
      if (!this.#isStopped) this.#timer = setTimeout(() => void this.run(this.usual), this.pause());
    });
    return this.#running;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}
