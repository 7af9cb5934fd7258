import { randomFillSync } from "node:crypto";

/** Bytes with an ArrayBuffer of their own, as WebCrypto wants them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** A source of cryptographically secure random bytes; passed in, so that test vectors can be exact. */
export type Random = (length: number) => Bytes;

/** The system's CSPRNG. Not `getRandomValues`, which keeps a store of random bytes, and in it those it has given away. */
export const systemRandom: Random = (length) => randomFillSync(new Uint8Array(length));

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text → its UTF-8 bytes. */
export function toBytes(text: string): Bytes {
  return encoder.encode(text);
}

/** UTF-8 bytes → text. Throws TypeError where they are not UTF-8. A leading U+FEFF is kept. */
export function toText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Several byte strings, one behind the other. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Overwrites key material that has done its work. JavaScript may hold copies that this cannot reach. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}
