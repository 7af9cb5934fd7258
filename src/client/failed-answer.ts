import { maskToken, quoteSafely } from "./mask-token.ts";
import { type Failure, RequestError } from "./request-error.ts";
import type { Problem } from "./types.ts";

/** An answer, its body read. */
export interface Answer {
  status: number;
  headers: Headers;
  body: string;
}

/**
 * Says in words what an answer of another status than the wanted ones means, with the server's own `detail`
 * (RFC 9457) where it has one.
 *
 * @param now milliseconds since 1970, to tell how far away a `Retry-After` is that is a date
 */
export function answerFailure(answer: Answer, url: string, token: string, now: number): RequestError {
  const { status, headers } = answer;
  if (status >= 300 && status < 400) {
    const target = quoteSafely(headers.get("location") ?? "another address", token);
    const message = `${url} redirects to ${target} (${status}); it was not followed, so that the token goes nowhere else`;
    return new RequestError("redirected", message, { status });
  }
  const problem = readProblem(answer, token);
  const [failure, meaning] = meaningOf(status, problem, maskToken(token));
  const retryAfterSeconds = readRetryAfter(headers.get("retry-after"), now);
  const mayPass = retryAfterSeconds !== undefined && failure !== "unauthorized";
  const advice = mayPass ? `; try again in ${retryAfterSeconds} s` : "";
  const foreign = ". The answer is not secretsfly's own: a proxy may be in between";
  const detail = problem ? problem.detail && `: ${problem.detail}` : foreign;
  const message = `${meaning} (${status} from ${url})${advice}${detail}`;
  return new RequestError(failure, message, { status, retryAfterSeconds, problem });
}

/** How the server says 401 where too many did not have a valid token: one that is valid is served at any time. */
const tooManyAttempts = "urn:secretsfly:problem:too-many-attempts";

/** What each status means; the last ones only where it was secretsfly that said so. */
function meaningOf(status: number, problem: Problem | undefined, token: string): [Failure, string] {
  if (status === 401 || (status === 429 && problem?.type === tooManyAttempts))
    return ["unauthorized", `the service token ${token} is not valid: unknown, expired or revoked`];
  if (status === 403)
    return ["forbidden", `the service token ${token} may not do this, or not from this address`];
  if (status === 429) return ["rate-limited", "too many requests"];
  if (status >= 500) return ["unavailable", "the server cannot answer now"];
  if (problem) {
    if (status === 404) return ["not-found", "not found"];
    if (status === 409 || status === 412) return ["conflict", "the secrets are not what this was meant for"];
    if ([400, 413, 415, 422].includes(status)) return ["invalid", "the server refuses this"];
  }
  return [
    "unexpected",
    "this is not how secretsfly answers. Is the base URL (SECRETSFLY_API_BASE_URL) right?",
  ];
}

/** The problem of an answer, fit for people; undefined where somebody else than secretsfly answered. */
function readProblem({ headers, body }: Answer, token: string): Problem | undefined {
  if (!/^application\/problem\+json\b/i.test(headers.get("content-type") ?? "")) return undefined;
  const text = (value: unknown) => (typeof value === "string" ? quoteSafely(value, token) : "");
  const { type, title, detail, requestId, errors } = readObject(body);
  const entries = Array.isArray(errors) ? errors.map(asObject) : [];
  return {
    ...{ type: text(type), title: text(title), detail: text(detail), requestId: text(requestId) },
    ...(entries.length > 0 && {
      errors: entries.map((entry) => ({ field: text(entry.field), detail: text(entry.detail) })),
    }),
  };
}

function readObject(body: string): Record<string, unknown> {
  try {
    return asObject(JSON.parse(body));
  } catch {
    // Not JSON after all: the status says enough.
    return {};
  }
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** RFC 9110, 10.2.3: a number of seconds or a date. */
function readRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}
