import { type Bytes, concat, type Random, toBytes, wipe } from "./bytes.ts";

/**
 * The one format of everything that is sealed at rest: AES-256-GCM (NIST SP 800-38D) as
 *
 *     version (1 byte, 0x01) | IV (12 bytes, random) | ciphertext | tag (16 bytes)
 *
 * with additional data that names the place, so that bytes copied into another row do not open.
 */
const formatVersion = 1;
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

/** 32 raw bytes → a key that WebCrypto will not give back. The raw bytes are overwritten. */
export async function importAeadKey(raw: Bytes): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  } finally {
    wipe(raw);
  }
}

/** Seals `plaintext` for the place that `context` names, under a fresh IV of 96 random bits. */
export async function seal(
  key: CryptoKey,
  plaintext: Bytes,
  context: Context,
  random: Random,
): Promise<Bytes> {
  const iv = random(ivLength);
  const parameters = { name: "AES-GCM", iv, additionalData: contextBytes(context), tagLength: tagLength * 8 };
  const ciphertext = await crypto.subtle.encrypt(parameters, key, plaintext);
  return concat(Uint8Array.of(formatVersion), iv, new Uint8Array(ciphertext));
}

/** Opens what `seal` made. Throws OpenError for another key, another context, another version or any change. */
export async function open(key: CryptoKey, sealed: Bytes, context: Context): Promise<Bytes> {
  if (sealed.length < overhead || sealed[0] !== formatVersion) throw new OpenError(context);
  const iv = sealed.subarray(1, 1 + ivLength);
  const parameters = { name: "AES-GCM", iv, additionalData: contextBytes(context), tagLength: tagLength * 8 };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters, key, sealed.subarray(1 + ivLength)));
  } catch {
    throw new OpenError(context);
  }
}
