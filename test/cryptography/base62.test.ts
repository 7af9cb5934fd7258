import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  checksum,
  checksumLength,
  decodeSecret,
  encodeSecret,
  randomText,
  secretLength,
} from "../../src/cryptography/base62.ts";
import vectors from "../vectors/base62.json";
import { given, hex } from "./known.ts";

const anySecret = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => new Uint8Array(bytes));
const character = fc.constantFrom(..."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
const anyText = fc
  .array(character, { minLength: 43, maxLength: 43 })
  .map((characters) => characters.join(""));

describe("a 256-bit secret as text", () => {
  test.each(vectors.secrets)("$text", ({ bytes, text }) => {
    expect(encodeSecret(hex(bytes))).toBe(text);
    expect(decodeSecret(text)?.toHex()).toBe(bytes);
  });

  test.each(vectors.refuse)("is none: $why", ({ text }) => {
    expect(decodeSecret(text)).toBeUndefined();
  });

  test("comes back from its text", () => {
    const property = fc.property(anySecret, (secret) => {
      const text = encodeSecret(secret);
      expect(text.length).toBe(secretLength);
      expect(decodeSecret(text)?.toHex()).toBe(secret.toHex());
    });
    fc.assert(property);
  });

  test("has one text only: what is read is written the same", () => {
    const property = fc.property(anyText, (text) => {
      const secret = decodeSecret(text);
      if (secret) expect(encodeSecret(secret)).toBe(text);
    });
    fc.assert(property, { numRuns: 200 });
  });

  test("is read without an error from any text", () => {
    const property = fc.property(fc.string({ maxLength: 60 }), (text) => {
      const secret = decodeSecret(text);
      if (secret) expect(encodeSecret(secret)).toBe(text);
    });
    fc.assert(property);
  });
});

describe("the checksum", () => {
  test.each(vectors.checksums)("of $of", ({ of, crc32, text }) => {
    expect(Bun.hash.crc32(of).toString(16).padStart(8, "0")).toBe(crc32);
    expect(checksum(of)).toBe(text);
  });

  test("changes with any one character", () => {
    const property = fc.property(anyText, fc.nat(42), character, (text, index, other) => {
      fc.pre(text[index] !== other);
      const changed = text.slice(0, index) + other + text.slice(index + 1);
      expect(checksum(changed)).not.toBe(checksum(text));
      expect(checksum(changed).length).toBe(checksumLength);
    });
    fc.assert(property, { numRuns: 200 });
  });
});

describe("random text", () => {
  test("takes each byte modulo 62, and draws again where that would make a character likelier", () => {
    const random = given(hex("003d3e7b7cf7f8ff"), hex("0102030405060708"));
    // 0x3e is 62 and 0x7c is 124, both 0 again; 0xf7 is the last that counts; 0xf8 and 0xff are left out.
    expect(randomText(8, random)).toBe("0z0z0z12");
  });
});
