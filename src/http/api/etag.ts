import { sha256 } from "../../cryptography/hash.ts";
import type { TokenAccess } from "../../vault/token-access.ts";

/**
 * The ETag (RFC 9110, 8.8.3) of a view in a format. It is made of the view's place and of the random id of
 * its body, not of a hash of it: a hash would let anybody who sees it test guesses.
 */
export function etagOf({ token, view }: TokenAccess, format: string): string {
  // A manifest is named after its project, which can be renamed without a secret being changed.
  const title = format === "k8s" ? `.${sha256(token.projectName).toHex().slice(0, 16)}` : "";
  return `"${token.projectId}.${token.environment}.${format}${title}.${view.bodyId}"`;
}

/** Whether an If-None-Match header names the ETag (weak comparison, RFC 9110, 13.1.2). */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((candidate) => {
    const plain = candidate.trim().replace(/^W\//, "");
    return plain === etag || plain === "*";
  });
}
