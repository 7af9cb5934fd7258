/**
 * Seals texts as GitHub asks: libsodium's `crypto_box_seal` of the UTF-8 bytes, in base64 with padding.
 * libsodium is loaded here, when something is sealed: it is large.
 *
 * @param publicKey 32 bytes in base64
 * @returns seals one text; each time the result is another
 * @throws RangeError when the key is none
 */
export async function sealFor(publicKey: string): Promise<(text: string) => string> {
  const { default: sodium } = await import("libsodium-wrappers");
  await sodium.ready;
  const key = new Uint8Array(Buffer.from(publicKey, "base64"));
  if (key.length !== sodium.crypto_box_PUBLICKEYBYTES) throw new RangeError("no key of 32 bytes");
  const seal = (text: string) =>
    sodium.to_base64(
      sodium.crypto_box_seal(new TextEncoder().encode(text), key),
      sodium.base64_variants.ORIGINAL,
    );
  try {
    seal("");
  } catch {
    // libsodium refuses keys of low order, whose boxes anybody could open.
    throw new RangeError("not safe to seal with");
  }
  return seal;
}
