import { GitHubError } from "./github-error.ts";

/** What an answer that is no success says, its body read. */
interface FailedAnswer {
  status: number;
  headers: Headers;
  /** The body as JSON; undefined where it is none. */
  body: unknown;
}

/** How OpenSSL, BoringSSL and Bun name what goes wrong with certificates and handshakes. */
const tlsCode = /CERT|TLS|SSL|EPROTO|UNABLE_TO_|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|CHAIN|CRL/;

/**
 * Says in words why there is no answer.
 *
 * @param error what `fetch`, or reading the body, threw
 */
export function connectionFailure(
  error: unknown,
  url: string,
  token: string,
  timeoutMs: number,
): GitHubError {
  if (error instanceof Error && error.name === "TimeoutError") {
    return new GitHubError("timeout", `no answer from ${url} within ${timeoutMs / 1000} s`);
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const detail = quote(code || (error instanceof Error ? error.message : String(error)), token);
  return tlsCode.test(code)
    ? new GitHubError("tls", `no secure connection to ${url}: TLS failed (${detail})`)
    : new GitHubError("unreachable", `${url} cannot be reached: the connection failed (${detail})`);
}

/**
 * Says in words what an answer means, with GitHub's own `message` where there is one.
 *
 * @param answer any answer but a 2xx
 * @param now milliseconds since 1970, for limits that end at a time
 */
export function answerFailure(answer: FailedAnswer, url: string, token: string, now: number): GitHubError {
  const { status, headers, body } = answer;
  const told = messageOf(body);
  const says = told === "" ? "" : `: ${quote(told, token)}`;
  const from = `(${status} from ${url})${says}`;
  if (isRateLimit(status, headers, told)) {
    const wait = waitSeconds(headers, now);
    const advice = wait === undefined ? "" : `; try again in ${wait} s`;
    return new GitHubError("rate-limited", `GitHub's rate limit is reached${advice} ${from}`, wait);
  }
  if (status >= 300 && status < 400) {
    const target = quote(headers.get("location") ?? "another address", token);
    const advice = "not followed, so that the token goes nowhere else. Was the repository renamed?";
    return new GitHubError("redirected", `${url} redirects to ${target} (${status}); ${advice}`);
  }
  if (status === 401) {
    return new GitHubError(
      "unauthorized",
      `GitHub does not accept the token: unknown, expired or revoked ${from}`,
    );
  }
  if (status === 403) return new GitHubError("forbidden", `${forbidden(headers, token)} ${from}`);
  if (status === 404) {
    const meaning = "GitHub has no such repository or environment, or the token has no access to it";
    return new GitHubError("not-found", `${meaning} ${from}`);
  }
  if (status === 422) return new GitHubError("invalid", `GitHub does not accept this ${from}`);
  if (status >= 500) {
    return new GitHubError("unavailable", `GitHub cannot answer now ${from}`, waitSeconds(headers, now));
  }
  return new GitHubError("unexpected", `this is not how GitHub answers ${from}. Is --api-url right?`);
}

/** An organization with single sign-on answers 403 until the token is authorized there, and says where. */
function forbidden(headers: Headers, token: string): string {
  const signOn = /url=(\S+)/.exec(headers.get("x-github-sso") ?? "")?.[1];
  if (signOn !== undefined) {
    return `the organization wants the token authorized for single sign-on first, at ${quote(signOn, token)}`;
  }
  const wanted = headers.get("x-accepted-github-permissions");
  return (
    'the GitHub token may not do this: a fine-grained one needs "Secrets" (for an environment also ' +
    '"Environments") with read and write, a classic one the scope "repo"' +
    (wanted === null ? "" : `; GitHub wants ${quote(wanted, token)}`)
  );
}

/** GitHub answers both limits with 403 or 429; the secondary one may be told by its message alone. */
function isRateLimit(status: number, headers: Headers, message: string): boolean {
  if (status === 429) return true;
  if (status !== 403) return false;
  return (
    headers.has("retry-after") ||
    headers.get("x-ratelimit-remaining") === "0" ||
    /rate limit|abuse detection/i.test(message)
  );
}

/** `retry-after` in seconds, else the time until `x-ratelimit-reset` when nothing remains. */
function waitSeconds(headers: Headers, now: number): number | undefined {
  const retryAfter = headers.get("retry-after");
  if (retryAfter !== null && /^\d{1,9}$/.test(retryAfter)) return Number(retryAfter);
  const reset = headers.get("x-ratelimit-reset");
  if (headers.get("x-ratelimit-remaining") !== "0" || reset === null || !/^\d{1,12}$/.test(reset)) {
    return undefined;
  }
  return Math.max(1, Math.ceil(Number(reset) - now / 1000));
}

function messageOf(body: unknown): string {
  if (typeof body !== "object" || body === null || !("message" in body)) return "";
  return typeof body.message === "string" ? body.message : "";
}

/** Text of somebody else, fit for a message: without the token, on one line, at most 300 characters. */
function quote(text: string, token: string): string {
  return text
    .replaceAll(token, "(the token)")
    .replace(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, 300);
}
