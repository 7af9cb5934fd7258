import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { type Context, contextBytes, OpenError } from "./aead.ts";
import { checksum, checksumLength, decodeSecret, encodeSecret, randomText, secretLength } from "./base62.ts";
import { type Bytes, concat, type Random, toBytes, wipe } from "./bytes.ts";
import { hkdf, sha256 } from "./hash.ts";

/**
 * `sfly_<id>_<secret>_<crc>`: a public id to look it up by, 256 random bits, and a CRC32 of all before
 * it, in base62. From the secret come a verifier, of which the database keeps the hash, and an X25519
 * key pair, to whose public half the database keeps a key sealed: the token carries its own way in.
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
const formatVersion = 1;
const encapsulatedKeyLength = 32;
const tagLength = 16;

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

/** SHA-256 of the token's verifier (HKDF-SHA256 of its secret): what the database knows it by, 32 bytes. */
export function verifierHash(token: ServiceToken): Bytes {
  return sha256(hkdf(token.secret, noSalt, `secretsfly/v1/service-token/verifier|${token.id}`));
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

/** The token's X25519 public key, 32 bytes: what keys are sealed to. */
export async function publicKeyOf(token: ServiceToken): Promise<Bytes> {
  return new Uint8Array(await suite.kem.serializePublicKey((await keyPair(token)).publicKey));
}

function hpkeParameters(context: Context) {
  return { info: toBytes("secretsfly/v1/service-token"), additionalData: contextBytes(context) };
}

/**
 * Seals a key to a token's public key (32 bytes) as `version (1 byte, 0x01) | encapsulated key (32) |
 * ciphertext | tag (16)`, with the context as additional data. The key is the caller's to wipe.
 */
export async function sealToServiceToken(publicKey: Bytes, key: Bytes, context: Context): Promise<Bytes> {
  const { info, additionalData } = hpkeParameters(context);
  const recipientPublicKey = await suite.kem.deserializePublicKey(publicKey);
  const { enc, ct } = await suite.seal({ recipientPublicKey, info }, key, additionalData);
  return concat(Uint8Array.of(formatVersion), new Uint8Array(enc), new Uint8Array(ct));
}

/** Opens what `sealToServiceToken` made: the raw key, which the caller wipes. Throws OpenError. */
export async function openWithServiceToken(
  token: ServiceToken,
  sealed: Bytes,
  context: Context,
): Promise<Bytes> {
  if (sealed.length < 1 + encapsulatedKeyLength + tagLength || sealed[0] !== formatVersion)
    throw new OpenError(context);
  const { info, additionalData } = hpkeParameters(context);
  const enc = sealed.slice(1, 1 + encapsulatedKeyLength);
  const ciphertext = sealed.slice(1 + encapsulatedKeyLength);
  try {
    const recipientKey = await keyPair(token);
    return new Uint8Array(await suite.open({ recipientKey, enc, info }, ciphertext, additionalData));
  } catch {
    throw new OpenError(context);
  }
}
