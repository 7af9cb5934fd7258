/**
 * What can go wrong in a way that its user can mend. Messages are written for that user and never
 * repeat a value, a key or a token: they are sent to clients as they are. Anything that is not one of
 * these is a fault of ours, is logged, and is answered without its message.
 */

/** The kinds of fault, each answered with one HTTP status (src/http/statuses.ts). */
export type ErrorCode =
  | "malformed"
  | "invalid"
  | "wrong-master-key"
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "method-not-allowed"
  | "precondition-failed"
  | "unsupported-media-type"
  | "too-large"
  | "unprintable"
  | "sealed"
  | "too-many-attempts"
  | "busy"
  | "unavailable";

/** Field name → what is wrong with it. */
export type FieldFaults = Readonly<Record<string, string>>;

/** A fault with a stable code, a message for people, and the fields it concerns, if any. */
export class SecretsflyError extends Error {
  override readonly name = "SecretsflyError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly fields: FieldFaults = {},
    /** After how many seconds it is worth another try, where that is known. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

/** A fault of one field: the message is the field's. */
export function invalid(field: string, message: string): SecretsflyError {
  return new SecretsflyError("invalid", message, { [field]: message });
}

/** Something that is not there, or not in this project: the two are told in the same words. */
export function notFound(what: string): SecretsflyError {
  return new SecretsflyError("not-found", `There is no such ${what}.`);
}
