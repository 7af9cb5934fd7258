import { isLoopback } from "../client/api-base-url.ts";
import type { SecretsPlace } from "../github/actions-secrets.ts";
import { gitHubNameFault } from "../github/sync-plan.ts";
import { CliError } from "./cli-error.ts";
import type { Environment } from "./environment.ts";
import { exitCodes } from "./exit-codes.ts";
import type { SyncGitHubOptions } from "./sync-github-options.ts";

/** What a sync is asked to do, checked. */
export interface SyncSettings {
  place: SecretsPlace;
  /** For people: the repository and the environment. */
  placeName: string;
  apiUrl: string;
  token: string;
  /** In capitals, perhaps empty. */
  prefix: string;
}

/**
 * Checks the command line, and reads GitHub's token from the environment: it is never an argument, which
 * every process of the machine can see.
 *
 * @throws CliError with exit code 2, for what GitHub could not mean
 */
export function readSyncSettings(
  repository: string,
  options: SyncGitHubOptions,
  env: Environment,
): SyncSettings {
  const place = readPlace(repository, options.environment);
  const placeName = options.environment === undefined ? repository : `${repository} (${options.environment})`;
  return {
    place,
    placeName,
    apiUrl: readApiUrl(options.apiUrl),
    token: readGitHubToken(env),
    prefix: readPrefix(options.prefix ?? ""),
  };
}

function readPlace(repository: string, environment: string | undefined): SecretsPlace {
  const [, owner = "", name = ""] = /^([A-Za-z0-9_-]+)\/([A-Za-z0-9._-]+)$/.exec(repository) ?? [];
  if (owner === "" || isDots(name)) throw usage("the repository is to be given as OWNER/REPO, e.g. octo/app");
  // An address with . or .. between its slashes would be that of another place.
  if (environment !== undefined && (environment.trim() === "" || isDots(environment))) {
    throw usage("--environment needs the name of a deployment environment");
  }
  return { owner, repository: name, environment };
}

const isDots = (text: string) => text === "." || text === "..";

function readPrefix(text: string): string {
  const prefix = text.toUpperCase();
  const fault = prefix === "" ? undefined : gitHubNameFault(prefix);
  if (fault !== undefined) throw usage(`--prefix cannot be used: ${fault}`);
  return prefix;
}

function readApiUrl(text: string): string {
  const url = URL.parse(text.trim());
  if (url === null) throw usage("--api-url is not a URL (expected e.g. https://github.example.com/api/v3)");
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw usage("--api-url must not hold a user name, a password, a query or a fragment");
  }
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.href))) {
    throw usage("--api-url must begin with https://, so that nobody reads the token on its way");
  }
  // From the first of them only: a long row in the middle would be read again from each.
  return url.origin + url.pathname.replace(/(?<!\/)\/+$/, "");
}

/** In the order of GitHub's own command line, `gh`. */
function readGitHubToken(env: Environment): string {
  const token = (env.GH_TOKEN?.trim() || env.GITHUB_TOKEN?.trim()) ?? "";
  if (token === "") {
    throw usage("GH_TOKEN or GITHUB_TOKEN is not set: it holds the GitHub token to write the secrets with");
  }
  // Whatever else was pasted here (a service token, for one) is not sent to GitHub.
  if (!/^[!-~]+$/.test(token) || /^(?:sfly|sfmk)_/.test(token)) {
    throw usage("GH_TOKEN or GITHUB_TOKEN does not hold a GitHub token");
  }
  return token;
}

function usage(message: string): CliError {
  return new CliError(message, exitCodes.usage);
}
