import { Command } from "commander";
import { version } from "../../package.json" with { type: "json" };
import { standardOutput } from "./output.ts";
import { describeUsageFault } from "./usage-fault.ts";

/** The commands as the help groups them. Each is loaded where it is needed: all of them would slow down every start. */
const commands: readonly { name: string; group: string; load: () => Promise<Command> }[] = [
  { name: "run", group: "Apps:", load: async () => (await import("./run.ts")).runCommand() },
  { name: "check", group: "Apps:", load: async () => (await import("./check.ts")).checkCommand() },
  { name: "secrets", group: "Secrets:", load: async () => (await import("./secrets.ts")).secretsCommand() },
  { name: "export", group: "Secrets:", load: async () => (await import("./export.ts")).exportCommand() },
  { name: "import", group: "Secrets:", load: async () => (await import("./import.ts")).importCommand() },
  { name: "diff", group: "Secrets:", load: async () => (await import("./diff.ts")).diffCommand() },
  { name: "sync", group: "Secrets:", load: async () => (await import("./sync.ts")).syncCommand() },
  { name: "serve", group: "This machine:", load: async () => (await import("./serve.ts")).serveCommand() },
  { name: "audit", group: "This machine:", load: async () => (await import("./audit.ts")).auditCommand() },
  { name: "backup", group: "This machine:", load: async () => (await import("./backup.ts")).backupCommand() },
  {
    name: "restore",
    group: "This machine:",
    load: async () => (await import("./restore.ts")).restoreCommand(),
  },
  { name: "verify", group: "This machine:", load: async () => (await import("./verify.ts")).verifyCommand() },
  {
    name: "completion",
    group: "This machine:",
    load: async () => (await import("./completion.ts")).completionCommand(),
  },
];

const helpCommand = ["help [command]", "show the help of a command"] as const;

/** Its script has all of the others in it. */
const needsAll = "completion";

/**
 * The command line. A command is added here and lives in a file of its own, which declares what it takes and loads
 * what it does when it is used.
 *
 * @param first the first argument: where it names a command, the others are left out
 * @returns a program that throws CommanderError instead of ending the process
 */
export async function createProgram(first: string | undefined): Promise<Command> {
  const program = new Command("secretsfly")
    .description("Secrets for your app, from your own server, without a .env file on disk.")
    .version(version, "-V, --version", "show the version")
    .helpOption("-h, --help", "show this help")
    .commandsGroup("This machine:")
    .helpCommand(...helpCommand)
    .enablePositionalOptions()
    .showHelpAfterError("(--help says more)")
    .addHelpText("after", help)
    .configureOutput({
      writeOut: (text) => standardOutput().write(text),
      outputError: (message, write) => write(describeUsageFault(message)),
    })
    .exitOverride();
  const one = commands.filter(({ name }) => name === first && name !== needsAll);
  for (const { group, load } of one.length > 0 ? one : commands) {
    program.addCommand(inherit(await load(), program).helpGroup(group));
  }
  return program;
}

/** Commander copies settings to sub-commands that it makes itself only. */
function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  // The program's own belongs to a group that there is not here.
  if (command.commands.length > 0) command.helpCommand(...helpCommand);
  for (const child of command.commands) inherit(child, command);
  return command;
}

const help = `
Environment:
  SECRETSFLY_TOKEN          the service token (sfly_...), or instead of it:
  SECRETSFLY_TOKEN_FILE     a file that holds the token; - is stdin
  SECRETSFLY_TOKEN_FD       the number of an open file that holds the token
  SECRETSFLY_API_BASE_URL   the server (default: http://localhost:3000/api)
  SECRETSFLY_CA_FILE        certificates (PEM) to trust, for a private CA
  SECRETSFLY_TIMEOUT        seconds for one request (default: 10)
  SECRETSFLY_RETRIES        further attempts when one fails in passing
                            (default: 2)
  SECRETSFLY_FALLBACK       a file in which "run" keeps the secrets, encrypted,
                            for when no server answers

Examples:
  secretsfly serve
  read -rs SECRETSFLY_TOKEN && export SECRETSFLY_TOKEN   (paste the token)
  secretsfly run -- node server.js
  secretsfly import .env --dry-run
  secretsfly secrets set --help
`;
