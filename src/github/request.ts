import { answerFailure, connectionFailure } from "./failures.ts";
import { GitHubError } from "./github-error.ts";

/** What requests to GitHub need. */
interface GitHubConnection {
  /** e.g. `https://api.github.com`, without a trailing slash. */
  apiUrl: string;
  /** Sent to that address only. */
  token: string;
  /** GitHub refuses requests that do not say who asks. */
  userAgent: string;
  /** Waits, in milliseconds. */
  pause(milliseconds: number): Promise<void>;
  /** Milliseconds since 1970. */
  now(): number;
  /** Told before a wait that GitHub asked for, in seconds. */
  onWait(seconds: number): void;
}

/** A 2xx answer. */
export interface GitHubAnswer {
  status: number;
  headers: Headers;
  /** The body as JSON; undefined where it is none. */
  body: unknown;
}

/** Asks GitHub, again where that can help. `path` begins with `/`. Throws GitHubError for what is no 2xx. */
export type GitHubRequest = (
  method: "GET" | "PUT" | "DELETE",
  path: string,
  body?: object,
) => Promise<GitHubAnswer>;

const timeoutMs = 30_000;
const maxAttempts = 4;
/** A limit that ends later than this is told instead of waited for. */
const maxWaitSeconds = 300;

/**
 * Requests as GitHub's REST API wants them. Network faults, 5xx and rate limits are tried up to four times;
 * a limit is waited for as GitHub asks, or a minute and twice that each further time where it does not say.
 */
export function gitHubRequest(connection: GitHubConnection): GitHubRequest {
  return async (method, path, body) => {
    for (let attempt = 1; ; attempt++) {
      const outcome = await attemptOnce(connection, method, path, body);
      if (!(outcome instanceof GitHubError)) return outcome;
      const wait = attempt < maxAttempts ? secondsToWait(outcome, attempt) : undefined;
      if (wait === undefined || wait > maxWaitSeconds) throw outcome;
      if (outcome.failure === "rate-limited") connection.onWait(wait);
      await connection.pause(wait * 1000);
    }
  };
}

/** Seconds until a further attempt makes sense; undefined where none does. */
function secondsToWait({ failure, retryAfterSeconds }: GitHubError, attempt: number): number | undefined {
  switch (failure) {
    case "rate-limited":
      return retryAfterSeconds ?? 60 * 2 ** (attempt - 1);
    case "unavailable":
    case "unreachable":
    case "timeout":
      return retryAfterSeconds ?? 2 ** (attempt - 1);
    default:
      return undefined;
  }
}

async function attemptOnce(
  { apiUrl, token, userAgent, now }: GitHubConnection,
  method: string,
  path: string,
  content: object | undefined,
): Promise<GitHubAnswer | GitHubError> {
  const url = apiUrl + path;
  const headers: Record<string, string> = {
    Accept: "application/vnd.github+json",
    Authorization: `Bearer ${token}`,
    "User-Agent": userAgent,
    // The oldest version there is: every Enterprise Server that has versions knows it, and secrets are the
    // same in the later ones.
    "X-GitHub-Api-Version": "2022-11-28",
  };
  if (content !== undefined) headers["Content-Type"] = "application/json";
  try {
    const response = await fetch(url, {
      method,
      headers,
      ...(content === undefined ? {} : { body: JSON.stringify(content) }),
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = {
      status: response.status,
      headers: response.headers,
      body: parseJson(await response.text()),
    };
    return response.ok ? answer : answerFailure(answer, url, token, now());
  } catch (error) {
    return connectionFailure(error, url, token, timeoutMs);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
