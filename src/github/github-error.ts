/** Why GitHub did not do what it was asked to; decides whether asking again can help. */
type GitHubFailure =
  /** Nobody answers: name not found, connection refused or cut. */
  | "unreachable"
  /** No complete answer in time. */
  | "timeout"
  /** The certificate or the handshake was not accepted. */
  | "tls"
  /** 401: the token is unknown, expired or revoked. */
  | "unauthorized"
  /** 403: the token lacks a permission. */
  | "forbidden"
  /** 404: not there, or the token may not see it; GitHub does not tell these apart. */
  | "not-found"
  /** 422: what was sent is not accepted. */
  | "invalid"
  /** 429, or 403 for too many requests. */
  | "rate-limited"
  /** 5xx. */
  | "unavailable"
  /** A redirect, which is not followed: it would hand the token to another address. */
  | "redirected"
  /** Something answers, but not as GitHub does. */
  | "unexpected";

/** GitHub did not do what it was asked to. The message is for people and holds neither a value nor the token. */
export class GitHubError extends Error {
  override readonly name = "GitHubError";

  /**
   * @param failure what went wrong
   * @param message for people
   * @param retryAfterSeconds how long GitHub asks to wait, where it says so
   */
  constructor(
    readonly failure: GitHubFailure,
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }
}
