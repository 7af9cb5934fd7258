/** Where it listens, and what it is to be asked. */
export interface SteppedServer {
  url: string;
  token: string;
  etag: string;
}

/** The steps to a 304, and those of a body, each with all before it. */
export const steps = [
  "a 304 with the same headers",
  "and the two headers of the request are read",
  "and the token is known",
  "and the read is counted",
  "and ETag and X-Request-Id are set",
  "GET /api/secrets with If-None-Match",
  "the same bytes as GET /api/secrets",
  "and they are opened each time",
  "GET /api/secrets",
] as const;

/** One of them. */
export type Step = (typeof steps)[number];
