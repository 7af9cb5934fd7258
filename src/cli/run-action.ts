import { type FetchedSecret, fetchSecrets } from "../client/fetch-secrets.ts";
import { FetchSecretsError } from "../client/fetch-secrets-error.ts";
import { CliError } from "./cli-error.ts";
import { startAndWait } from "./command.ts";
import {
  bypassProxyForLoopback,
  type ConnectionSettings,
  readConnectionSettings,
} from "./connection-settings.ts";
import { buildEnvironment } from "./environment.ts";
import { exitCodes } from "./exit-codes.ts";
import { launchEnvironment } from "./launch-environment.ts";
import type { RunOptions } from "./run-options.ts";
import { SignalRelay } from "./signal-relay.ts";

/**
 * Fetches the secrets, starts the command with them and waits for its end.
 *
 * @param argv the command and its arguments
 * @returns the exit code to end with
 * @throws CliError when the settings are wrong, the fetch fails or the command cannot be started
 */
export async function run(argv: readonly [string, ...string[]], options: RunOptions): Promise<number> {
  const signals = new SignalRelay();
  const parent = launchEnvironment();
  const secrets = await fetchOrExplain(readConnectionSettings(parent));
  const { environment, leftOut } = buildEnvironment(parent, secrets, {
    onlySecrets: options.onlySecrets ?? false,
    preserve: options.preserveEnv ?? new Set(),
    allow: options.allow ?? new Set(),
  });
  if (leftOut.length > 0) {
    const names = leftOut.join(", ");
    process.stderr.write(
      `secretsfly: left out, as they decide what code runs (--allow NAME lets one in): ${names}\n`,
    );
  }
  return await startAndWait(argv, environment, signals);
}

async function fetchOrExplain(settings: ConnectionSettings): Promise<FetchedSecret[]> {
  bypassProxyForLoopback(settings.apiBaseUrl, process.env);
  try {
    return await fetchSecrets(settings);
  } catch (error) {
    if (!(error instanceof FetchSecretsError)) throw error;
    throw new CliError(error.message, exitCodes.failure);
  }
}
