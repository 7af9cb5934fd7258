import type { FailedAttempts } from "../vault/attempts.ts";

/** What is kept of the refusals of one thing. */
interface Kept {
  sum: (FailedAttempts & { addresses: Set<string> }) | undefined;
  /** The lock-outs that were told, and when. */
  told: Map<string, number>;
}

/** How many lock-outs of one thing are told within an hour: they must not become the flood that they keep out. */
const mostTold = 60;
const hour = 60 * 60 * 1000;
const mostAddresses = 100;
const mostThings = 10_000;

/** Attempts that were refused, by what was tried: too many to be written down one by one, so they are summed. */
export class Refusals {
  readonly #kept = new Map<string, Kept>();

  constructor(private readonly clock: () => number) {}

  /** One more. */
  add(of: string, address: string): void {
    const kept = this.#of(of);
    kept.sum ??= { count: 0, lastAt: 0, lastAddress: "", addresses: new Set<string>() };
    kept.sum.count += 1;
    kept.sum.lastAt = this.clock();
    kept.sum.lastAddress = address;
    if (kept.sum.addresses.size < mostAddresses) kept.sum.addresses.add(address);
  }

  /** The sum since this was asked last; undefined where there were none. */
  take(of: string): FailedAttempts | undefined {
    const kept = this.#kept.get(of);
    const sum = kept?.sum;
    if (kept) kept.sum = undefined;
    return sum;
  }

  /** Does `tell` for the first refusal of a lock-out, and once an hour while it goes on. Throws what `tell` throws. */
  async tellOnce(of: string, lockOut: string, tell: () => Promise<void>): Promise<void> {
    const { told } = this.#of(of);
    const now = this.clock();
    for (const [other, at] of told) if (Math.abs(now - at) >= hour) told.delete(other);
    if (told.has(lockOut) || told.size >= mostTold) return;
    // Before it is told, since others come meanwhile; what could not be told is told by the next one.
    told.set(lockOut, now);
    try {
      await tell();
    } catch (error) {
      told.delete(lockOut);
      throw error;
    }
  }

  #of(of: string): Kept {
    const kept = this.#kept.get(of) ?? { sum: undefined, told: new Map<string, number>() };
    // The one that was touched longest ago goes when one more comes.
    this.#kept.delete(of);
    this.#kept.set(of, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > mostThings && oldest !== undefined) this.#kept.delete(oldest);
    return kept;
  }
}
