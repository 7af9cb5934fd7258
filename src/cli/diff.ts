import { Command } from "commander";
import type { DiffOptions } from "./command-options.ts";
import { fileArgument, inputFormatOption } from "./import.ts";

/** `secretsfly diff`: what it takes and says. What it does is loaded when it is used. */
export function diffCommand(): Command {
  return new Command("diff")
    .summary("compare a file with what apps get")
    .description("Compares the secrets of a file with those that apps get, by name.")
    .addArgument(fileArgument())
    .addOption(inputFormatOption())
    .option("--literal", "take ${NAME} as the text that it is, not as a reference to another secret")
    .option("--values", "show the values, too")
    .option("--json", "print an array of {name, kind}, with --values of {name, kind, file, server}")
    .addHelpText("after", help)
    .action(async (file: string, options: DiffOptions) => {
      const { diffFile } = await import("./diff-action.ts");
      await diffFile(file, options);
    });
}

const help = `
  + NAME   only in FILE ("added" in JSON)
  - NAME   only on the server ("removed")
  ~ NAME   in both, with another value ("changed")

FILE is read as "secretsfly import" reads it, and references are expanded as
they would be after an import. Values are shown on one line: a line break in
them as ␊, an escape as ␛ and so on; --json says them exactly.

Exit codes:
  0  the same
  1  different, or the server cannot be reached or refuses; the latter is told
     on stderr
  2  an option, an argument or a setting is wrong, or FILE cannot be read

Examples:
  secretsfly diff .env
  secretsfly diff --values .env | less
  vault kv get -format=json secret/shop | secretsfly diff --literal -
  secretsfly diff --json .env | jq -r '.[] | select(.kind == "removed").name'
`;
