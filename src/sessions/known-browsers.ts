import type { Random } from "../cryptography/bytes.ts";
import { sha256 } from "../cryptography/hash.ts";

/** How long a browser is known after it last succeeded, in milliseconds. */
export const knownFor = 30 * 24 * 60 * 60 * 1000;

interface KnownBrowser {
  /** What it has succeeded with: `sign-in`, or the id of a root project. */
  with: Set<string>;
  until: number;
}

/** More browsers than any team has; the one that succeeded longest ago goes when one more comes. */
const mostBrowsers = 1000;

/**
 * The browsers that have signed in or unsealed something, by a cookie with 256 random bits of which only the hash is
 * kept. It opens nothing: it only says that the one who types is not the one who guesses, so that those have limits
 * apart. In this process's memory, like the limits themselves.
 */
export class KnownBrowsers {
  readonly #browsers = new Map<string, KnownBrowser>();

  constructor(
    private readonly clock: () => number,
    private readonly random: Random,
  ) {}

  /** What a browser that has succeeded with this is called among the limits; undefined for any other. */
  find(secret: string | undefined, of: string): string | undefined {
    if (secret === undefined) return undefined;
    const hash = sha256(secret).toHex();
    const browser = this.#browsers.get(hash);
    return browser?.with.has(of) && browser.until > this.clock() ? hash : undefined;
  }

  /** Remembers that a browser has succeeded. Returns what its cookie holds from now on. */
  remember(secret: string | undefined, of: string): string {
    const known = secret === undefined ? undefined : this.#browsers.get(sha256(secret).toHex());
    // Only what we have given: a cookie that somebody planted is replaced.
    const kept =
      known && secret !== undefined
        ? secret
        : this.random(32).toBase64({ alphabet: "base64url", omitPadding: true });
    const hash = sha256(kept).toHex();
    this.#browsers.delete(hash);
    const [oldest] = this.#browsers.keys();
    if (this.#browsers.size >= mostBrowsers && oldest !== undefined) this.#browsers.delete(oldest);
    this.#browsers.set(hash, {
      with: (known?.with ?? new Set<string>()).add(of),
      until: this.clock() + knownFor,
    });
    return kept;
  }
}
