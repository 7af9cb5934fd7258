import type { FailedAttempts } from "../vault/attempts.ts";
import { addressBlock } from "./address-block.ts";
import { type Outcome, type Patience, Tallies } from "./tallies.ts";
import { Unwritten } from "./unwritten.ts";

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
  /** Sums it with those that nobody writes down. True for the first one of a lock-out, of which the audit should tell. */
  sum(): boolean;
}

/** The limit of an address or a browser, and that of all together. */
export interface GuessLimits {
  own: Patience;
  inAll: Patience;
}

/** How many lock-outs are told to the audit within an hour: they must not become the flood that they keep out of it. */
const mostTold = 60;
const hour = 60 * 60 * 1000;

/**
 * Limits how often something is guessed, by address (IPv6: by /64) and in all, with backoff. Asked before anything
 * costly is done. All of it is in this process's memory: a restart forgets it, and every process has its own.
 *
 * The owner stays in: an address from which somebody has succeeded lately passes the limit in all, so that an attacker
 * with many addresses is held up alone; and a browser that has succeeded has a limit of its own, besides that of its
 * address, so that it gets in from behind the same address as the attacker.
 */
export class GuessLimit {
  readonly #own: Tallies;
  readonly #inAll: Tallies;
  readonly #unwritten: Unwritten;
  /** The lock-outs that were told, each until an hour after. */
  readonly #told = new Map<string, number>();

  constructor(
    private readonly clock: () => number,
    limits: GuessLimits,
  ) {
    this.#own = new Tallies(clock, limits.own);
    this.#inAll = new Tallies(clock, limits.inAll);
    this.#unwritten = new Unwritten(clock);
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
    if (known !== undefined && this.#own.waitOf(known) === 0) return this.#admit(known);
    const waits = [this.#own.waitOf(own), isTrusted ? 0 : this.#inAll.waitOf(of)] as const;
    const retryAfter = Math.max(...waits);
    if (retryAfter === 0) return this.#admit(own, isTrusted ? undefined : of);
    const lockOut = waits[1] > 0 ? JSON.stringify([of]) : own;
    return {
      isAdmitted: false,
      retryAfter,
      sum: () => {
        this.#unwritten.add(of, address);
        return this.#isToldOf(lockOut);
      },
    };
  }

  /** The attempts that were refused without being written down since this was asked last. */
  takeUnwritten(of: string): FailedAttempts | undefined {
    return this.#unwritten.take(of);
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

  #isToldOf(lockOut: string): boolean {
    const now = this.clock();
    for (const [other, at] of this.#told) if (Math.abs(now - at) >= hour) this.#told.delete(other);
    if (this.#told.has(lockOut) || this.#told.size >= mostTold) return false;
    this.#told.set(lockOut, now);
    return true;
  }
}
