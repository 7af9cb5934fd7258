/** A token's id is short; a first part that is longer may be the secret of a token that was pasted wrong. */
const tokenId = /^sfly_([0-9A-Za-z-]{1,24})_/;

/** What may be shown of a service token: `sfly_<id>_…`, or `sfly_…` where it has no readable id. */
export function maskToken(token: string): string {
  const id = tokenId.exec(token)?.[1];
  return id === undefined ? "sfly_…" : `sfly_${id}_…`;
}

/**
 * Makes text that somebody else wrote fit for a message: the token masked wherever it occurs, control
 * characters (which a terminal would obey) as spaces, cut at 300 characters.
 */
export function quoteSafely(text: string, token: string): string {
  const masked = text.replaceAll(token, maskToken(token));
  return masked
    .replace(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, 300);
}
