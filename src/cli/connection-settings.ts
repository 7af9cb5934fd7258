import { isLoopback, normaliseApiBaseUrl } from "../client/api-base-url.ts";
import { CliError } from "./cli-error.ts";
import type { Environment } from "./environment.ts";
import { exitCodes } from "./exit-codes.ts";

/** Where the secrets come from, and the token that opens them. */
export interface ConnectionSettings {
  /** Ends in `/api`. */
  apiBaseUrl: string;
  token: string;
}

const defaultApiBaseUrl = "http://localhost:3000/api";

/**
 * Reads `SECRETSFLY_TOKEN` and `SECRETSFLY_API_BASE_URL`.
 *
 * @throws CliError when the token is missing or no service token, or the URL is none
 */
export function readConnectionSettings(env: Environment): ConnectionSettings {
  return { apiBaseUrl: readApiBaseUrl(env), token: readToken(env) };
}

function readApiBaseUrl(env: Environment): string {
  try {
    return normaliseApiBaseUrl(env.SECRETSFLY_API_BASE_URL || defaultApiBaseUrl);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CliError(`SECRETSFLY_API_BASE_URL ${error.message}`, exitCodes.usage);
  }
}

function readToken(env: Environment): string {
  const token = env.SECRETSFLY_TOKEN?.trim() ?? "";
  if (token === "") {
    throw new CliError(
      "SECRETSFLY_TOKEN is not set: it holds the service token to fetch with",
      exitCodes.usage,
    );
  }
  // Whatever else was pasted here (a master key, for one) is not sent anywhere.
  if (!/^sfly_[0-9A-Za-z_-]+$/.test(token)) {
    throw new CliError("SECRETSFLY_TOKEN is not a service token (sfly_…)", exitCodes.usage);
  }
  return token;
}

/**
 * Keeps a proxy from HTTP_PROXY away from a token that is meant for this machine: Bun's `fetch` asks the
 * proxy for localhost too unless NO_PROXY says otherwise.
 *
 * @param processEnv the process's own environment, which `fetch` reads and which is changed here
 */
export function bypassProxyForLoopback(apiBaseUrl: string, processEnv: NodeJS.ProcessEnv): void {
  if (isLoopback(apiBaseUrl)) processEnv.NO_PROXY = processEnv.no_proxy = new URL(apiBaseUrl).hostname;
}
