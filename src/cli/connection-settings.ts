import { isLoopback, normaliseApiBaseUrl } from "../client/api-base-url.ts";
import { CliError } from "./cli-error.ts";
import type { Environment } from "./environment.ts";
import { exitCodes } from "./exit-codes.ts";
import { readToken } from "./token-source.ts";

/** Where the secrets come from, the token that opens them, and how patiently to ask. */
export interface ConnectionSettings {
  /** Ends in `/api`. */
  apiBaseUrl: string;
  token: string;
  /** For one attempt's whole answer. */
  timeoutMs: number;
  /** Further attempts after one that failed in passing; undefined where nobody said. */
  retries: number | undefined;
  /** Certificates in PEM that are trusted instead of the system's; undefined: the system's. */
  certificateAuthorities: string | undefined;
}

const defaultApiBaseUrl = "http://localhost:3000/api";
const defaultTimeoutSeconds = 10;

/**
 * Reads `SECRETSFLY_API_BASE_URL`, `SECRETSFLY_TOKEN` (or `_TOKEN_FILE`, `_TOKEN_FD`), `SECRETSFLY_CA_FILE`,
 * `SECRETSFLY_TIMEOUT` and `SECRETSFLY_RETRIES`. A token that comes from standard input uses that up.
 *
 * @throws CliError that names the variable at fault; a value that may be a secret is not repeated
 */
export async function readConnectionSettings(env: Environment): Promise<ConnectionSettings> {
  return {
    apiBaseUrl: readApiBaseUrl(env),
    timeoutMs: readTimeout(env) * 1000,
    retries: readRetries(env),
    token: await readToken(env),
    certificateAuthorities: await readCertificateAuthorities(env),
  };
}

function readApiBaseUrl(env: Environment): string {
  try {
    return normaliseApiBaseUrl(env.SECRETSFLY_API_BASE_URL || defaultApiBaseUrl);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CliError(`SECRETSFLY_API_BASE_URL ${error.message}`, exitCodes.usage);
  }
}

function readTimeout(env: Environment): number {
  const text = env.SECRETSFLY_TIMEOUT || String(defaultTimeoutSeconds);
  const seconds = Number(text);
  if (/^(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text) && seconds > 0 && seconds <= 3600) return seconds;
  throw new CliError("SECRETSFLY_TIMEOUT is not a number of seconds above 0, 3600 at most", exitCodes.usage);
}

function readRetries(env: Environment): number | undefined {
  const text = env.SECRETSFLY_RETRIES || undefined;
  if (text === undefined) return undefined;
  if (/^(?:0|[1-9]\d?)$/.test(text)) return Number(text);
  throw new CliError("SECRETSFLY_RETRIES is not a whole number from 0 to 99", exitCodes.usage);
}

async function readCertificateAuthorities(env: Environment): Promise<string | undefined> {
  const file = env.SECRETSFLY_CA_FILE || undefined;
  if (file === undefined) return undefined;
  const { readCertificates } = await import("./certificate-file.ts");
  return await readCertificates(file, "SECRETSFLY_CA_FILE");
}

/**
 * Keeps a proxy from HTTP_PROXY away from a token that is meant for this machine: Bun's `fetch` asks the
 * proxy for localhost too unless NO_PROXY says otherwise. What NO_PROXY says already stays.
 *
 * @param processEnv the process's own environment, which `fetch` reads and which is changed here
 */
export function bypassProxyForLoopback(apiBaseUrl: string, processEnv: NodeJS.ProcessEnv): void {
  if (!isLoopback(apiBaseUrl)) return;
  const already = processEnv.NO_PROXY || processEnv.no_proxy;
  const hosts = [...(already ? [already] : []), new URL(apiBaseUrl).hostname].join(",");
  processEnv.NO_PROXY = processEnv.no_proxy = hosts;
}
