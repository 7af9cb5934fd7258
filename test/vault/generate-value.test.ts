import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Random, systemRandom } from "../../src/cryptography/bytes.ts";
import { SecretsflyError } from "../../src/errors.ts";
import { alphabetOf, alphabets, generatedBits, generateValue } from "../../src/vault/generate-value.ts";

const anAlphabet = fc.constantFrom(...alphabets);
const aLength = fc.integer({ min: 1, max: 512 });

/** Gives these bytes one behind the other, again and again. */
function bytesFrom(bytes: readonly number[]): Random {
  let at = 0;
  return (length) => Uint8Array.from({ length }, () => bytes[at++ % bytes.length] ?? 0);
}

const everyByte = Array.from({ length: 256 }, (_, byte) => byte);

test("a value has the length that was asked for, and no other characters", () => {
  fc.assert(
    fc.property(anAlphabet, aLength, (alphabet, length) => {
      const value = generateValue(alphabet, length, systemRandom);
      expect(value).toHaveLength(length);
      expect([...value].filter((character) => !alphabet.characters.includes(character))).toEqual([]);
    }),
  );
});

describe.each([...alphabets])("$id", (alphabet) => {
  test("has each character once", () => {
    expect(new Set(alphabet.characters).size).toBe(alphabet.characters.length);
  });

  test("maps as many bytes to each character as to any other", () => {
    const times = Math.floor(256 / alphabet.characters.length);
    const length = times * alphabet.characters.length;
    const value = generateValue(alphabet, length, bytesFrom(everyByte));
    const counts = Map.groupBy(value, (character) => character);
    expect(counts.size).toBe(alphabet.characters.length);
    expect(new Set([...counts.values()].map((same) => same.length))).toEqual(new Set([times]));
  });

  test("needs no quotes in a shell", async () => {
    // The first is a letter: a word that begins with % or - is a job or an option to some programs.
    const value = `x${alphabet.characters}`;
    const shell = Bun.spawn(["sh", "-c", `printf %s ${value}`]);
    expect(await new Response(shell.stdout).text()).toBe(value);
  });
});

test("the largest byte is drawn again where its character would be likelier for it", () => {
  const value = generateValue(alphabetOf("digits"), 3, bytesFrom([255, 250, 249, 0, 12]));
  expect(value).toBe("902");
});

test("URL-safe characters are those that no URL encodes", () => {
  for (const id of ["letters-digits", "hexadecimal", "digits", "base64url"]) {
    const { characters } = alphabetOf(id);
    expect(encodeURIComponent(characters)).toBe(characters);
  }
});

test("bits are counted down, never up", () => {
  expect(generatedBits(alphabetOf("letters-digits"), 32)).toBe(190);
  expect(generatedBits(alphabetOf("hexadecimal"), 64)).toBe(256);
  expect(generatedBits(alphabetOf("digits"), 1)).toBe(3);
});

test.each([0, -1, 513, 1.5, Number.NaN])("a length of %p is refused", (length) => {
  expect(() => generateValue(alphabetOf("digits"), length, systemRandom)).toThrow(SecretsflyError);
});

test("an alphabet that is not there is refused", () => {
  expect(() => alphabetOf("emoji")).toThrow(SecretsflyError);
});
