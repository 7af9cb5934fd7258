import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ErrorCode } from "../errors.ts";

/** The HTTP status and the title of each kind of fault: the one table that says so. */
export const statuses: Readonly<Record<ErrorCode, { status: ContentfulStatusCode; title: string }>> = {
  malformed: { status: 400, title: "The request cannot be read" },
  unauthorized: { status: 401, title: "A valid service token is needed" },
  forbidden: { status: 403, title: "Not allowed" },
  "not-found": { status: 404, title: "Not found" },
  "method-not-allowed": { status: 405, title: "Method not allowed" },
  "precondition-failed": { status: 412, title: "The condition does not hold" },
  "too-large": { status: 413, title: "Too large" },
  "unsupported-media-type": { status: 415, title: "Unsupported media type" },
  invalid: { status: 422, title: "Something is not right" },
  "wrong-master-key": { status: 422, title: "Wrong master key" },
  unprintable: { status: 422, title: "Not possible in this format" },
  sealed: { status: 423, title: "Sealed" },
  "too-many-attempts": { status: 429, title: "Too many failed attempts" },
  busy: { status: 503, title: "Busy" },
  unavailable: { status: 503, title: "The database cannot be used" },
};
