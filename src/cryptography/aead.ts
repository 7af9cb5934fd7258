import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import { giveOthersATurn } from "../turns.ts";
import { type Bytes, concat, type Random, toBytes, toText, wipe } from "./bytes.ts";

/**
 * The one format of everything that is sealed at rest: AES-256-GCM (NIST SP 800-38D) as
 *
 *     version (1 byte, 0x01) | IV (12 bytes, random) | ciphertext | tag (16 bytes)
 *
 * with additional data that names the place, so that bytes copied into another row do not open.
 */
const formatVersion = 1;
const algorithm = "aes-256-gcm";
const keyLength = 32;
const ivLength = 12;
const tagLength = 16;

/** Bytes that sealing adds. */
export const overhead = 1 + ivLength + tagLength;

/** What is sealed. Each purpose has its own additional data, so one cannot stand for another. */
export type Purpose =
  | "root-key"
  | "environment-key"
  | "secret-value"
  | "secret-note"
  | "view-source"
  | "view-body"
  | "service-token-view-key"
  | "service-token-environment-key"
  | "service-token-read-public-key"
  | "service-token-write-public-key";

/** The place that a sealed value belongs to. */
export interface Context {
  purpose: Purpose;
  /** The project's id. */
  project: number;
  /** The environment's name; it holds no `|`. */
  environment?: string;
  /** The secret's name, or the service token's public id; neither holds a `|`. */
  name?: string;
  /** The secret's version or the view's revision. */
  version?: number;
  /** How often the key that seals has been replaced by rotation, from 1. */
  generation: number;
}

/** Sealed bytes that do not open: changed, cut, moved to another place, or of another key. */
export class OpenError extends Error {
  override readonly name = "OpenError";

  constructor(readonly context: Context) {
    super(`sealed data does not open: ${contextText(context)}`);
  }
}

function contextText(context: Context): string {
  const { purpose, project, environment = "", name = "", version = "", generation } = context;
  return `secretsfly/v1/${purpose}|${project}|${environment}|${name}|${version}|${generation}`;
}

/** The additional data of a context: `secretsfly/v1/<purpose>|project|environment|name|version|generation`, UTF-8. */
export function contextBytes(context: Context): Bytes {
  return toBytes(contextText(context));
}

/**
 * A key of AES-256-GCM that is held: it seals and opens, and nothing gives its bytes back.
 *
 * Not a CryptoKey: WebCrypto computes in threads of its own, and what it opens there (keys, values) stays in their
 * memory, where nobody can overwrite it. Here all is on one thread, and quicker; `seal` and `open` give others a turn.
 */
export class AeadKey {
  readonly #key: KeyObject;

  /** @param raw 32 bytes, of which a copy is kept. Throws RangeError for any other length. */
  constructor(raw: Bytes) {
    if (raw.length !== keyLength) throw new RangeError(`a key of ${raw.length} bytes`);
    this.#key = createSecretKey(raw);
  }

  /** Whether it is the same key, in a time that does not depend on where two differ. */
  equals(other: AeadKey): boolean {
    return this.#key.equals(other.#key);
  }

  /** Ciphertext and tag. */
  encrypt(iv: Bytes, plaintext: Bytes, additionalData: Bytes): Uint8Array[] {
    const cipher = createCipheriv(algorithm, this.#key, iv, { authTagLength: tagLength });
    cipher.setAAD(additionalData);
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    return [ciphertext, cipher.getAuthTag()];
  }

  /** The plaintext. Throws where key, IV, tag or additional data are others. */
  decrypt(iv: Bytes, ciphertext: Bytes, tag: Bytes, additionalData: Bytes): Bytes {
    const decipher = createDecipheriv(algorithm, this.#key, iv, { authTagLength: tagLength });
    decipher.setAAD(additionalData);
    decipher.setAuthTag(tag);
    const { buffer, byteOffset, length } = decipher.update(ciphertext);
    const plaintext = new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
    try {
      decipher.final();
      return plaintext;
    } catch (error) {
      // What is not authentic is nobody's to read.
      wipe(plaintext);
      throw error;
    }
  }
}

/** 32 raw bytes → a key that does not give them back. The raw bytes are overwritten. Throws RangeError. */
export async function importAeadKey(raw: Bytes): Promise<AeadKey> {
  try {
    return new AeadKey(raw);
  } finally {
    wipe(raw);
  }
}

/** Seals `plaintext` for the place that `context` names, under a fresh IV of 96 random bits. */
export async function seal(key: AeadKey, plaintext: Bytes, context: Context, random: Random): Promise<Bytes> {
  await giveOthersATurn();
  const iv = random(ivLength);
  return concat(Uint8Array.of(formatVersion), iv, ...key.encrypt(iv, plaintext, contextBytes(context)));
}

/** Opens what `seal` made. Throws OpenError for another key, another context, another version or any change. */
export async function open(key: AeadKey, sealed: Bytes, context: Context): Promise<Bytes> {
  await giveOthersATurn();
  const opened = openAtOnce(key, sealed, contextBytes(context));
  if (!opened) throw new OpenError(context);
  return opened;
}

/**
 * The same without giving others a turn, for what is small and asked for often: undefined where it does not open.
 *
 * @param additionalData - `contextBytes` of the context
 */
export function openAtOnce(key: AeadKey, sealed: Bytes, additionalData: Bytes): Bytes | undefined {
  if (sealed.length < overhead || sealed[0] !== formatVersion) return undefined;
  const iv = sealed.subarray(1, 1 + ivLength);
  const ciphertext = sealed.subarray(1 + ivLength, -tagLength);
  try {
    return key.decrypt(iv, ciphertext, sealed.subarray(-tagLength), additionalData);
  } catch {
    return undefined;
  }
}

/** Seals a text's UTF-8, and overwrites that. */
export async function sealText(key: AeadKey, text: string, context: Context, random: Random): Promise<Bytes> {
  const plaintext = toBytes(text);
  try {
    return await seal(key, plaintext, context, random);
  } finally {
    wipe(plaintext);
  }
}

/** Opens what `sealText` made, and overwrites the bytes in between. Throws OpenError. */
export async function openText(key: AeadKey, sealed: Bytes, context: Context): Promise<string> {
  const plaintext = await open(key, sealed, context);
  try {
    return toText(plaintext);
  } finally {
    wipe(plaintext);
  }
}
