/**
 * The address that all of the API's paths are appended to, e.g. `https://secrets.example.com/api`.
 *
 * @param text an http or https URL, with or without `/api` and a trailing slash
 * @returns the URL ending in `/api`, without a trailing slash
 * @throws RangeError when the text is no such URL; the message is for people and repeats no password
 */
export function normaliseApiBaseUrl(text: string): string {
  const trimmed = text.trim();
  // `URL.parse` came with Node 22.
  if (!URL.canParse(trimmed)) throw new RangeError("is not a URL (expected e.g. http://localhost:3000/api)");
  const url = new URL(trimmed);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new RangeError("is not an http or https URL");
  if (url.username !== "" || url.password !== "")
    throw new RangeError("must not hold a user name or a password");
  if (url.search !== "" || url.hash !== "") throw new RangeError("must not hold a query or a fragment");
  // From the first of them only: a long row in the middle would be read again from each.
  const path = url.pathname.replace(/(?<!\/)\/+$/, "");
  return url.origin + (path.endsWith("/api") ? path : `${path}/api`);
}

/** True where the URL's host is this machine, so that no proxy may come in between. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127(\.\d+){3}$/.test(hostname)
  );
}
