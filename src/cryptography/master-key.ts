import { argon2 } from "node:crypto";
import { type AeadKey, importAeadKey } from "./aead.ts";
import { checksum, checksumLength, decodeSecret, encodeSecret, secretLength } from "./base62.ts";
import { type Bytes, type Random, toBytes, wipe } from "./bytes.ts";
import { equalBytes, hkdf } from "./hash.ts";
import { OneAtATime } from "./one-at-a-time.ts";

/**
 * The key that people hold: generated (`sfmk_`, 43 base62 characters of 256 random bits, 6 of checksum)
 * or a passphrase. It only ever wraps a root key, through a key derivation function that fits it: HKDF
 * for full entropy, Argon2id (RFC 9106) for what a person can remember.
 */
export type MasterKey = { kind: "generated"; secret: Bytes } | { kind: "passphrase"; text: Bytes };

/** A master key as somebody typed it: text, or its UTF-8, of which no copy is left behind where it is ASCII. */
export type TypedMasterKey = string | Uint8Array;

const prefix = "sfmk_";
const colon = 0x3a;
/** Tab, newline, vertical tab, form feed, carriage return, space. */
const asciiSpaces: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20]);
const saltLength = 16;
const passphraseLength = { min: 12, max: 1024 };

/** How a root project's wrapping key is derived, as it is stored beside the wrapped root key. */
export type KeyDerivation =
  | { kdf: "hkdf-sha256"; salt: Bytes }
  | { kdf: "argon2id"; salt: Bytes; memoryKib: number; passes: number; parallelism: number };

/** RFC 9106's second recommended option, on one lane: servers here are small. */
const argon2Cost = { memoryKib: 64 * 1024, passes: 3, parallelism: 1 };
/** What is accepted from storage, so that an edited row can neither weaken the derivation nor eat the machine. */
const argon2Limits = {
  memoryKib: { min: 19 * 1024, max: 256 * 1024 },
  passes: { min: 2, max: 16 },
  parallelism: { min: 1, max: 8 },
};

/**
 * The one line in which all runs of Argon2id of this process stand. Each takes up to 256 MiB and holds a thread of the
 * pool that also does AES, files and the like: as many at once as there are threads stop the API for as long as
 * they take (measured: 0.7 s for 16 on two cores, against 3 ms for one at a time).
 */
export const stretching = new OneAtATime(16);

/** A master key that cannot be one; the message says why and never repeats it. */
export class MasterKeyError extends Error {
  override readonly name = "MasterKeyError";
}

/** Parameters of a key derivation that this program would not have stored. */
export class KeyDerivationError extends Error {
  override readonly name = "KeyDerivationError";
}

/** A new master key: 256 random bits as text. */
export function generateMasterKey(random: Random): string {
  const secret = random(32);
  const body = prefix + encodeSecret(secret);
  wipe(secret);
  return body + checksum(body);
}

/**
 * What a person typed → a master key. White space around a generated one is ignored; a passphrase is
 * taken as typed, in Unicode's NFC so that two keyboards agree.
 * Throws MasterKeyError: empty, a `:` in it, mistyped (checksum), too short, too long.
 */
export function parseMasterKey(typed: TypedMasterKey): MasterKey {
  const bytes = typeof typed === "string" ? toBytes(typed) : Uint8Array.from(typed);
  try {
    return parse(bytes);
  } finally {
    wipe(bytes);
  }
}

function parse(typed: Bytes): MasterKey {
  if (typed.includes(colon)) throw new MasterKeyError("A master key must not contain a colon (:).");
  const trimmed = trim(typed);
  if (trimmed.length === 0) throw new MasterKeyError("The master key is empty.");
  if (startsWith(trimmed, toBytes(prefix))) return parseGenerated(trimmed);
  const text = normalize(typed);
  if (countCharacters(text) < passphraseLength.min) {
    throw new MasterKeyError(
      `This passphrase is too short: a master key is a generated key (${prefix}…) or a passphrase of at least ${passphraseLength.min} characters.`,
    );
  }
  if (text.length > passphraseLength.max) {
    throw new MasterKeyError(`The passphrase is longer than ${passphraseLength.max} bytes.`);
  }
  return { kind: "passphrase", text };
}

function isAscii(bytes: Bytes): boolean {
  return bytes.every((byte) => byte < 0x80);
}

/** What is no ASCII is white space and letters by Unicode's tables, which only text knows. */
function trim(bytes: Bytes): Bytes {
  if (!isAscii(bytes)) return toBytes(new TextDecoder().decode(bytes).trim());
  const start = bytes.findIndex((byte) => !asciiSpaces.has(byte));
  const end = bytes.findLastIndex((byte) => !asciiSpaces.has(byte)) + 1;
  return bytes.subarray(Math.max(start, 0), end);
}

/** Unicode's NFC; ASCII is that already. A copy. */
function normalize(bytes: Bytes): Bytes {
  if (isAscii(bytes)) return bytes.slice();
  return toBytes(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).normalize("NFC"));
}

/** Code points: all bytes of UTF-8 but those that continue one. */
function countCharacters(bytes: Bytes): number {
  return bytes.reduce((count, byte) => (isContinuation(byte) ? count : count + 1), 0);
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function startsWith(bytes: Bytes, start: Bytes): boolean {
  return start.every((byte, i) => bytes[i] === byte);
}

function parseGenerated(text: Bytes): MasterKey {
  const body = text.subarray(0, -checksumLength);
  const secret = decodeSecret(body.subarray(prefix.length));
  const isWhole = text.length === prefix.length + secretLength + checksumLength;
  if (!isWhole || !secret || !equalBytes(toBytes(checksum(body)), text.subarray(-checksumLength))) {
    throw new MasterKeyError(
      "This generated master key is mistyped or cut off: its checksum does not match. Copy it again, whole.",
    );
  }
  return { kind: "generated", secret };
}

/** Whether two master keys are one: then a rotation from the one to the other would change nothing. */
export function isSameMasterKey(a: MasterKey, b: MasterKey): boolean {
  if (a.kind === "generated") return b.kind === "generated" && equalBytes(a.secret, b.secret);
  return b.kind === "passphrase" && equalBytes(a.text, b.text);
}

/** Overwrites a master key that has done its work. */
export function wipeMasterKey(masterKey: MasterKey): void {
  wipe(masterKey.kind === "generated" ? masterKey.secret : masterKey.text);
}

/** By which function a kind of master key is derived, always. */
export function kdfOf({ kind }: MasterKey): KeyDerivation["kdf"] {
  return kind === "generated" ? "hkdf-sha256" : "argon2id";
}

/** A fresh salt and the cost that fits the kind of master key. */
export function newKeyDerivation(masterKey: MasterKey, random: Random): KeyDerivation {
  const salt = random(saltLength);
  return masterKey.kind === "generated"
    ? { kdf: "hkdf-sha256", salt }
    : { kdf: "argon2id", salt, ...argon2Cost };
}

/**
 * The key that wraps a project's root key. The project's id is part of the derivation.
 * Throws KeyDerivationError for parameters outside the limits, QueueFullError where too many passphrases wait for their
 * derivation. A master key of the other kind gives a key that opens nothing.
 */
export async function deriveWrappingKey(
  masterKey: MasterKey,
  derivation: KeyDerivation,
  projectId: number,
): Promise<AeadKey> {
  const stretched = await stretch(masterKey, derivation);
  try {
    const info = `secretsfly/v1/wrapping-key|${derivation.kdf}|${projectId}`;
    return await importAeadKey(hkdf(stretched, derivation.salt, info));
  } finally {
    wipe(stretched);
  }
}

/**
 * The master key's bytes, through Argon2id where the row says so: a copy that the caller wipes.
 * Throws QueueFullError where too many runs of Argon2id wait already.
 */
async function stretch(masterKey: MasterKey, derivation: KeyDerivation): Promise<Bytes> {
  checkDerivation(derivation);
  const message = masterKey.kind === "generated" ? masterKey.secret.slice() : masterKey.text.slice();
  if (derivation.kdf === "hkdf-sha256") return message;
  const { memoryKib, passes, parallelism, salt } = derivation;
  const parameters = { message, nonce: salt, memory: memoryKib, passes, parallelism, tagLength: 32 };
  const derived = stretching.run(
    () =>
      new Promise<Bytes>((resolve, reject) => {
        argon2("argon2id", parameters, (error, tag) => {
          if (error) return reject(error);
          resolve(new Uint8Array(tag));
          wipe(tag);
        });
      }),
  );
  return derived.finally(() => wipe(message));
}

/** Throws KeyDerivationError for parameters outside the limits. */
function checkDerivation(derivation: KeyDerivation): void {
  if (derivation.salt.length !== saltLength) throw new KeyDerivationError("salt of the wrong length");
  if (derivation.kdf === "hkdf-sha256") return;
  for (const name of ["memoryKib", "passes", "parallelism"] as const) {
    const { min, max } = argon2Limits[name];
    const value = derivation[name];
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new KeyDerivationError(`argon2id ${name} of ${value} is outside ${min} to ${max}`);
    }
  }
}
