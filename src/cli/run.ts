import { Command, InvalidArgumentError, Option, type ParseOptionsResult } from "commander";
import { parseDuration } from "./duration.ts";
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
    .option("--only-secrets", "give COMMAND the secrets and, of the environment, only what is listed below")
    .option(
      "--preserve-env [=NAMES]",
      "variables that are set already beat secrets: all, or only A,B in --preserve-env=A,B",
      namesOrAll,
    )
    .option("--allow <NAMES>", "let secrets set these protected variables, with commas between them", names)
    .option(
      "--require <NAMES>",
      "start nothing unless these secrets are there, with commas between them",
      names,
    )
    .option("--watch", "start COMMAND anew when its secrets change")
    .option(
      "--fallback <FILE>",
      "keep the secrets, encrypted, for when the server cannot be reached",
      filePath,
    )
    .option("--no-fallback", "no such file, whatever SECRETSFLY_FALLBACK says")
    .addOption(
      new Option("--fallback-max-age <DURATION>", "use none that are older, e.g. 90m, 24h, 7d")
        .argParser(duration)
        .default(parseDuration("7d"), "7d"),
    )
    .addOption(
      new Option("--grace <DURATION>", "from SIGTERM to SIGKILL at a restart")
        .argParser(duration)
        .default(parseDuration("10s"), "10s")
        .hideHelp(),
    )
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

/** A comma-separated list, added to what earlier uses of the option named. */
function names(list: string, earlier: ReadonlySet<string> = new Set()): ReadonlySet<string> {
  const given = list.split(",").map((name) => name.trim());
  if (given.some((name) => !/^[^\s=]+$/.test(name))) {
    throw new InvalidArgumentError("Expected names with commas between them.");
  }
  return new Set([...earlier, ...given]);
}

/** As above; empty stands for all. */
function namesOrAll(
  list: string,
  earlier: "all" | ReadonlySet<string> | undefined,
): "all" | ReadonlySet<string> {
  return list === "" || earlier === "all" ? "all" : names(list, earlier);
}

function duration(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) throw new InvalidArgumentError("Expected e.g. 45s, 90m, 24h or 7d.");
  return milliseconds;
}

function filePath(text: string): string {
  if (text === "") throw new InvalidArgumentError("Expected the path of a file.");
  return text;
}

const help = `
A secret beats a variable of the same name that is set already, unless
--preserve-env says otherwise. COMMAND gets neither the token nor any other
SECRETSFLY_* variable.

--only-secrets keeps PATH, HOME, USER, LOGNAME, SHELL, TERM, LANG, LANGUAGE,
LC_*, TZ, TMPDIR, PWD and what --preserve-env lists.

Protected are variables that decide what code runs: PATH, HOME, SHELL, ENV,
BASH_ENV, LD_*, DYLD_*, NODE_OPTIONS, BUN_*, PYTHONPATH, RUBYOPT, PERL5OPT,
JAVA_TOOL_OPTIONS, GIT_SSH*, EDITOR, SECRETSFLY_* and their like. A secret sets
one only if --allow names it; otherwise it is left out and named on stderr.

--watch waits until a burst of changes is over, fetches, and starts COMMAND anew
only if its environment would be another: SIGTERM, 10 s to end, SIGKILL. COMMAND
keeps running with what it has when the new secrets cannot be fetched, when one
that --require names is gone, and when the token is revoked, which also ends the
watching; a line on stderr says so, and when the server is away for a minute.
When COMMAND ends by itself, so does this; after SIGTERM, SIGINT or SIGQUIT it
is not started anew.

--fallback writes the secrets to FILE after each fetch that COMMAND could be
started with, encrypted with a key that is made from the token, readable by its
owner only. Its folder has to be there. FILE is used when nobody answers, not in
time, or with 5xx, and a warning on stderr says how old it is; never when the
server says no, a certificate is wrong or something else answers. It opens with
the same token and server only. Once the server calls the token invalid, FILE is
removed. Without --fallback and SECRETSFLY_FALLBACK nothing is written to the
disk.

Environment:
  SECRETSFLY_TOKEN          the service token (sfly_...), or instead of it:
  SECRETSFLY_TOKEN_FILE     a file that holds the token; - is standard input
  SECRETSFLY_TOKEN_FD       the number of an open file that holds the token
  SECRETSFLY_API_BASE_URL   the server, with or without /api
                            (default: http://localhost:3000/api)
  SECRETSFLY_CA_FILE        certificates (PEM) to trust in place of the
                            system's, for a private CA
  SECRETSFLY_TIMEOUT        seconds to wait for one answer (default: 10)
  SECRETSFLY_RETRIES        further attempts when nobody answers, or with 429
                            or 5xx (default: 2; 1 where there is a fallback)
  SECRETSFLY_FALLBACK       as --fallback

Signals are passed on to COMMAND. The exit code is COMMAND's own, or:
  1      the secrets could not be fetched, or a required one is not there
  2      an option, an argument or a setting is wrong
  126    COMMAND was found and cannot be run, or a secret does not fit into an
         environment
  127    COMMAND was not found
  128+n  COMMAND died of signal n

Examples:
  secretsfly run -- node server.js
  secretsfly run --watch --require DATABASE_URL,API_KEY -- node server.js
  secretsfly run --fallback /var/lib/app/secrets.sealed -- ./app
  secretsfly run --only-secrets -- ./deploy --to production
  secretsfly run --preserve-env=PORT,LOG_LEVEL -- bun start
  secretsfly run -- sh -c 'psql "$DATABASE_URL"'
  SECRETSFLY_TOKEN_FILE=/run/secrets/token secretsfly run -- ./app
`;
