import { RequestError, type Secret, type SecretsflyClient } from "../client/index.ts";
import { CliError } from "./cli-error.ts";
import { exitCodeOf, startCommand } from "./command.ts";
import { openClient } from "./connect.ts";
import { type ConnectionSettings, readConnectionSettings } from "./connection-settings.ts";
import { buildEnvironment, type Environment, type MakeEnvironment } from "./environment.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Fallback } from "./fallback.ts";
import { launchEnvironment } from "./launch-environment.ts";
import type { RunOptions } from "./run-options.ts";
import { SignalRelay } from "./signal-relay.ts";

/** Further attempts where there is something to fall back to, unless the environment says otherwise. */
const retriesWithFallback = 1;

/** Why the server could not be asked, as opposed to what it said. */
const notAnswered: ReadonlySet<string> = new Set(["unreachable", "timeout", "unavailable"]);

/**
 * Fetches the secrets, starts the command with them and waits for its end.
 *
 * @param argv the command and its arguments
 * @returns the exit code to end with
 * @throws CliError when the settings are wrong, a required secret is missing or the command cannot be started;
 *   RequestError when the secrets cannot be fetched
 */
export async function run(argv: readonly [string, ...string[]], options: RunOptions): Promise<number> {
  const signals = new SignalRelay();
  const parent = launchEnvironment();
  const settings = await readConnectionSettings(parent);
  const fallback = await findFallback(parent, options, settings);
  const client = openClient(settings, fallback?.exists ? retriesWithFallback : undefined);
  const makeEnvironment = environmentMaker(parent, options);
  const { secrets, etag } = await fetchOrFallBack(client, fallback);
  const environment = makeEnvironment(secrets);
  // Not before: what nothing can be started with does not replace what something could be.
  if (etag !== undefined) await fallback?.save(secrets);
  if (!options.watch) return await exitCodeOf(startCommand(argv, environment, signals));
  const { runAndWatch } = await import("./watch-action.ts");
  const start = { environment, etag };
  return await runAndWatch({
    argv,
    signals,
    client,
    fallback,
    makeEnvironment,
    start,
    graceMs: options.grace,
  });
}

/** The fallback that an option or the environment asks for; without either nothing touches the disk. */
async function findFallback(
  env: Environment,
  options: RunOptions,
  settings: ConnectionSettings,
): Promise<Fallback | undefined> {
  const path = options.fallback ?? env.SECRETSFLY_FALLBACK;
  if (!path) return undefined;
  const { Fallback } = await import("./fallback.ts");
  return new Fallback(path, options.fallbackMaxAge, settings);
}

/** The secrets, and the ETag of the list; without one they are the fallback's. */
async function fetchOrFallBack(
  client: SecretsflyClient,
  fallback: Fallback | undefined,
): Promise<{ secrets: readonly Readonly<Secret>[]; etag?: string }> {
  try {
    return await client.list();
  } catch (error) {
    if (!(error instanceof RequestError) || fallback === undefined) throw error;
    if (notAnswered.has(error.failure)) return { secrets: await fallback.load(error) };
    await fallback.discardIfInvalid(error);
    throw error;
  }
}

function environmentMaker(parent: Environment, options: RunOptions): MakeEnvironment {
  let said = "";
  return (secrets) => {
    requireSecrets(secrets, options.require ?? new Set());
    const { environment, leftOut } = buildEnvironment(parent, secrets, {
      onlySecrets: options.onlySecrets ?? false,
      preserve: options.preserveEnv ?? new Set(),
      allow: options.allow ?? new Set(),
    });
    const names = leftOut.join(", ");
    if (names !== "" && names !== said) {
      process.stderr.write(
        `secretsfly: left out, as they decide what code runs (--allow NAME lets one in): ${names}\n`,
      );
    }
    said = names;
    return environment;
  };
}

/** An empty value is one, too: it is there because somebody put it there. */
function requireSecrets(secrets: readonly { name: string }[], names: ReadonlySet<string>): void {
  const there = new Set(secrets.map(({ name }) => name));
  const missing = [...names].filter((name) => !there.has(name));
  if (missing.length === 0) return;
  throw new CliError(`required and not there: ${missing.join(", ")}`, exitCodes.failure);
}
