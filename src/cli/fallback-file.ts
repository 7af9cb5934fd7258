/**
 * The bytes of a fallback file, and nothing else about it: SECURITY.md has the format.
 *
 *     0   7   "sfly-fb", ASCII
 *     7   1   version, 0x01
 *     8  12   IV, random
 *    20   …   AES-256-GCM ciphertext, and its tag in the last 16 bytes
 *
 * The key is HKDF-SHA256 of the service token's text, with an empty salt and the info below. The additional data
 * is the first 8 bytes and the API's address in UTF-8: what one server said is never taken for what another did.
 */

/** The secrets as they were fetched once. */
export interface FallbackContent {
  /** Milliseconds since 1970. */
  fetchedAt: number;
  secrets: readonly FallbackSecret[];
}

interface FallbackSecret {
  id: number;
  name: string;
  value: string;
}

/** Whose secrets they are, and what opens them. */
export interface FallbackOwner {
  /** From `normaliseApiBaseUrl`. */
  apiBaseUrl: string;
  token: string;
}

type Bytes = Uint8Array<ArrayBuffer>;

const info = "secretsfly/v1/fallback";
const magic = Buffer.from("sfly-fb", "ascii");
const header: Bytes = Uint8Array.of(...magic, 1);
const ivLength = 12;
const tagLength = 16;

/** How many bytes tell a fallback file from any other. */
export const fallbackMagicLength = magic.length;

/** True for what begins as a fallback file of any version does. */
export function isFallback(start: Uint8Array): boolean {
  return magic.equals(start.subarray(0, magic.length));
}

/**
 * Seals what was fetched.
 *
 * @param iv 12 bytes that were never used before: random ones
 */
export async function sealFallback(
  content: FallbackContent,
  owner: FallbackOwner,
  iv: Bytes,
): Promise<Uint8Array> {
  const plaintext = new TextEncoder().encode(JSON.stringify(content));
  const sealed = await crypto.subtle.encrypt(algorithm(owner, iv), await keyOf(owner), plaintext);
  return Buffer.concat([header, iv, new Uint8Array(sealed)]);
}

/**
 * Opens what `sealFallback` sealed.
 *
 * @returns undefined for another token's or another server's, for one of another version, and for one in which
 *   any bit is another: that cannot be told apart
 */
export async function openFallback(
  bytes: Uint8Array,
  owner: FallbackOwner,
): Promise<FallbackContent | undefined> {
  const start = header.length + ivLength;
  if (bytes.length < start + tagLength || !Buffer.from(header).equals(bytes.subarray(0, header.length)))
    return undefined;
  const iv = Uint8Array.from(bytes.subarray(header.length, start));
  try {
    const sealed = Uint8Array.from(bytes.subarray(start));
    const plaintext = await crypto.subtle.decrypt(algorithm(owner, iv), await keyOf(owner), sealed);
    return JSON.parse(new TextDecoder().decode(plaintext));
  } catch {
    return undefined;
  }
}

function algorithm({ apiBaseUrl }: FallbackOwner, iv: Bytes): AesGcmParams {
  const additionalData = Uint8Array.of(...header, ...new TextEncoder().encode(apiBaseUrl));
  return { name: "AES-GCM", iv, additionalData, tagLength: tagLength * 8 };
}

async function keyOf({ token }: FallbackOwner): Promise<CryptoKey> {
  const encoder = new TextEncoder();
  const material = await crypto.subtle.importKey("raw", encoder.encode(token), "HKDF", false, ["deriveKey"]);
  return await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: encoder.encode(info) },
    material,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
}
