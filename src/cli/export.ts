import { Command, Option } from "commander";
import { exportFormats } from "../formats/format-names.ts";
import type { ExportOptions } from "./command-options.ts";
import { nameList } from "./option-values.ts";

/** `secretsfly export`: what it takes and says. What it does is loaded when it is used. */
export function exportCommand(): Command {
  return new Command("export")
    .summary("print all secrets in a format of your choice")
    .description("Prints all secrets that an app gets, in one of these formats.")
    .addOption(
      new Option("-f, --format <FORMAT>", "one of the formats below")
        .choices(exportFormats)
        .default("env" as const),
    )
    .addOption(new Option("--json", "the same as --format json").conflicts("format"))
    .option(
      "-o, --output <FILE>",
      "write to FILE instead of stdout: complete or not at all, for you alone (0600)",
    )
    .option("--allow <NAMES>", "let in these protected variables, with commas between them", nameList)
    .addHelpText("after", help)
    .action(async (options: ExportOptions) => {
      const { exportSecrets } = await import("./export-action.ts");
      await exportSecrets(options.json ? { ...options, format: "json" } : options);
    });
}

const help = `
  env      a .env file that dotenv and a shell read alike; refuses what they
           would not
  docker   for docker run --env-file; refuses line breaks
  json     {"secrets":[{"id","name","value"}]}, as the API answers
  map      {"NAME":"value"}
  yaml     NAME: "value"
  k8s      a Kubernetes Secret, for kubectl apply -f -
  github   for $GITHUB_ENV: the steps that follow have them. In a job of GitHub
           Actions the values are masked in its log, by commands on stderr. -o
           appends, so that other lines of the file stay
  shell    export NAME='value' lines for sh, bash and zsh; any value

Variables that decide what code runs (PATH, LD_PRELOAD, NODE_OPTIONS and their
like; see "secretsfly run --help") are left out of env, shell and github, and
named on stderr, unless --allow names them.

A secret that a format cannot hold is refused by its name, and nothing is
written.

Exit codes:
  0  exported
  1  a secret does not fit, FILE cannot be written, or the server cannot be
     reached or refuses
  2  an option, an argument or a setting is wrong

Examples:
  secretsfly export -o .env
  secretsfly export --format k8s | kubectl apply -f -
  secretsfly export --format github -o "$GITHUB_ENV"
  secrets=$(secretsfly export --format shell) && eval "$secrets"
`;
