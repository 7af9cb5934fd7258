import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { signalExitCode } from "./exit-codes.ts";

const relayed = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH"] as const;

/** What a terminal itself sends to every process of its foreground group: Ctrl-C, Ctrl-\, a new size. */
const sentByTerminal: ReadonlySet<string> = new Set(["SIGINT", "SIGQUIT", "SIGWINCH"]);

/**
 * Takes this process's signals: as long as there is no command they end it, afterwards they go to the
 * command, and this process lives on to pass on the command's exit code. Handlers are there from the
 * beginning because process 1 of a container dies of no signal that it has no handler for.
 *
 * A signal that is ignored when this starts (nohup) stays ignored.
 */
export class SignalRelay {
  /** What has come since the command was started, passed on or not. */
  readonly received = new Set<NodeJS.Signals>();

  #command: { kill(signal: NodeJS.Signals): void } | undefined;

  constructor() {
    const ignored = ignoredSignals();
    for (const signal of relayed) {
      if (((ignored >> BigInt(constants.signals[signal] - 1)) & 1n) === 0n) process.on(signal, this.#receive);
    }
  }

  /** From now on signals go to this command. */
  relayTo(command: { kill(signal: NodeJS.Signals): void }): void {
    this.#command = command;
  }

  readonly #receive = (signal: NodeJS.Signals): void => {
    if (this.#command === undefined) {
      if (signal !== "SIGWINCH") process.exit(signalExitCode(signal));
      return;
    }
    this.received.add(signal);
    if (!(sentByTerminal.has(signal) && isInForeground())) this.#command.kill(signal);
  };
}

/** The signals this process was started to ignore, as the kernel's mask: bit n - 1 for signal n. */
function ignoredSignals(): bigint {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    return BigInt(`0x${mask ?? "0"}`);
  } catch {
    return 0n;
  }
}

/**
 * True when this process and its command are the foreground group of a terminal, so that the command has
 * got what the terminal sends already. proc(5): in /proc/self/stat the group, the session, the terminal and
 * the terminal's foreground group follow the parent, which follows the name in parentheses and the state.
 * Elsewhere than on Linux: when standard input is a terminal.
 */
function isInForeground(): boolean {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return terminal !== "0" && group === foreground;
  } catch {
    // Loaded here and not above: it takes Bun as long as all the rest of the start.
    return process.getBuiltinModule("node:tty").isatty(0);
  }
}
