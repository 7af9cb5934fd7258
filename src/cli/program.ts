import { Command } from "commander";
import { version } from "../../package.json" with { type: "json" };
import { runCommand } from "./run.ts";
import { serveCommand } from "./serve.ts";

/**
 * The whole command line. A command is added here and lives in a file of its own, which declares what it
 * takes and loads what it does when it is used.
 *
 * @returns a program that throws CommanderError instead of ending the process
 */
export function createProgram(): Command {
  const program = new Command("secretsfly")
    .description("Secrets for your app, from your own server, without a .env file on disk.")
    .version(version, "-V, --version", "show the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .enablePositionalOptions()
    .showHelpAfterError("(--help says more)")
    .addHelpText("after", help)
    .exitOverride();
  for (const command of [runCommand(), serveCommand()]) {
    program.addCommand(command.copyInheritedSettings(program));
  }
  return program;
}

const help = `
Environment:
  SECRETSFLY_TOKEN          the service token to fetch with (sfly_...)
  SECRETSFLY_API_BASE_URL   the server (default: http://localhost:3000/api)

Examples:
  secretsfly serve
  read -rs SECRETSFLY_TOKEN && export SECRETSFLY_TOKEN   (paste it; it stays out of the history)
  secretsfly run -- node server.js
  secretsfly run --help
`;
