/** Between one that brings and one that fetches: what was not fetched yet is replaced by what comes after it. */
export class Mailbox<Item> {
  #item: { content: Item } | undefined;
  #end: { error: unknown } | undefined;
  #wake: () => void = () => {};

  put(content: Item): void {
    this.#item = { content };
    this.#wake();
  }

  /** Nothing comes any more; the first end counts. */
  end(error?: unknown): void {
    this.#end ??= { error };
    this.#wake();
  }

  /**
   * Waits for the newest item.
   *
   * @returns undefined after the end
   * @throws what the end was told, if anything
   */
  async take(): Promise<Item | undefined> {
    while (this.#item === undefined && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const item = this.#item;
    this.#item = undefined;
    if (item) return item.content;
    if (this.#end?.error !== undefined) throw this.#end.error;
    return undefined;
  }
}
