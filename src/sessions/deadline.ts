/**
 * A moment at which something ends. It comes in time even where somebody sets the clock back, and where a machine slept,
 * in which only one of the two clocks goes on: it is over as soon as either of them says so.
 */
export class Deadline {
  readonly #steadyAt: number;

  /**
   * @param at - milliseconds since the epoch, by `clock`
   * @param steady - milliseconds from whenever; nobody can set it
   */
  constructor(
    private readonly at: number,
    private readonly clock: () => number,
    private readonly steady: () => number,
  ) {
    this.#steadyAt = steady() + (at - clock());
  }

  get isOver(): boolean {
    return this.#left <= 0;
  }

  /** The moment, in milliseconds since the epoch, as the clock goes now. */
  get until(): number {
    return Math.floor(this.clock() + this.#left);
  }

  get #left(): number {
    return Math.min(this.at - this.clock(), this.#steadyAt - this.steady());
  }
}
