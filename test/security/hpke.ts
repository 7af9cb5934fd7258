import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { type Context, contextBytes } from "../../src/cryptography/aead.ts";
import { type Bytes, concat, toBytes } from "../../src/cryptography/bytes.ts";
import { hkdf } from "../../src/cryptography/hash.ts";
import type { ServiceToken } from "../../src/cryptography/service-token.ts";

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});
const info = toBytes("secretsfly/v1/service-token");

/**
 * Seals a key to a token's public key alone, as everybody can who reads `service_tokens.public_key`, and as this
 * program did before there were pre-shared keys. `version` is the byte in front.
 */
export async function sealToPublicKey(
  publicKey: Bytes,
  key: Bytes,
  context: Context,
  version: 1 | 2,
): Promise<Bytes> {
  const recipientPublicKey = await suite.kem.deserializePublicKey(publicKey);
  const { enc, ct } = await suite.seal({ recipientPublicKey, info }, key, contextBytes(context));
  return concat(Uint8Array.of(version), new Uint8Array(enc), new Uint8Array(ct));
}

/** What a token's secret is stretched to. */
export function partsOf({
  id,
  secret,
}: ServiceToken): Record<"verifier" | "material" | "preSharedKey", Bytes> {
  const part = (text: string) => hkdf(secret, new Uint8Array(0), `secretsfly/${text}|${id}`);
  return {
    verifier: part("v2/service-token/verifier"),
    material: part("v1/service-token/key-pair"),
    preSharedKey: part("v1/service-token/pre-shared-key"),
  };
}

/** What a token makes of a sealed key in any of the contexts, whatever its version: the key, or undefined. */
export async function openInAny(
  token: ServiceToken,
  sealed: Bytes,
  contexts: readonly Context[],
): Promise<Bytes | undefined> {
  const { material, preSharedKey: key } = partsOf(token);
  const recipientKey = await suite.kem.deriveKeyPair(material);
  for (const psk of [{ psk: { id: info, key } }, {}]) {
    const parameters = { recipientKey, enc: sealed.slice(1, 33), info, ...psk };
    const recipient = await suite.createRecipientContext(parameters).catch(() => undefined);
    for (const context of contexts) {
      const opened = await recipient?.open(sealed.slice(33), contextBytes(context)).catch(() => undefined);
      if (opened) return new Uint8Array(opened);
    }
  }
  return undefined;
}
