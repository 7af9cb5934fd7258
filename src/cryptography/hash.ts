import { hkdfSync, timingSafeEqual } from "node:crypto";
import { type Bytes, toBytes } from "./bytes.ts";

/** SHA-256 (FIPS 180-4) of bytes or of a text's UTF-8: 32 bytes. */
export function sha256(data: Uint8Array | string): Bytes {
  return Bun.SHA256.hash(data) as Bytes;
}

const scratch = new Uint8Array(32);

/** Whether a text's SHA-256 is this one, in a time that does not depend on where they differ. Leaves no garbage behind. */
export function hasSha256(text: string, expected: Uint8Array): boolean {
  Bun.SHA256.hash(text, scratch);
  return equalBytes(scratch, expected);
}

/** Whether two byte strings are equal, in a time that does not depend on where they differ. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Whether two texts (or their UTF-8) are equal, in a time that does not depend on where they differ: their hashes are compared. */
export function equalText(a: Uint8Array | string, b: Uint8Array | string): boolean {
  return equalBytes(sha256(a), sha256(b));
}

/**
 * HKDF-SHA256 (RFC 5869): `length` bytes from input key material. `info` says what they are for.
 * The input is the caller's to wipe. Not through WebCrypto, which takes ten times as long.
 */
export function hkdf(material: Bytes, salt: Bytes, info: string, length = 32): Bytes {
  return new Uint8Array(hkdfSync("sha256", material, salt, toBytes(info), length));
}
