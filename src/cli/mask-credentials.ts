import { maskToken } from "../client/mask-token.ts";

/** A service token or a master key, whole or in part. */
const credential = /\bsf(?:ly|mk)_[\w-]*/g;

/** Text with no more of service tokens and master keys in it than may be shown: `sfly_<id>_…` and `sfmk_…`. */
export function maskCredentials(text: string): string {
  return text.replace(credential, (found) => (found.startsWith("sfly_") ? maskToken(found) : "sfmk_…"));
}
