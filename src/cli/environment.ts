import { CliError } from "./cli-error.ts";
import { exitCodes } from "./exit-codes.ts";
import { isProtectedName } from "./protected-names.ts";

/** A process's environment as it was given: names to values. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** How the command's environment is put together. */
export interface EnvironmentOptions {
  /** Start from the few variables of `onlySecretsKeeps` instead of the whole environment. */
  onlySecrets: boolean;
  /** Variables that keep the value they have: all of them, or these. */
  preserve: "all" | ReadonlySet<string>;
  /** Protected names that a secret may set all the same. */
  allow: ReadonlySet<string>;
}

/** Secrets → the command's environment. Throws CliError where they do not make one. */
export type MakeEnvironment = (
  secrets: readonly { name: string; value: string }[],
) => ReadonlyMap<string, string>;

/** What `--only-secrets` keeps, besides LC_*: programs can hardly start without. */
const onlySecretsKeeps: ReadonlySet<string> = new Set(
  "PATH HOME USER LOGNAME SHELL TERM LANG LANGUAGE TZ TMPDIR PWD".split(" "),
);

/** Linux: MAX_ARG_STRLEN is 32 pages, one byte of which ends the string. */
const maxVariableBytes = process.platform === "linux" ? 131_071 : Number.POSITIVE_INFINITY;

/**
 * Puts together what a command is started with. A secret beats a variable that is set already unless that
 * one is preserved; a protected name is left out unless it is allowed. What this program itself is told by
 * (SECRETSFLY_TOKEN and its like) never reaches the command.
 *
 * @returns the environment, and the names of the secrets that are not in it for being protected
 * @throws CliError (126) for a secret that no environment can hold; it names the secret, not the value
 */
export function buildEnvironment(
  parent: Environment,
  secrets: readonly { name: string; value: string }[],
  options: EnvironmentOptions,
): { environment: Map<string, string>; leftOut: string[] } {
  const environment = inheritedEnvironment(parent, options);
  const leftOut: string[] = [];
  for (const { name, value } of secrets) {
    if (environment.has(name) && isPreserved(name, options)) continue;
    if (isProtectedName(name) && !options.allow.has(name)) {
      leftOut.push(name);
      continue;
    }
    requirePassable(name, value);
    environment.set(name, value);
  }
  return { environment, leftOut };
}

function inheritedEnvironment(parent: Environment, options: EnvironmentOptions): Map<string, string> {
  const environment = new Map<string, string>();
  for (const [name, value] of Object.entries(parent)) {
    if (value === undefined || name.startsWith("SECRETSFLY_")) continue;
    if (options.onlySecrets && !isKept(name, options)) continue;
    environment.set(name, value);
  }
  return environment;
}

function isKept(name: string, { preserve }: EnvironmentOptions): boolean {
  return onlySecretsKeeps.has(name) || name.startsWith("LC_") || (preserve !== "all" && preserve.has(name));
}

function isPreserved(name: string, { preserve }: EnvironmentOptions): boolean {
  return preserve === "all" || preserve.has(name);
}

function requirePassable(name: string, value: string): void {
  const refuse = (reason: string) => new CliError(`the secret ${name} ${reason}`, exitCodes.cannotRun);
  if (value.includes("\0")) throw refuse("holds a NUL character, which no environment variable can");
  if (!value.isWellFormed()) throw refuse("is not Unicode text (half a surrogate pair)");
  const bytes = Buffer.byteLength(`${name}=${value}`);
  if (bytes > maxVariableBytes) {
    throw refuse(
      `is too long for an environment variable: ${bytes} bytes with its name, ${maxVariableBytes} at most`,
    );
  }
}
