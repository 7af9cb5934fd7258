import type { Bytes } from "../cryptography/bytes.ts";
import type { Vault } from "../vault/vault.ts";
import { GuessLimit } from "./guess-limit.ts";
import { KnownBrowsers } from "./known-browsers.ts";
import { TrustedAddresses } from "./trusted-addresses.ts";

const minutes = 60;

/** All that can be guessed at this server's doors, and how often. Times in seconds. */
export class Guesses {
  /** The admin password. */
  readonly signIn: GuessLimit;
  /** Master keys, by root project. */
  readonly masterKeys: GuessLimit;
  /** Service tokens. Nobody guesses 256 bits: this keeps the noise down, and a good one is never asked about. */
  readonly tokens: GuessLimit;
  readonly browsers: KnownBrowsers;
  readonly addresses: TrustedAddresses;

  /** @param browserMaterial what the cookies of known browsers are made with */
  constructor(vault: Pick<Vault, "db" | "clock" | "random">, browserMaterial: Bytes) {
    const { clock, random } = vault;
    // In all no longer than a minute: it also holds up somebody with a new browser at a new address.
    const forPeople = { own: { free: 10, longest: 15 * minutes }, inAll: { free: 100, longest: minutes } };
    this.signIn = new GuessLimit(clock, forPeople);
    this.masterKeys = new GuessLimit(clock, forPeople);
    this.tokens = new GuessLimit(clock, {
      own: { free: 300, longest: minutes },
      inAll: { free: 3000, longest: minutes },
    });
    this.browsers = new KnownBrowsers(clock, random, browserMaterial);
    this.addresses = new TrustedAddresses(vault);
  }
}
