/** How long work of many small steps goes on before others have their turn, in milliseconds. */
const longestTurn = 8;

/** For work of many small steps on the event loop: between two of them, others have their turn when it is time. */
export class Turns {
  #began = performance.now();

  /** To be awaited before each step: the first, which may be the only one, then waits for nobody. */
  async pass(): Promise<void> {
    if (performance.now() - this.#began < longestTurn) return;
    // Not a promise that is resolved already, nor a timer: sockets are read before this comes.
    await new Promise((resolve) => setImmediate(resolve));
    this.#began = performance.now();
  }
}
