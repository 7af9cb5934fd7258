import { inspect } from "node:util";
import type { AeadKey, Context } from "../../src/cryptography/aead.ts";
import type { Bytes, Random } from "../../src/cryptography/bytes.ts";

/** Bytes as the vectors write them. */
export function hex(text: string): Bytes {
  return Uint8Array.fromHex(text);
}

/** A context as the vectors write it. */
export function place(context: object): Context {
  return context as Context;
}

/** A source of "random" bytes that gives copies of these, in order, and fails when asked for anything else. */
export function given(...parts: readonly Bytes[]): Random {
  const left = [...parts];
  return (length) => {
    const next = left.shift();
    if (next?.length !== length) throw new Error(`asked for ${length} bytes, ${next?.length} are next`);
    return next.slice();
  };
}

/** All that can be had of a key without its methods: what shows it, copies it, or lists what it has. */
export function partsOf(key: AeadKey): string {
  const shown = inspect(key, { depth: 9, showHidden: true, getters: true });
  const own = Reflect.ownKeys(key).map(String);
  const inherited = Reflect.ownKeys(Object.getPrototypeOf(key)).map(String);
  return JSON.stringify([shown, JSON.stringify(key), structuredClone(key), own, inherited.sort()]);
}

/** What `partsOf` says of a key that gives nothing of itself. */
export const nothingButMethods = JSON.stringify([
  "AeadKey {}",
  "{}",
  {},
  [],
  ["constructor", "decrypt", "encrypt", "equals"],
]);
