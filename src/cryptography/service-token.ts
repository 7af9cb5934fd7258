import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { type Context, contextBytes, OpenError } from "./aead.ts";
import { checksum, checksumLength, decodeSecret, encodeSecret, randomText, secretLength } from "./base62.ts";
import { type Bytes, concat, type Random, toBytes, wipe } from "./bytes.ts";
import { equalBytes, hkdf, sha256 } from "./hash.ts";

/**
 * `sfly_<id>_<secret>_<crc>`: a public id to look it up by, 256 random bits, and a CRC32 of all before
 * it, in base62. From the secret come a verifier, of which the database keeps the hash, an X25519 key
 * pair, to whose public half the database keeps a key sealed, and a pre-shared key, without which nobody
 * seals one that the token opens: the token carries its own way in.
 */
export interface ServiceToken {
  /** Public: it may be shown and logged. */
  id: string;
  /** 32 bytes. */
  secret: Bytes;
}

const prefix = "sfly";
const idLength = 12;
const pattern = new RegExp(
  `^${prefix}_([0-9A-Za-z]{${idLength}})_([0-9A-Za-z]{${secretLength}})_([0-9A-Za-z]{${checksumLength}})$`,
);
const noSalt: Bytes = new Uint8Array(0);

/** RFC 9180: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, base mode. */
const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});
const encapsulatedKeyLength = 32;
const tagLength = 16;

/**
 * How a key is sealed to a token. `authenticated`: with its pre-shared key. `former`: to its public key alone, which
 * everybody who writes to the database can do; of tokens that were made before there was the other. Which of them a
 * token takes is told by its verifier's hash, so nobody can lead one back to the weaker way.
 */
export type SealFormat = "authenticated" | "former";

const formats = {
  authenticated: { version: 2, verifier: "secretsfly/v2/service-token/verifier" },
  former: { version: 1, verifier: "secretsfly/v1/service-token/verifier" },
} as const;

/** What keys are sealed to. The public key may be known; who has the other may choose what the token opens. */
export interface SealTarget {
  /** X25519, 32 bytes. */
  publicKey: Bytes;
  /** 32 bytes. */
  preSharedKey: Bytes;
}

/** A new service token. */
export function generateServiceToken(random: Random): ServiceToken {
  return { id: randomText(idLength, random), secret: random(32) };
}

/** The token as text: what its holder is given, once. */
export function formatServiceToken({ id, secret }: ServiceToken): string {
  const body = `${prefix}_${id}_${encodeSecret(secret)}`;
  return `${body}_${checksum(body)}`;
}

/** The part of a token that may be shown: `sfly_<id>_…`. */
export function serviceTokenHint(id: string): string {
  return `${prefix}_${id}_…`;
}

/** Text → token; undefined where it is none or its checksum does not match. */
export function parseServiceToken(text: string): ServiceToken | undefined {
  const [, id, encoded, crc] = pattern.exec(text) ?? [];
  if (id === undefined || encoded === undefined || checksum(text.slice(0, -checksumLength - 1)) !== crc)
    return undefined;
  const secret = decodeSecret(encoded);
  return secret && { id, secret };
}

/** The public id in a text that is a token, to look it up by; of any other text whatever stands there. */
export function publicIdIn(text: string): string {
  return text.slice(prefix.length + 1, prefix.length + 1 + idLength);
}

/** SHA-256 of the token's verifier (HKDF-SHA256 of its secret): what the database knows it by, 32 bytes. */
export function verifierHash({ secret, id }: ServiceToken, format: SealFormat = "authenticated"): Bytes {
  return sha256(hkdf(secret, noSalt, `${formats[format].verifier}|${id}`));
}

/**
 * How keys are sealed to the token that a stored hash of a verifier is of; undefined where that is not this token. The
 * comparisons take the same time wherever the hashes differ.
 *
 * @param hash - `verifierHash(token)`, which the caller has made before it looked for the stored one
 */
export function sealFormatOf(token: ServiceToken, hash: Bytes, stored: Bytes): SealFormat | undefined {
  if (equalBytes(hash, stored)) return "authenticated";
  return equalBytes(verifierHash(token, "former"), stored) ? "former" : undefined;
}

/** The token's X25519 key pair: DeriveKeyPair (RFC 9180, 7.1.3) of 32 bytes derived from its secret. */
async function keyPair(token: ServiceToken): Promise<CryptoKeyPair> {
  const material = hkdf(token.secret, noSalt, `secretsfly/v1/service-token/key-pair|${token.id}`);
  try {
    return await suite.kem.deriveKeyPair(material);
  } finally {
    wipe(material);
  }
}

/** The token's pre-shared key, 32 bytes: HKDF-SHA256 of its secret. */
function preSharedKeyOf({ secret, id }: ServiceToken): Bytes {
  return hkdf(secret, noSalt, `secretsfly/v1/service-token/pre-shared-key|${id}`);
}

/** What keys are sealed to that this token is to open. */
export async function sealTargetOf(token: ServiceToken): Promise<SealTarget> {
  const publicKey = await suite.kem.serializePublicKey((await keyPair(token)).publicKey);
  return { publicKey: new Uint8Array(publicKey), preSharedKey: preSharedKeyOf(token) };
}

/** `info` is one text for all tokens; the pre-shared key's id is the same text, since RFC 9180 wants one. */
function hpkeParameters(context: Context, preSharedKey: Bytes | undefined) {
  const info = toBytes("secretsfly/v1/service-token");
  const psk = preSharedKey && { psk: { id: info, key: preSharedKey } };
  return { parameters: { info, ...psk }, additionalData: contextBytes(context) };
}

/**
 * Seals a key to a token as `version (1 byte, 0x02) | encapsulated key (32) | ciphertext | tag (16)`, by HPKE with its
 * pre-shared key and the context as additional data. The key is the caller's to wipe.
 */
export async function sealToServiceToken(target: SealTarget, key: Bytes, context: Context): Promise<Bytes> {
  const { parameters, additionalData } = hpkeParameters(context, target.preSharedKey);
  const recipientPublicKey = await suite.kem.deserializePublicKey(target.publicKey);
  const { enc, ct } = await suite.seal({ recipientPublicKey, ...parameters }, key, additionalData);
  return concat(Uint8Array.of(formats.authenticated.version), new Uint8Array(enc), new Uint8Array(ct));
}

/**
 * Opens what was sealed to a token, in the format that its verifier's hash tells: the raw key, which the caller wipes.
 * Throws OpenError, also for one that somebody has sealed without the pre-shared key.
 */
export async function openWithServiceToken(
  token: ServiceToken,
  sealed: Bytes,
  context: Context,
  format: SealFormat = "authenticated",
): Promise<Bytes> {
  const shortest = 1 + encapsulatedKeyLength + tagLength;
  if (sealed.length < shortest || sealed[0] !== formats[format].version) throw new OpenError(context);
  const preSharedKey = format === "authenticated" ? preSharedKeyOf(token) : undefined;
  const { parameters, additionalData } = hpkeParameters(context, preSharedKey);
  const enc = sealed.slice(1, 1 + encapsulatedKeyLength);
  const ciphertext = sealed.slice(1 + encapsulatedKeyLength);
  try {
    const recipientKey = await keyPair(token);
    return new Uint8Array(await suite.open({ recipientKey, enc, ...parameters }, ciphertext, additionalData));
  } catch {
    throw new OpenError(context);
  } finally {
    if (preSharedKey) wipe(preSharedKey);
  }
}
