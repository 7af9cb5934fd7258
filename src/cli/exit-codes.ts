import { constants } from "node:os";

/** What the process ends with where no command's own code is passed on. As env(1) and POSIX shells have it. */
export const exitCodes = {
  /** The secrets could not be fetched. */
  failure: 1,
  /** An option, an argument or a setting is wrong. */
  usage: 2,
  /** The command is there and cannot be run. */
  cannotRun: 126,
  /** The command is not there. */
  notFound: 127,
} as const;

/**
 * The exit code for a death by signal: 128 + the signal's number.
 *
 * @param signal a name such as `SIGTERM`, or the number of one that has no name (real-time signals)
 */
export function signalExitCode(signal: NodeJS.Signals | number): number {
  return 128 + (typeof signal === "number" ? signal : constants.signals[signal]);
}
