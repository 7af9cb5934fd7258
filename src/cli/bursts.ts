/** How long nothing may happen until a burst is over, and how long a burst is waited for at most. */
export interface BurstTimes {
  quietMs: number;
  mostMs: number;
}

/** Makes one moment of many that come shortly after each other. */
export class Bursts {
  #began: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;
  #wake: (() => void) | undefined;

  constructor(private readonly times: BurstTimes) {}

  /** Something happened. */
  note(): void {
    const now = performance.now();
    this.#began ??= now;
    const left = this.#began + this.times.mostMs - now;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#finish(), Math.max(0, Math.min(this.times.quietMs, left)));
  }

  /** Waits for the end of a burst that nobody has waited for yet. One at a time may wait. */
  async next(): Promise<void> {
    if (!this.#isOver) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#isOver = false;
    this.#wake = undefined;
  }

  #finish(): void {
    this.#began = undefined;
    this.#isOver = true;
    this.#wake?.();
  }
}
