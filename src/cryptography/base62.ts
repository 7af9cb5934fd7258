import type { Bytes } from "./bytes.ts";

/**
 * 256-bit secrets as text without a character that a shell, a URL or a double click minds, closed by a
 * CRC32 checksum, so that a typo is told apart from a wrong key and scanners can recognise a leak.
 */
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const base = BigInt(alphabet.length);

/** Characters that 32 bytes take: 62^43 is just above 2^256. */
export const secretLength = 43;
/** Characters that a CRC32 takes. */
export const checksumLength = 6;

/** An unsigned number → exactly `length` base62 characters, most significant first. */
function encodeNumber(number: bigint, length: number): string {
  let rest = number;
  let text = "";
  for (let i = 0; i < length; i++) {
    text = alphabet.charAt(Number(rest % base)) + text;
    rest /= base;
  }
  return text;
}

/** 32 bytes → 43 base62 characters. */
export function encodeSecret(bytes: Bytes): string {
  return encodeNumber(BigInt(`0x${bytes.toHex()}`), secretLength);
}

/** 43 base62 characters → 32 bytes; undefined for any other text, and for numbers of more than 256 bits. */
export function decodeSecret(text: string): Bytes | undefined {
  if (text.length !== secretLength) return undefined;
  let number = 0n;
  for (const character of text) {
    const digit = alphabet.indexOf(character);
    if (digit === -1) return undefined;
    number = number * base + BigInt(digit);
  }
  if (number >> 256n !== 0n) return undefined;
  return Uint8Array.fromHex(number.toString(16).padStart(64, "0"));
}

/** Random base62 text for public ids; bytes past the largest multiple of 62 are drawn again, so no character is likelier. */
export function randomText(length: number, random: (length: number) => Bytes): string {
  let text = "";
  while (text.length < length) {
    for (const byte of random(length)) {
      if (byte < 248 && text.length < length) text += alphabet.charAt(byte % 62);
    }
  }
  return text;
}

/** The CRC32 (ISO-HDLC, as in zlib) of an ASCII text as 6 base62 characters. */
export function checksum(text: string): string {
  return encodeNumber(BigInt(Bun.hash.crc32(text)), checksumLength);
}
