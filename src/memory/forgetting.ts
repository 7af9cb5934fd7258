import { overwriteFreedMemory } from "./freed-memory.ts";
import { overwriteSocketBuffers } from "./socket-buffers.ts";

/**
 * Overwrites what this process may still hold of keys and values that nobody uses any more: to be run whenever something
 * was sealed. One run at a time.
 */
export class Forgetting {
  #isWanted = false;
  #running: Promise<void> | undefined;

  /**
   * Resolves when what was free at the time of this call is overwritten, after some tenths of a second. Throws where the
   * loopback address cannot be used.
   */
  run(): Promise<void> {
    this.#isWanted = true;
    this.#running ??= this.#runWhileWanted().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #runWhileWanted(): Promise<void> {
    while (this.#isWanted) {
      this.#isWanted = false;
      // The heap in any case, even where the sockets cannot.
      const sockets = await overwriteSocketBuffers().catch((error: unknown) => ({ error }));
      await overwriteFreedMemory();
      if (sockets) throw sockets.error;
    }
  }
}
