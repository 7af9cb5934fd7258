import type { Bytes } from "../../cryptography/bytes.ts";

/** The fields that hold what opens everything. */
const secretFields: ReadonlySet<string> = new Set([
  "masterKey",
  "currentMasterKey",
  "newMasterKey",
  "password",
]);
const longestName = Math.max(...[...secretFields].map((name) => name.length));
const [ampersand, equals, plus, percent, space] = [..."&=+% "].map((character) => character.charCodeAt(0));

/** A posted form, taken apart. */
export interface TakenForm {
  /** All other fields, still encoded. */
  text: string;
  /** The secret fields, by name: of a repeated one the first. The caller wipes them. */
  secrets: Map<string, Bytes>;
}

/**
 * Takes the secret fields out of the bytes of an `application/x-www-form-urlencoded` form. They never become text, which
 * nobody could overwrite.
 */
export function takeSecrets(body: Bytes): TakenForm {
  const secrets = new Map<string, Bytes>();
  const decoder = new TextDecoder();
  let text = "";
  for (let start = 0; start < body.length; ) {
    const end = endOf(body, start);
    const name = secretName(body.subarray(start, end));
    if (name === undefined) text += decoder.decode(body.subarray(start, end + 1));
    else if (!secrets.has(name.text)) secrets.set(name.text, decode(body.subarray(start + name.length, end)));
    start = end + 1;
  }
  return { text, secrets };
}

function endOf(body: Bytes, start: number): number {
  const end = body.indexOf(ampersand ?? 0, start);
  return end === -1 ? body.length : end;
}

/** The name of a secret field and how many bytes it takes, `=` included; undefined for any other field. */
function secretName(field: Bytes): { text: string; length: number } | undefined {
  const found = field.indexOf(equals ?? 0);
  const length = found === -1 ? field.length : found;
  // Each of its characters takes three bytes at the most.
  if (length > 3 * longestName) return undefined;
  const text = new TextDecoder().decode(decode(field.subarray(0, length)));
  return secretFields.has(text) ? { text, length: length + 1 } : undefined;
}

/** As the URL standard decodes it: `+` is a space, and a `%` that begins no byte is itself. */
function decode(encoded: Bytes): Bytes {
  const decoded = new Uint8Array(encoded.length);
  let length = 0;
  for (let at = 0; at < encoded.length; at++) {
    const byte = encoded[at] ?? 0;
    const [high, low] = byte === percent ? [digit(encoded[at + 1]), digit(encoded[at + 2])] : [-1, -1];
    const isEncoded = high !== -1 && low !== -1;
    decoded[length++] = isEncoded ? 16 * high + low : byte === plus ? (space ?? 0) : byte;
    if (isEncoded) at += 2;
  }
  const exact = decoded.slice(0, length);
  decoded.fill(0);
  return exact;
}

/** The value of a hexadecimal digit; -1 for what is none. */
function digit(byte = 0): number {
  const character = String.fromCharCode(byte);
  return /^[0-9a-fA-F]$/.test(character) ? Number.parseInt(character, 16) : -1;
}
