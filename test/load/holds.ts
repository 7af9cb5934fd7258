/** How long the event loop was held at a stretch, in milliseconds. */
export interface Hold {
  /** By the clock: others that want the processor count, too. */
  wall: number;
  /** Of the processor, by this thread: the same on a busy machine, so a test can go by it. */
  processor: number;
}

/** Ticks as often as a timer can and remembers the longest time between two ticks. `using` stops it. */
class Ticker implements Disposable {
  readonly longest: Hold = { wall: 0, processor: 0 };
  #last = now();
  #timer: Timer;

  constructor() {
    this.#timer = setTimeout(() => this.#tick(), 1);
  }

  #tick(): void {
    const at = now();
    this.longest.wall = Math.max(this.longest.wall, at.wall - this.#last.wall);
    this.longest.processor = Math.max(this.longest.processor, at.processor - this.#last.processor);
    this.#last = at;
    this.#timer = setTimeout(() => this.#tick(), 1);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

function now(): Hold {
  const { user, system } = process.threadCpuUsage();
  return { wall: performance.now(), processor: (user + system) / 1000 };
}

/** The longest hold while something is done. */
export async function longestHold(task: () => Promise<unknown>): Promise<Hold> {
  using ticker = new Ticker();
  await task();
  // A hold that goes on to the end is seen by the tick after it.
  await new Promise((resolve) => setTimeout(resolve, 5));
  return ticker.longest;
}

/** As people read it. */
export function inWords({ wall, processor }: Hold): string {
  return `${processor.toFixed(0)} ms of the processor, ${wall.toFixed(0)} ms by the clock`;
}
