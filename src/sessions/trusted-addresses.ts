import { isIP } from "node:net";
import { addressesOfSuccess, nameOf, type Tried } from "../vault/attempts.ts";
import type { Vault } from "../vault/vault.ts";
import { addressBlock } from "./address-block.ts";
import { knownFor } from "./known-browsers.ts";

/** How long what the audit says is believed, in milliseconds: a flood must not become a flood of queries. */
const believedFor = 60_000;
const mostThings = 1000;

/** The addresses from which somebody has succeeded within 30 days, as the audit knows them; also after a restart. */
export class TrustedAddresses {
  readonly #known = new Map<string, { blocks: Promise<ReadonlySet<string>>; at: number }>();

  constructor(private readonly vault: Pick<Vault, "db" | "clock">) {}

  /** Whether somebody has succeeded with this from there. Throws what the database throws. */
  async has(tried: Tried, address: string): Promise<boolean> {
    // Without an address everybody would be the same.
    if (isIP(address) === 0) return false;
    const key = nameOf(tried);
    const now = this.vault.clock();
    const found = this.#known.get(key);
    if (found && Math.abs(now - found.at) < believedFor)
      return (await found.blocks).has(addressBlock(address));
    const blocks = this.#read(tried, now - knownFor);
    this.#known.set(key, { blocks, at: now });
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostThings && oldest !== undefined) this.#known.delete(oldest);
    try {
      return (await blocks).has(addressBlock(address));
    } catch (error) {
      this.#known.delete(key);
      throw error;
    }
  }

  async #read(tried: Tried, since: number): Promise<ReadonlySet<string>> {
    return new Set((await addressesOfSuccess(this.vault.db, tried, since)).map(addressBlock));
  }
}
