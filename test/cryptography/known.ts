import type { Context } from "../../src/cryptography/aead.ts";
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

/** Whether WebCrypto gives a key's bytes back. */
export async function isExportable(key: CryptoKey): Promise<boolean> {
  return crypto.subtle.exportKey("raw", key).then(
    () => true,
    () => false,
  );
}
