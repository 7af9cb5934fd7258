import type { ClientOptions, SecretsflyClient } from "../client/index.ts";
import { secretsfly } from "../client/index.ts";
import {
  bypassProxyForLoopback,
  type ConnectionSettings,
  readConnectionSettings,
} from "./connection-settings.ts";
import type { Environment } from "./environment.ts";

/**
 * The client that the environment asks for. Nothing is sent yet. Where `SECRETSFLY_TOKEN_FILE` is `-`, standard
 * input is used up by it.
 *
 * @param env what this process was started with: `launchEnvironment()`
 * @throws CliError for a setting that is missing or wrong
 */
export async function connect(env: Environment): Promise<SecretsflyClient> {
  return openClient(await readConnectionSettings(env));
}

/**
 * The client of settings that were read. Keeps this process's `fetch` from asking a proxy for this machine.
 *
 * @param defaultRetries further attempts after one that failed in passing, where the settings do not say
 */
export function openClient(settings: ConnectionSettings, defaultRetries = 2): SecretsflyClient {
  const { apiBaseUrl, token, timeoutMs, retries = defaultRetries, certificateAuthorities } = settings;
  bypassProxyForLoopback(apiBaseUrl, process.env);
  return secretsfly({
    ...{ baseUrl: apiBaseUrl, token, timeoutMs, retries },
    ...(certificateAuthorities !== undefined && { fetch: fetchTrusting(certificateAuthorities) }),
  });
}

/** A `fetch` that trusts these certificates and, as Bun has it, no others: the system's are replaced. */
function fetchTrusting(certificates: string): NonNullable<ClientOptions["fetch"]> {
  return (url, init) => fetch(url, { ...init, tls: { ca: certificates } });
}
