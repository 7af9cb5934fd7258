import { Command, InvalidArgumentError, type ParseOptionsResult } from "commander";
import { exitCodes } from "./exit-codes.ts";
import type { RunOptions } from "./run-options.ts";

/** `secretsfly run`: what it takes and says. What it does is loaded when it is used. */
export function runCommand(): Command {
  return new RunCommand("run")
    .summary("start a command with the secrets in its environment")
    .description(
      "Fetches the secrets and starts COMMAND with them in its environment, without a shell in between.",
    )
    .usage("[options] -- COMMAND [ARGS...]")
    .argument("[COMMAND...]", "the command and its arguments, passed on as they are")
    .helpOption("-h, --help", "show this help")
    .option("--only-secrets", "give COMMAND the secrets and, of the environment, only what is listed below")
    .option(
      "--preserve-env [=NAMES]",
      "variables that are set already beat secrets: all, or only A,B in --preserve-env=A,B",
      nameSet,
    )
    .option("--allow <NAMES>", "let secrets set these protected variables, with commas between them", nameSet)
    .passThroughOptions()
    .addHelpText("after", help)
    .action(async (argv: string[], options: RunOptions, command: Command) => {
      const [program, ...args] = argv;
      if (program === undefined) {
        command.error("error: no COMMAND to run (secretsfly run -- COMMAND ARGS...)", {
          exitCode: exitCodes.usage,
        });
      }
      const { run } = await import("./run-action.ts");
      process.exit(await run([program, ...args], options));
    });
}

/** `--preserve-env` takes a value after `=` only; the next word is the COMMAND. */
class RunCommand extends Command {
  override parseOptions(args: string[]): ParseOptionsResult {
    return super.parseOptions(this.#closeBareOptions(args));
  }

  /** Gives an own option whose value is left out the empty one, lest commander take the next word for it. */
  #closeBareOptions(args: string[]): string[] {
    const closed = [...args];
    for (let index = 0; index < closed.length; index++) {
      const arg = closed[index];
      if (arg === undefined || arg === "--" || !arg.startsWith("-")) break;
      const option = this.options.find((candidate) => [candidate.short, candidate.long].includes(arg));
      if (option?.optional) closed[index] = `${arg}=`;
      if (option?.required) index++;
    }
    return closed;
  }
}

/** A comma-separated list, added to what earlier uses of the option named; empty stands for all. */
function nameSet(
  list: string,
  earlier: "all" | ReadonlySet<string> | undefined,
): "all" | ReadonlySet<string> {
  if (list === "" || earlier === "all") return "all";
  const names = list.split(",").map((name) => name.trim());
  if (names.some((name) => !/^[^\s=]+$/.test(name))) {
    throw new InvalidArgumentError("Expected names with commas between them.");
  }
  return new Set([...(earlier ?? []), ...names]);
}

const help = `
A secret beats a variable of the same name that is set already, unless --preserve-env says otherwise.
SECRETSFLY_TOKEN itself is never passed on.

--only-secrets keeps PATH, HOME, USER, LOGNAME, SHELL, TERM, LANG, LANGUAGE, LC_*, TZ, TMPDIR, PWD and
what --preserve-env lists.

Protected are variables that decide what code runs: PATH, HOME, SHELL, ENV, BASH_ENV, LD_*, DYLD_*,
NODE_OPTIONS, BUN_*, PYTHONPATH, RUBYOPT, PERL5OPT, JAVA_TOOL_OPTIONS, GIT_SSH*, EDITOR, SECRETSFLY_* and
their like. A secret sets one only if --allow names it; otherwise it is left out and named on stderr.

Signals are passed on to COMMAND. The exit code is COMMAND's own, or:
  1    the secrets could not be fetched
  2    an option, an argument or a setting is wrong
  126  COMMAND was found and cannot be run, or a secret does not fit into an environment
  127  COMMAND was not found
  128+n  COMMAND died of signal n

Examples:
  secretsfly run -- node server.js
  secretsfly run --only-secrets -- ./deploy --to production
  secretsfly run --preserve-env=PORT,LOG_LEVEL -- bun start
  secretsfly run -- sh -c 'psql "$DATABASE_URL"'
`;
