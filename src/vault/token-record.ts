import { open, overhead, seal } from "../cryptography/aead.ts";
import { type Bytes, concat, wipe } from "../cryptography/bytes.ts";
import { equalBytes, sha256 } from "../cryptography/hash.ts";
import type { SealTarget } from "../cryptography/service-token.ts";
import { type TokenRow, tokenContext } from "./sealed-rows.ts";
import type { Vault } from "./vault.ts";
import type { OpenPlace } from "./views.ts";

/**
 * What the environment knows of its service token, sealed under its value key in `sealed_public_key`: the public key,
 * the pre-shared key, and the SHA-256 of the token's sealed key, 32 bytes each. A rotation seals to the first two; by
 * the third a sealed key that was put in another's place is found, which nobody but the token itself could open.
 * Those of tokens that were made before there were the others are the public key alone.
 */
const formerLength = 32;

/** Seals the record of a token. */
export function sealTokenRecord(
  vault: Vault,
  place: OpenPlace,
  token: Pick<TokenRow, "publicId" | "rights">,
  { publicKey, preSharedKey }: SealTarget,
  sealedKey: Bytes,
): Promise<Bytes> {
  const record = concat(publicKey, preSharedKey, sha256(sealedKey));
  return seal(place.keys.valueKey, record, tokenContext(place, token), vault.random);
}

/** A record that was opened, compared with what its row says. */
export interface TokenRecord {
  /** What a rotation may seal to; undefined for a token that was made before there were pre-shared keys. */
  target: SealTarget | undefined;
  /** What the row says otherwise. */
  differs: "public key" | "sealed key" | undefined;
}

/** Opens the record of a token. Throws OpenError. */
export async function openTokenRecord(place: OpenPlace, token: TokenRow): Promise<TokenRecord> {
  const sealed = token.sealedPublicKey ?? new Uint8Array(0);
  const record = await open(place.keys.valueKey, sealed, tokenContext(place, token));
  const [publicKey, preSharedKey, hash] = [0, 32, 64].map((at) => record.slice(at, at + 32)) as [
    Bytes,
    Bytes,
    Bytes,
  ];
  wipe(record);
  const target = record.length === formerLength ? undefined : { publicKey, preSharedKey };
  if (!equalBytes(publicKey, token.publicKey)) return { target, differs: "public key" };
  if (target && !equalBytes(hash, sha256(token.sealedKey))) return { target, differs: "sealed key" };
  return { target, differs: undefined };
}

/**
 * Whether a token looks as if it was made before there were records, or before they had a pre-shared key: then a rotation
 * cannot carry it over. Opens nothing, so the row may lie.
 */
export function isFormer({ sealedPublicKey }: Pick<TokenRow, "sealedPublicKey">): boolean {
  return sealedPublicKey === null || sealedPublicKey.length === formerLength + overhead;
}
