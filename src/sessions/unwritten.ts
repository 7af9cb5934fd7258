import type { FailedAttempts } from "../vault/attempts.ts";

const mostAddresses = 100;
const mostThings = 10_000;

/** Sums attempts that are too many to be written down one by one, by what was tried. */
export class Unwritten {
  readonly #sums = new Map<string, FailedAttempts & { addresses: Set<string> }>();

  constructor(private readonly clock: () => number) {}

  /** One more. */
  add(of: string, address: string): void {
    const sum = this.#sums.get(of) ?? { count: 0, lastAt: 0, lastAddress: "", addresses: new Set<string>() };
    sum.count += 1;
    sum.lastAt = this.clock();
    sum.lastAddress = address;
    if (sum.addresses.size < mostAddresses) sum.addresses.add(address);
    this.#sums.set(of, sum);
    const [oldest] = this.#sums.keys();
    if (this.#sums.size > mostThings && oldest !== undefined) this.#sums.delete(oldest);
  }

  /** All since this was asked last; undefined where there were none. */
  take(of: string): FailedAttempts | undefined {
    const sum = this.#sums.get(of);
    this.#sums.delete(of);
    return sum;
  }
}
