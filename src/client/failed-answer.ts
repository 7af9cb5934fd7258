import { type FetchFailure, FetchSecretsError } from "./fetch-secrets-error.ts";
import { maskToken, quoteSafely } from "./mask-token.ts";

/** What an answer other than 200 says, its body read. */
export interface FailedAnswer {
  status: number;
  headers: Headers;
  body: string;
}

/**
 * Says in words why an answer holds no secrets, with the server's own `detail` (RFC 9457) where it has one.
 *
 * @param answer any answer but a 200
 */
export function answerFailure(answer: FailedAnswer, url: string, token: string): FetchSecretsError {
  const { status, headers } = answer;
  if (status >= 300 && status < 400) {
    const target = quoteSafely(headers.get("location") ?? "another address", token);
    const message = `${url} redirects to ${target} (${status}); it was not followed, so that the token goes nowhere else`;
    return new FetchSecretsError("redirected", message, status);
  }
  const [failure, meaning] = meaningOf(status, maskToken(token));
  const wait = retryAfterSeconds(headers.get("retry-after"));
  const advice = wait === undefined ? "" : `; try again in ${wait} s`;
  const message = `${meaning} (${status} from ${url})${advice}${detailOf(answer, token)}`;
  return new FetchSecretsError(failure, message, status, wait);
}

function meaningOf(status: number, token: string): [FetchFailure, string] {
  if (status === 401)
    return ["unauthorized", `the service token ${token} is not valid: unknown, expired or revoked`];
  if (status === 403)
    return ["forbidden", `the service token ${token} may not do this, or not from this address`];
  if (status === 429) return ["rate-limited", "too many requests"];
  if (status >= 500) return ["unavailable", "the server cannot answer now"];
  return ["unexpected", "this is not how secretsfly answers. Is SECRETSFLY_API_BASE_URL right?"];
}

function detailOf({ headers, body }: FailedAnswer, token: string): string {
  if (!/^application\/problem\+json\b/i.test(headers.get("content-type") ?? "")) {
    return ". The answer is not secretsfly's own: a proxy may be in between";
  }
  try {
    const problem: unknown = JSON.parse(body);
    if (
      typeof problem === "object" &&
      problem !== null &&
      "detail" in problem &&
      typeof problem.detail === "string"
    ) {
      return `: ${quoteSafely(problem.detail, token)}`;
    }
  } catch {
    // Not JSON after all: the status says enough.
  }
  return "";
}

/** RFC 9110, 10.2.3: a number of seconds or a date. */
function retryAfterSeconds(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}
