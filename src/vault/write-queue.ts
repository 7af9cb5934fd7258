/** Lets one write at a time compute in this process, for each scope; others wait in line instead of colliding. */
export class WriteQueue {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** `patience`: milliseconds that a write is usually tried, where something outside of this process is in its way. */
  constructor(readonly patience = 10_000) {}

  async run<T>(scope: string, task: () => Promise<T>): Promise<T> {
    const previous = this.#tails.get(scope) ?? Promise.resolve();
    const current = previous.then(task, task);
    this.#tails.set(scope, current);
    try {
      return await current;
    } finally {
      if (this.#tails.get(scope) === current) this.#tails.delete(scope);
    }
  }

  /**
   * Waits in the line of each scope, one after the other. Whoever needs several names them in the same order as
   * everybody else, so that no two wait for each other.
   */
  runInAll<T>([first, ...others]: readonly string[], task: () => Promise<T>): Promise<T> {
    return first === undefined ? task() : this.run(first, () => this.runInAll(others, task));
  }
}
