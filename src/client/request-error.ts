import type { Problem } from "./types.ts";

/** Why a request failed; a caller decides by it what to try next. */
export type Failure =
  /** Nobody answers at the address: name not found, connection refused or cut. */
  | "unreachable"
  /** No complete answer in time. */
  | "timeout"
  /** The certificate or the handshake was not accepted. */
  | "tls"
  /** 401: the token is missing, malformed, unknown, expired or revoked. Or 429, where the server says that of many such. */
  | "unauthorized"
  /** 403: the token lacks the right, or this address is not on its list. */
  | "forbidden"
  /** 404: there is no such secret. */
  | "not-found"
  /** 409 or 412: the secrets are not, or no longer, what the request wanted them to be. Nothing was written. */
  | "conflict"
  /** 400, 413, 415 or 422: a name, a value or the request as a whole cannot be. Nothing was written. */
  | "invalid"
  /** 429 of anybody else, such as a proxy: too many requests. */
  | "rate-limited"
  /** 5xx: the server, or a proxy in front of it, cannot answer now. */
  | "unavailable"
  /** A redirect, which is not followed: it would hand the token to another address. */
  | "redirected"
  /** Something answers, but not as secretsfly does. */
  | "unexpected";

/** A request failed. The message is for people; neither it nor anything else here holds a value or the token. */
export class RequestError extends Error {
  override readonly name: string = "RequestError";
  /** What went wrong. */
  readonly failure: Failure;
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** What `Retry-After` asked for, in whole seconds. */
  readonly retryAfterSeconds: number | undefined;
  /** What the server said about it, where it was the server that answered. */
  readonly problem: Problem | undefined;

  constructor(
    failure: Failure,
    message: string,
    answer: { status?: number; retryAfterSeconds?: number | undefined; problem?: Problem | undefined } = {},
  ) {
    super(message);
    this.failure = failure;
    this.status = answer.status;
    this.retryAfterSeconds = answer.retryAfterSeconds;
    this.problem = answer.problem;
  }
}
