import { statSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "./cli-error.ts";
import { errorCode } from "./error-code.ts";
import { exitCodes, signalExitCode } from "./exit-codes.ts";
import type { SignalRelay } from "./signal-relay.ts";

/** A command that was started. */
export type StartedCommand = Pick<Bun.Subprocess, "exited" | "exitCode" | "signalCode" | "kill">;

/**
 * Starts a command without a shell in between, on this process's own stdin, stdout and stderr.
 *
 * @param argv the command, looked up in the new environment's PATH, and its arguments as they are
 * @param signals gets the command, so that it receives what this process receives
 * @throws CliError with 127 when there is no such command, 126 when it cannot be run
 */
export function startCommand(
  argv: readonly [string, ...string[]],
  environment: ReadonlyMap<string, string>,
  signals: SignalRelay,
): StartedCommand {
  const command = start(argv, environment);
  signals.relayTo(command);
  return command;
}

/** Waits for a command's end: its exit code, or 128 + the number of the signal that it died of. */
export async function exitCodeOf(command: StartedCommand): Promise<number> {
  const exitCode = await command.exited;
  return command.signalCode === null ? exitCode : signalExitCode(command.signalCode);
}

function start(argv: readonly [string, ...string[]], environment: ReadonlyMap<string, string>) {
  try {
    return Bun.spawn([...argv], {
      env: Object.fromEntries(environment),
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    });
  } catch (error) {
    throw startFailure(argv[0], environment.get("PATH") ?? "", error);
  }
}

/** In words, from the code alone: the message of the error may quote the environment. */
function startFailure(command: string, path: string, error: unknown): CliError {
  const code = errorCode(error);
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return isFile(command, path)
        ? cannotRun(command, "it is not executable, or its interpreter is missing")
        : new CliError(`${command}: command not found`, exitCodes.notFound);
    case "EACCES":
    case "EPERM":
      return cannotRun(command, "permission denied");
    case "ENOEXEC":
      return cannotRun(command, "it is neither a program nor a script with a #! line");
    case "E2BIG":
      return cannotRun(command, "the secrets, the environment and the arguments together are too big");
    default:
      return cannotRun(command, code);
  }
}

function cannotRun(command: string, reason: string): CliError {
  return new CliError(`${command}: cannot be run: ${reason}`, exitCodes.cannotRun);
}

/** True when the command names a file, itself or in a folder of PATH, whether or not it can be executed. */
function isFile(command: string, path: string): boolean {
  if (command === "") return false;
  const candidates = command.includes("/")
    ? [command]
    : path.split(":").map((folder) => join(folder || ".", command));
  return candidates.some((candidate) => {
    try {
      return statSync(candidate).isFile();
    } catch {
      return false;
    }
  });
}
