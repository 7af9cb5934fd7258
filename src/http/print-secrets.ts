import { SecretsflyError } from "../errors.ts";
import { printSecrets, type SecretFormat, UnprintableSecretError } from "../formats/index.ts";
import { parseBody } from "../vault/secret-read.ts";

/**
 * Writes the body of a view in a format; `json` is the body itself, byte for byte.
 *
 * @param title what the secrets belong to, e.g. `shop-api-prod`
 * Throws SecretsflyError `unprintable`, naming the secret that the format cannot hold.
 */
export function printBody(
  format: SecretFormat,
  body: Uint8Array<ArrayBuffer>,
  title: string,
): { contentType: string; body: string | Uint8Array<ArrayBuffer> } {
  if (format === "json") return { contentType: "application/json", body };
  try {
    return printSecrets(format, parseBody(body), title);
  } catch (error) {
    if (!(error instanceof UnprintableSecretError)) throw error;
    throw new SecretsflyError("unprintable", error.message, { [error.secretName]: error.reason });
  }
}
