/** How far a rotation is, in sealed things. */
export interface RotationProgress {
  done: number;
  total: number;
}

/** The rotations of master keys that run in this process: what a page asks about while it waits for one. */
export class Rotations {
  readonly #running = new Map<number, RotationProgress>();

  /** Remembers how far `rotate` is, for as long as it runs. */
  async follow<T>(
    rootId: number,
    rotate: (onProgress: (progress: RotationProgress) => void) => Promise<T>,
  ): Promise<T> {
    let latest: RotationProgress | undefined;
    try {
      return await rotate((progress) => {
        latest = progress;
        this.#running.set(rootId, progress);
      });
    } finally {
      // Another one of the same root may have begun when this one's write was over.
      if (this.#running.get(rootId) === latest) this.#running.delete(rootId);
    }
  }

  /** undefined where none runs. */
  progressOf(rootId: number): RotationProgress | undefined {
    return this.#running.get(rootId);
  }
}
