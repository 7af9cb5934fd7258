import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isFallback, openFallback, sealFallback } from "../../src/cli/fallback-file.ts";
import vectors from "../vectors/fallback.json";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
const owner = { apiBaseUrl: vectors.apiBaseUrl, token: vectors.token };
const randomIv = () => crypto.getRandomValues(new Uint8Array(12));

describe("a fallback file", () => {
  test("is sealed to the bytes that another implementation makes, and opened from them", async () => {
    for (const { content, iv, sealed } of vectors.files) {
      expect(Buffer.from(await sealFallback(content, owner, bytes(iv))).toString("hex")).toBe(sealed);
      expect(await openFallback(bytes(sealed), owner)).toEqual(content);
      expect(isFallback(bytes(sealed))).toBe(true);
    }
  });

  test.each(vectors.refuse)("does not open: $why", async ({ sealed, apiBaseUrl, token }) => {
    expect(await openFallback(bytes(sealed), { apiBaseUrl, token })).toBeUndefined();
  });

  test("opens to what was sealed, whatever that is, and not with any bit of it changed", async () => {
    const secret = fc.record({ id: fc.nat(), name: fc.string(), value: fc.string({ unit: "grapheme" }) });
    const content = fc.record({ fetchedAt: fc.nat(), secrets: fc.array(secret, { maxLength: 5 }) });
    await fc.assert(
      fc.asyncProperty(content, fc.nat(), fc.integer({ min: 0, max: 7 }), async (content, at, bit) => {
        const sealed = await sealFallback(content, owner, randomIv());
        expect(JSON.stringify(await openFallback(sealed, owner))).toBe(JSON.stringify(content));
        const index = at % sealed.length;
        sealed[index] = (sealed[index] ?? 0) ^ (1 << bit);
        expect(await openFallback(sealed, owner)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  test("does not open with any byte of it changed", async () => {
    const content = { fetchedAt: 1, secrets: [{ id: 1, name: "A", value: "b" }] };
    const sealed = await sealFallback(content, owner, randomIv());
    for (const index of sealed.keys()) {
      const damaged = Uint8Array.from(sealed);
      damaged[index] = (sealed[index] ?? 0) ^ 0xff;
      expect(await openFallback(damaged, owner)).toBeUndefined();
    }
  });
});
