import { sha256 } from "../../cryptography/hash.ts";
import type { TokenAccess } from "../../vault/token-access.ts";

type Place = Pick<TokenAccess["token"], "projectId" | "projectName" | "environment">;

/**
 * The ETag (RFC 9110, 8.8.3) of a view in a format. It is made of the view's place and of the random id of
 * its body, not of a hash of it: a hash would let anybody who sees it test guesses.
 */
export function etagOf(token: Place, format: string, revision: string): string {
  // A manifest is named after its project, which can be renamed without a secret being changed.
  const title = format === "k8s" ? `.${sha256(token.projectName).toHex().slice(0, 16)}` : "";
  return etag(token, `${format}${title}`, revision);
}

/** The ETag of one secret. The version is in it because a new note is one, and changes nothing that apps get. */
export function etagOfSecret(
  token: Place,
  { name, version }: { name: string; version: number },
  revision: string,
) {
  return etag(token, `${name}@${version}`, revision);
}

const placeOf = ({ projectId, environment }: Place) => `${projectId}.${environment}.`;

function etag(token: Place, what: string, revision: string): string {
  return `"${placeOf(token)}${what}.${revision}"`;
}

/** One entity tag of a header; its text is without the quotes. */
interface EntityTag {
  isWeak: boolean;
  text: string;
}

// RFC 9110, 8.8.3; empty elements of the list are allowed by 5.6.1.2.
const element = /[ \t]*(?:(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*)?(,|$)/y;

/** What If-Match and If-None-Match hold (RFC 9110, 13.1.1, 13.1.2): `*`, or entity tags; undefined for anything else. */
export function parseEntityTags(header: string): "*" | EntityTag[] | undefined {
  if (header.trim() === "*") return "*";
  const tags: EntityTag[] = [];
  element.lastIndex = 0;
  for (;;) {
    const [whole, weak, text, end] = element.exec(header) ?? [];
    if (whole === undefined) return undefined;
    if (text !== undefined) tags.push({ isWeak: weak !== undefined, text });
    if (end === "") return tags.length > 0 ? tags : undefined;
  }
}

/** Whether an If-None-Match header names the ETag (weak comparison, RFC 9110, 13.1.2). */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  const tags = header === undefined ? undefined : parseEntityTags(header);
  return tags === "*" || (tags?.some(({ text }) => `"${text}"` === etag) ?? false);
}

/**
 * The revisions that a header of a write names: those of ETags of this place, in any format, and bare ones.
 * `weak` says whether weak tags count, as they do in If-None-Match (RFC 9110, 8.8.3.2).
 */
export function revisionsIn(
  header: string | undefined,
  token: Place,
  { weak }: { weak: boolean },
): "*" | string[] | undefined {
  if (header === undefined) return undefined;
  const tags = parseEntityTags(header) ?? [];
  if (tags === "*") return tags;
  return tags
    .filter(({ isWeak }) => weak || !isWeak)
    .map(({ text }) => (text.startsWith(placeOf(token)) ? text.slice(text.lastIndexOf(".") + 1) : text));
}
