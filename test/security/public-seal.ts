import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { type Context, contextBytes } from "../../src/cryptography/aead.ts";
import { type Bytes, concat, toBytes } from "../../src/cryptography/bytes.ts";

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});

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
  const info = toBytes("secretsfly/v1/service-token");
  const { enc, ct } = await suite.seal({ recipientPublicKey, info }, key, contextBytes(context));
  return concat(Uint8Array.of(version), new Uint8Array(enc), new Uint8Array(ct));
}
