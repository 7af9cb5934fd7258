import type { FailedAttempts } from "../vault/attempts.ts";
import { addressBlock } from "./address-block.ts";
import { Refusals } from "./refusals.ts";
import { type Outcome, type Patience, Tallies } from "./tallies.ts";

/** Who tries something, and what. */
export interface Guesser {
  /** What is guessed: limits of different ones do not touch. */
  of: string;
  address: string;
  /** A browser that has succeeded before, by `KnownBrowsers`; undefined for any other. */
  browser?: string | undefined;
  /** True for an address that may pass the limit in all: somebody has succeeded from there. */
  isTrusted?: boolean;
}

/** An attempt that may be made. Whoever makes it says how it ended, once. */
export interface Admitted {
  isAdmitted: true;
  end(outcome: Outcome): void;
}

/** An attempt that is refused without a look at it. */
export interface Refused {
  isAdmitted: false;
  /** Seconds, above 0. */
  retryAfter: number;
  /** Sums it with those that nobody writes down, and does `tell` for the first one of a lock-out. Throws what that throws. */
  report(tell: () => Promise<void>): Promise<void>;
}

/** The limit of an address or a browser, and that of all together. */
export interface GuessLimits {
  own: Patience;
  inAll: Patience;
}

/**
 * Limits how often something is guessed, by address (IPv6: by /64) and in all, with backoff. Asked before anything
 * costly is done. The counts are in this process's memory: a restart forgets them, and every process has its own.
 *
 * The owner stays in: an address from which somebody has succeeded lately passes the limit in all, so that an attacker
 * with many addresses is held up alone; and a browser that has succeeded has a limit of its own, besides that of its
 * address, so that it gets in from behind the same address as the attacker. Somebody at a new address with a new
 * browser, while the attack goes on, has to hit upon a gap.
 */
export class GuessLimit {
  readonly #own: Tallies;
  readonly #inAll: Tallies;
  readonly #refusals: Refusals;

  constructor(clock: () => number, limits: GuessLimits) {
    this.#own = new Tallies(clock, limits.own);
    this.#inAll = new Tallies(clock, limits.inAll);
    this.#refusals = new Refusals(clock);
  }

  /** How many addresses, browsers and things guessed are remembered. */
  get size(): number {
    return this.#own.size + this.#inAll.size;
  }

  /** True where the limit in all is reached: then it matters whether an address is trusted. */
  isCrowded(of: string): boolean {
    return this.#inAll.waitOf(of) > 0;
  }

  /** Begins an attempt, or refuses it. */
  begin(guesser: Guesser): Admitted | Refused {
    const { of, address, browser, isTrusted = false } = guesser;
    const own = JSON.stringify([of, addressBlock(address)]);
    const known = browser === undefined ? undefined : JSON.stringify([of, { browser }]);
    // Either will do: nobody is locked out by a browser's cookie that an attacker has planted.
    const knownWait = known === undefined ? Number.POSITIVE_INFINITY : this.#own.waitOf(known);
    if (known !== undefined && knownWait === 0) return this.#admit(known);
    const waitInAll = isTrusted ? 0 : this.#inAll.waitOf(of);
    const wait = Math.max(this.#own.waitOf(own), waitInAll);
    if (wait === 0) return this.#admit(own, isTrusted ? undefined : of);
    const lockOut = waitInAll > 0 ? JSON.stringify([of]) : own;
    return {
      isAdmitted: false,
      retryAfter: Math.min(wait, knownWait),
      report: (tell) => {
        this.#refusals.add(of, address);
        return this.#refusals.tellOnce(of, lockOut, tell);
      },
    };
  }

  /** The attempts that were refused without being written down since this was asked last. */
  takeUnwritten(of: string): FailedAttempts | undefined {
    return this.#refusals.take(of);
  }

  #admit(own: string, inAll?: string): Admitted {
    this.#own.enter(own);
    if (inAll !== undefined) this.#inAll.enter(inAll);
    return {
      isAdmitted: true,
      end: (outcome) => {
        this.#own.leave(own, outcome, true);
        // What one address knows clears no failures of others.
        if (inAll !== undefined) this.#inAll.leave(inAll, outcome, false);
      },
    };
  }
}
