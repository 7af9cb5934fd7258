import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Context, contextBytes, OpenError } from "../../src/cryptography/aead.ts";
import { systemRandom, toText } from "../../src/cryptography/bytes.ts";
import {
  formatServiceToken,
  generateServiceToken,
  openWithServiceToken,
  parseServiceToken,
  sealFormatOf,
  sealTargetOf,
  sealToServiceToken,
  serviceTokenHint,
  verifierHash,
} from "../../src/cryptography/service-token.ts";
import vectors from "../vectors/service-token.json";
import { given, hex, place } from "./known.ts";

const anyToken = fc.constant(undefined).map(() => generateServiceToken(systemRandom));
const context: Context = {
  purpose: "service-token-view-key",
  project: 7,
  environment: "dev",
  name: "AAAAAAAAAAAA",
  generation: 1,
};

describe("a service token", () => {
  test.each(vectors.tokens)("$text", async ({ id, secret, text, ...known }) => {
    const token = { id, secret: hex(secret) };
    expect(formatServiceToken(token)).toBe(text);
    expect(parseServiceToken(text)).toEqual(token);
    expect(verifierHash(token).toHex()).toBe(known.verifierHash);
    expect(verifierHash(token, "former").toHex()).toBe(known.formerVerifierHash);
    const { publicKey, preSharedKey } = await sealTargetOf(token);
    expect(publicKey.toHex()).toBe(known.publicKey);
    expect(preSharedKey.toHex()).toBe(known.preSharedKey);
    // Nothing of that used it up.
    expect(token.secret.toHex()).toBe(secret);
  });

  test.each(vectors.tokens)(
    "knows by its verifier how keys are sealed to it: $id",
    ({ id, secret, ...known }) => {
      const token = { id, secret: hex(secret) };
      const formatOf = (stored: string) => sealFormatOf(token, verifierHash(token), hex(stored));
      expect(formatOf(known.verifierHash)).toBe("authenticated");
      expect(formatOf(known.formerVerifierHash)).toBe("former");
      for (const stored of ["00".repeat(32), "", known.verifierHash.slice(2), known.publicKey])
        expect(formatOf(stored)).toBeUndefined();
    },
  );

  test.each(vectors.tokens.flatMap(({ sealed, ...token }) => sealed.map((key) => ({ ...token, ...key }))))(
    "opens the key that was sealed to it: $additionalData",
    async ({ id, secret, additionalData, sealed, key, ...vector }) => {
      expect(toText(contextBytes(place(vector.context)))).toBe(additionalData);
      const opened = await openWithServiceToken(
        { id, secret: hex(secret) },
        hex(sealed),
        place(vector.context),
      );
      expect(opened.toHex()).toBe(key);
    },
  );

  test.each(vectors.tokens.flatMap(({ sealed, ...token }) => sealed.map((key) => ({ ...token, ...key }))))(
    "that was made before opens what was sealed to its public key, and nothing else: $additionalData",
    async (vector) => {
      const token = { id: vector.id, secret: hex(vector.secret) };
      const context = place(vector.context);
      const opened = await openWithServiceToken(token, hex(vector.formerSealed), context, "former");
      expect(opened.toHex()).toBe(vector.key);
      const opening = openWithServiceToken(token, hex(vector.sealed), context, "former");
      expect(await opening.catch((error: unknown) => error)).toBeInstanceOf(OpenError);
    },
  );

  test.each(vectors.refuseTexts)("is none: $why", ({ text }) => {
    expect(parseServiceToken(text)).toBeUndefined();
  });

  test.each(vectors.refuseSealed)("opens nothing: $why", async ({ id, secret, sealed, ...vector }) => {
    const opening = openWithServiceToken({ id, secret: hex(secret) }, hex(sealed), place(vector.context));
    expect(await opening.catch((error: unknown) => error)).toBeInstanceOf(OpenError);
  });

  test("is 12 characters of id and 32 random bytes", () => {
    const random = given(hex("000102030405060708090a0b"), new Uint8Array(32).fill(9));
    expect(generateServiceToken(random)).toEqual({ id: "0123456789AB", secret: new Uint8Array(32).fill(9) });
  });

  test("is shown by its public id", () => {
    expect(serviceTokenHint("AAAAAAAAAAAA")).toBe("sfly_AAAAAAAAAAAA_…");
  });
});

describe("for any service token", () => {
  test("its text is read back, and is one word to a shell, a URL and a double click", () => {
    const property = fc.property(anyToken, (token) => {
      const text = formatServiceToken(token);
      expect(text).toMatch(/^sfly_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
      expect(parseServiceToken(text)).toEqual(token);
    });
    fc.assert(property);
  });

  test("a change of any one character is refused", () => {
    const other = fc.constantFrom(
      ..."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_- \n\0é",
    );
    const property = fc.property(anyToken, fc.nat(67), other, (token, index, character) => {
      const text = formatServiceToken(token);
      fc.pre(text[index] !== character);
      expect(parseServiceToken(text.slice(0, index) + character + text.slice(index + 1))).toBeUndefined();
    });
    fc.assert(property, { numRuns: 500 });
  });

  test("what is sealed to it opens with it, never twice the same, and not after a change of any one byte", async () => {
    const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => new Uint8Array(bytes));
    const change = fc.tuple(fc.nat(80), fc.integer({ min: 1, max: 255 }));
    const property = fc.asyncProperty(anyToken, anyKey, change, async (token, key, [index, mask]) => {
      const target = await sealTargetOf(token);
      const sealed = await sealToServiceToken(target, key, context);
      expect(sealed.length).toBe(81);
      expect(sealed.toHex()).not.toBe((await sealToServiceToken(target, key, context)).toHex());
      expect((await openWithServiceToken(token, sealed, context)).toHex()).toBe(key.toHex());
      sealed[index] = (sealed[index] ?? 0) ^ mask;
      const opening = openWithServiceToken(token, sealed, context);
      expect(await opening.catch((error: unknown) => error)).toBeInstanceOf(OpenError);
    });
    await fc.assert(property, { numRuns: 100 });
  });

  test("another token does not open it, and has another verifier and other keys", async () => {
    const [one, other] = [generateServiceToken(systemRandom), generateServiceToken(systemRandom)];
    const sealed = await sealToServiceToken(await sealTargetOf(one), systemRandom(32), context);
    const opening = openWithServiceToken(other, sealed, context);
    expect(await opening.catch((error: unknown) => error)).toBeInstanceOf(OpenError);
    expect(verifierHash(one).toHex()).not.toBe(verifierHash(other).toHex());
    const [first, second] = [await sealTargetOf(one), await sealTargetOf(other)];
    expect(first.publicKey.toHex()).not.toBe(second.publicKey.toHex());
    expect(first.preSharedKey.toHex()).not.toBe(second.preSharedKey.toHex());
  });
});
