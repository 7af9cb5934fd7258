import { Command } from "commander";
import type { CheckOptions } from "./command-options.ts";
import { nameList } from "./option-values.ts";

/** `secretsfly check`: what it takes and says. What it does is loaded when it is used. */
export function checkCommand(): Command {
  return new Command("check")
    .summary("fail where secrets are missing that an app needs")
    .description("Tells which of the secrets that an app needs are missing. Values are not looked at.")
    .option("--require-file <FILE>", "all names of this file, such as .env.example; - for stdin")
    .option("--require <NAMES>", "these names, with commas between them", nameList)
    .option("--json", "print {required, missing}, both lists of names")
    .addHelpText("after", help)
    .action(async (options: CheckOptions) => {
      const { checkRequired } = await import("./check-action.ts");
      await checkRequired(options);
    });
}

const help = `
FILE may be anything that "secretsfly import" reads. What its values are does
not matter: an example may leave them empty. A secret with an empty value is
there.

The missing names go to stdout, one a line.

Exit codes:
  0  all are there
  1  some are missing, or the server cannot be reached or refuses; stderr says
     which
  2  an option, an argument or a setting is wrong, or FILE cannot be read

Examples:
  secretsfly check --require-file .env.example
  secretsfly check --require DATABASE_URL,API_KEY && ./deploy
`;
