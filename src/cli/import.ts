import { Argument, Command, Option } from "commander";
import { importFormats } from "../formats/format-names.ts";
import type { ImportOptions } from "./command-options.ts";

/** `FILE|-`: a file with secrets, in a command that reads one. */
export function fileArgument(): Argument {
  return new Argument("<FILE|->", "a file with secrets, or - for stdin");
}

/** `--format` of a command that reads a file. */
export function inputFormatOption(): Option {
  return new Option("-f, --format <FORMAT>", "what FILE is read as").choices(importFormats).default("auto");
}

/** `secretsfly import`: what it takes and says. What it does is loaded when it is used. */
export function importCommand(): Command {
  return new Command("import")
    .summary("create and change secrets from a file (write token)")
    .description("Creates and changes secrets from a file: all of them, or none where one cannot be.")
    .addArgument(fileArgument())
    .addOption(inputFormatOption())
    .option("--literal", "take ${NAME} as the text that it is, not as a reference to another secret")
    .option("-n, --dry-run", "check everything and say what would happen, but write nothing")
    .option(
      "--json",
      "print {dryRun, format, created, changed, unchanged, skipped}, with names in the last four",
    )
    .addHelpText("after", help)
    .action(async (file: string, options: ImportOptions) => {
      const { importFile } = await import("./import-action.ts");
      await importFile(file, options);
    });
}

const help = `
FILE is a .env or Docker env file, JSON or YAML: names with values, what
"secretsfly export" prints, a Kubernetes Secret, or what other managers print
(the examples below). Faults are told with their lines, never with a value, and
then nothing is sent. Secrets that FILE does not name stay; "secretsfly diff"
tells them. A secret that apps get with that very value already is left as it
is, inherited or not.

\${NAME} in a value stands for another secret, of FILE or of the server; $\${ is
a literal \${. With --literal nothing in FILE is a reference: right for values
that somebody else has expanded already. The file, as a request, has to fit into
what the server takes: 13 MiB, unless it was told otherwise.

Exit codes:
  0  imported, or would be
  1  FILE has faults, or the server cannot be reached or refuses: nothing was
     written
  2  an option, an argument or a setting is wrong, or FILE cannot be read

Examples:
  secretsfly import .env --dry-run
  secretsfly import .env
  doppler secrets download --no-file --format json |
    secretsfly import --literal -
  infisical export --format json | secretsfly import --literal -
  vault kv get -format=json secret/shop | secretsfly import --literal -
`;
