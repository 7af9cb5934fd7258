import type { Random } from "../cryptography/bytes.ts";
import { invalid } from "../errors.ts";

/** Characters that a random value can be made of. */
export interface Alphabet {
  id: string;
  /** For people, with what it is good for. */
  label: string;
  /** Each once; at most 256. */
  characters: string;
}

const digits = "0123456789";
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** In the order in which they are offered; the first is the one to take without a reason for another. */
export const alphabets = [
  { id: "letters-digits", label: "Letters and digits", characters: letters + digits },
  {
    id: "symbols",
    // No shell takes one of these for more than itself, and no quoting of any format needs them escaped.
    label: "With symbols @%+=:,./-_ (safe in shells, not in URLs)",
    characters: `${letters}${digits}@%+=:,./-_`,
  },
  { id: "hexadecimal", label: "Hexadecimal", characters: `${digits}abcdef` },
  { id: "digits", label: "Digits", characters: digits },
  {
    id: "base64url",
    label: "URL-safe base64 characters",
    characters: `${letters}${digits}-_`,
  },
] as const satisfies readonly Alphabet[];

/** How long a generated value can be, in characters. */
export const maxGeneratedLength = 512;
/** 190 bits of letters and digits: nobody guesses it, and it fits wherever a password does. */
export const defaultGeneratedLength = 32;

/** The alphabet with this id. Throws SecretsflyError `invalid`. */
export function alphabetOf(id: string): Alphabet {
  const alphabet = alphabets.find((candidate) => candidate.id === id);
  if (!alphabet) throw invalid("alphabet", "Choose the characters from the list.");
  return alphabet;
}

/**
 * A random text in which every character of the alphabet is equally likely at every place: a byte past the
 * largest multiple of the alphabet's size is drawn again. Throws SecretsflyError `invalid` for the length.
 */
export function generateValue({ characters }: Alphabet, length: number, random: Random): string {
  if (!Number.isInteger(length) || length < 1 || length > maxGeneratedLength) {
    throw invalid("length", `The length is a whole number from 1 to ${maxGeneratedLength}.`);
  }
  const limit = 256 - (256 % characters.length);
  let text = "";
  while (text.length < length) {
    for (const byte of random(length)) {
      if (byte < limit && text.length < length) text += characters.charAt(byte % characters.length);
    }
  }
  return text;
}

/** How many bits an attacker who knows alphabet and length has to guess, rounded down. */
export function generatedBits({ characters }: Alphabet, length: number): number {
  return Math.floor(length * Math.log2(characters.length));
}
