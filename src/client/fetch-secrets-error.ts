/** Why a fetch gave no secrets; a caller decides by it what to try next. */
export type FetchFailure =
  /** Nobody answers at the address: name not found, connection refused or cut. */
  | "unreachable"
  /** No complete answer in time. */
  | "timeout"
  /** The certificate or the handshake was not accepted. */
  | "tls"
  /** 401: the token is missing, malformed, unknown, expired or revoked. */
  | "unauthorized"
  /** 403: the token lacks the right, or this address is not on its list. */
  | "forbidden"
  /** 429: too many requests. */
  | "rate-limited"
  /** 5xx: the server, or a proxy in front of it, cannot answer now. */
  | "unavailable"
  /** A redirect, which is not followed: it would hand the token to another address. */
  | "redirected"
  /** Something answers, but not as secretsfly does. */
  | "unexpected";

/** The secrets could not be fetched. The message is for people and never holds a value or the token. */
export class FetchSecretsError extends Error {
  override readonly name = "FetchSecretsError";

  /**
   * @param failure what went wrong
   * @param message for people
   * @param status HTTP status, where there was an answer
   * @param retryAfterSeconds what `Retry-After` asked for, in whole seconds
   */
  constructor(
    readonly failure: FetchFailure,
    message: string,
    readonly status?: number,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }
}
