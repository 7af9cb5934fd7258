import { Command } from "commander";
import { nameList } from "./option-values.ts";
import type { SyncGitHubOptions } from "./sync-github-options.ts";

/** `secretsfly sync`: writes the secrets to where something else reads them. One command for each place. */
export function syncCommand(): Command {
  return new Command("sync")
    .summary("write the secrets to another service")
    .description("Writes the service token's secrets to another service.")
    .addCommand(gitHubCommand());
}

function gitHubCommand(): Command {
  return new Command("github")
    .summary("write GitHub Actions secrets")
    .description(
      "Writes the service token's secrets as GitHub Actions secrets of a repository, or of one of its deployment " +
        "environments. Values are sealed with GitHub's public key before they leave this machine.",
    )
    .argument("<OWNER/REPO>", "the repository")
    .option("--environment <NAME>", "secrets of this deployment environment, not of the repository")
    .option("--prefix <PREFIX>", "put this before each name")
    .option("--skip <NAMES>", "leave these secrets alone, with commas between them", nameList)
    .option("--prune", "delete what else is there: names that begin with PREFIX, or all without one")
    .option("-y, --yes", "do not ask before --prune deletes; needed where there is no terminal")
    .option("-n, --dry-run", "check everything and say what would happen, but write nothing")
    .option(
      "--json",
      "print {repository, environment, dryRun, secrets}, the last an array of {name, secret, outcome}",
    )
    .option(
      "--api-url <URL>",
      "GitHub's API; https://HOST/api/v3 for Enterprise Server",
      "https://api.github.com",
    )
    .addHelpText("after", help)
    .action(async (repository: string, options: SyncGitHubOptions) => {
      const { syncGitHub } = await import("./sync-github-action.ts");
      await syncGitHub(repository, options);
    });
}

const help = `
Environment:
  GH_TOKEN, GITHUB_TOKEN   the GitHub token, the first that is set. A
                           fine-grained one needs read and write on "Secrets"
                           (with --environment on "Environments" too), a classic
                           one the scope "repo". A workflow's own GITHUB_TOKEN
                           may not write secrets.
  SECRETSFLY_...           where the secrets come from: "secretsfly --help"

GitHub keeps names in capitals, at most 100 secrets in one place, 48 KB each,
none of them empty and none called GITHUB_...; whatever does not fit is told
before anything is written. It tells no values, so every secret that is there
already is written again, and running the command twice does no harm.

Exit codes:
  0  everything is written, or would be
  1  a secret does not fit, or GitHub or the server cannot be reached or
     refuses; stderr says what was written until then
  2  an option, an argument or a setting is wrong; nothing was written

Examples:
  secretsfly sync github octo/app --dry-run
  secretsfly sync github octo/app --environment production --prefix APP_
  secretsfly sync github octo/app --prefix APP_ --prune --yes   (in a pipeline)
`;
