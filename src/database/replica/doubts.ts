/** For so long may a primary that answers give nothing, or something else than what it has. Milliseconds. */
const patience = 5000;
/** So often may it give something else to a replica that is cut off, until the fault is taken to be the file's. */
const mostWrong = 20;

/**
 * What a primary that answers has given in vain, since something came last that was right. While it tidies up its log it
 * gives nothing to what replicates, or what is not the newest, for a second or so, and that is no fault yet.
 */
export class Doubts {
  #wrong = 0;
  #since: number | undefined;

  /** @param isWrong - it gave something else than what it has, to a replica that is cut off */
  met(isWrong: boolean): void {
    this.#since ??= performance.now();
    if (isWrong) this.#wrong++;
  }

  /** What came was right. */
  over(): void {
    this.#since = undefined;
    this.#wrong = 0;
  }

  /** Something else is known to be wrong: how often what came was is counted anew. */
  countAnew(): void {
    this.#wrong = 0;
  }

  get areThere(): boolean {
    return this.#since !== undefined;
  }

  /** Whether they have lasted too long for a primary that tidies up its log. */
  get areLong(): boolean {
    return this.#since !== undefined && performance.now() - this.#since > patience;
  }

  /** Whether the file itself must be what is wrong. */
  get areMany(): boolean {
    return this.#wrong >= mostWrong;
  }
}
