import type { Bytes, Random } from "../cryptography/bytes.ts";
import { equalText, hkdf, sha256 } from "../cryptography/hash.ts";

/** How long a browser is known for something after it last succeeded with it, in milliseconds. */
export const knownFor = 30 * 24 * 60 * 60 * 1000;

/** What a cookie says: whose it is, and until when it is known for what. */
interface KnownBrowser {
  id: string;
  /** `sign-in`, or the id of a root project → milliseconds since the epoch. */
  until: Record<string, number>;
}

/** More than anybody unseals in a month, and fewer than a cookie has room for; the oldest goes when one more comes. */
const mostThings = 50;

const base64url = { alphabet: "base64url", omitPadding: true } as const;

/**
 * The browsers that have signed in or unsealed something lately, by a cookie that says so, with a code that only this
 * server makes. It opens nothing: it only says that the one who types is not the one who guesses, so that those have
 * limits apart. Nothing is kept here, so a restart forgets no browser, and nobody can fill the memory with them.
 */
export class KnownBrowsers {
  /** @param material what the code is made with; another one makes every browser a stranger */
  constructor(
    private readonly clock: () => number,
    private readonly random: Random,
    private readonly material: Bytes,
  ) {}

  /** What a browser that has succeeded with this is called among the limits; undefined for any other. */
  find(cookie: string | undefined, of: string): string | undefined {
    const browser = this.#read(cookie);
    return browser && (browser.until[of] ?? 0) > this.clock() ? browser.id : undefined;
  }

  /** Remembers that a browser has succeeded. Returns what its cookie holds from now on. */
  remember(cookie: string | undefined, of: string): string {
    // Only what we have given: a cookie that somebody planted is replaced.
    const { id, until } = this.#read(cookie) ?? { id: this.random(12).toBase64(base64url), until: {} };
    const now = this.clock();
    const others = Object.entries(until).filter(([name, end]) => name !== of && end > now);
    const newest = others.sort(([, a], [, b]) => b - a).slice(0, mostThings - 1);
    const kept: KnownBrowser["until"] = { ...Object.fromEntries(newest), [of]: now + knownFor };
    const said = JSON.stringify({ id, until: kept } satisfies KnownBrowser);
    const text = new TextEncoder().encode(said).toBase64(base64url);
    return `${text}.${this.#code(text)}`;
  }

  #read(cookie = ""): KnownBrowser | undefined {
    const [text = "", code = ""] = cookie.split(".");
    if (!equalText(code, this.#code(text))) return undefined;
    const said = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    return JSON.parse(new TextDecoder().decode(said)) as KnownBrowser;
  }

  /** HKDF-SHA256 is a pseudorandom function of what it is for, so it makes a code as HMAC does. */
  #code(text: string): string {
    const info = `secretsfly/v1/known-browser|${sha256(text).toHex()}`;
    return hkdf(this.material, new Uint8Array(0), info).toBase64(base64url);
  }
}
