import { type Bytes, toBytes, wipe } from "./bytes.ts";

/**
 * 256-bit secrets as text without a character that a shell, a URL or a double click minds, closed by a
 * CRC32 checksum, so that a typo is told apart from a wrong key and scanners can recognise a leak.
 */
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const digits: ReadonlyMap<number, number> = new Map(
  [...alphabet].map((character, i) => [character.charCodeAt(0), i]),
);

/** Characters that 32 bytes take: 62^43 is just above 2^256. */
export const secretLength = 43;
/** Characters that a CRC32 takes. */
export const checksumLength = 6;

/** A big-endian number → exactly `length` base62 characters, most significant first. The number is overwritten. */
function encodeNumber(number: Bytes, length: number): string {
  let text = "";
  for (let i = 0; i < length; i++) text = alphabet.charAt(divide(number)) + text;
  wipe(number);
  return text;
}

/** Divides a big-endian number by 62, in place: a BigInt could not be overwritten. The remainder. */
function divide(number: Bytes): number {
  let remainder = 0;
  for (const [at, byte] of number.entries()) {
    const dividend = 256 * remainder + byte;
    number[at] = Math.floor(dividend / alphabet.length);
    remainder = dividend % alphabet.length;
  }
  return remainder;
}

/** 32 bytes → 43 base62 characters. */
export function encodeSecret(bytes: Bytes): string {
  return encodeNumber(bytes.slice(), secretLength);
}

/** 43 base62 characters → 32 bytes; undefined for any other text, and for numbers of more than 256 bits. */
export function decodeSecret(text: string | Bytes): Bytes | undefined {
  const characters = typeof text === "string" ? toBytes(text) : text;
  if (characters.length !== secretLength) return undefined;
  const number = new Uint8Array(32);
  for (const character of characters) {
    const digit = digits.get(character);
    // More than fits is no secret of ours, either.
    if (digit === undefined || !multiplyAndAdd(number, digit)) {
      wipe(number);
      return undefined;
    }
  }
  return number;
}

/** A big-endian number × 62 + a digit, in place. False where it does not fit. */
function multiplyAndAdd(number: Bytes, digit: number): boolean {
  let carry = digit;
  for (let at = number.length - 1; at >= 0; at--) {
    carry += (number[at] ?? 0) * alphabet.length;
    number[at] = carry & 0xff;
    carry >>= 8;
  }
  return carry === 0;
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
export function checksum(text: string | Uint8Array): string {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, Bun.hash.crc32(text));
  return encodeNumber(bytes, checksumLength);
}
