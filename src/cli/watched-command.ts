import { exitCodeOf, type StartedCommand, startCommand } from "./command.ts";
import type { SignalRelay } from "./signal-relay.ts";

/** Who sent one of these wants the command to end, and not to see it start again. */
const asksToEnd = ["SIGTERM", "SIGINT", "SIGQUIT"] as const;

/** A timer that is set for longer, 24 days, fires at once. */
const mostTimerMs = 2 ** 31 - 1;

/** A command that can be started anew with another environment, as the same to who waits for it. */
export class WatchedCommand {
  readonly #end = Promise.withResolvers<number>();
  #current: StartedCommand | undefined;
  #isRestarting = false;

  /** @param graceMs how long a command may take to end after SIGTERM; then SIGKILL ends it */
  constructor(
    private readonly argv: readonly [string, ...string[]],
    private readonly signals: SignalRelay,
    private readonly graceMs: number,
  ) {}

  /** The exit code of the command that ended by itself or by a signal from outside. */
  get ended(): Promise<number> {
    return this.#end.promise;
  }

  /** True when it is there and nobody has asked it to end. */
  get mayRestart(): boolean {
    return this.#isRunning && !asksToEnd.some((signal) => this.signals.received.has(signal));
  }

  get #isRunning(): boolean {
    return this.#current?.exitCode === null && this.#current.signalCode === null;
  }

  /** @throws CliError as `startCommand` does */
  start(environment: ReadonlyMap<string, string>): void {
    const command = startCommand(this.argv, environment, this.signals);
    this.#current = command;
    void exitCodeOf(command).then((exitCode) => {
      if (!this.#isRestarting) this.#end.resolve(exitCode);
    });
  }

  /**
   * Ends the command and starts it with another environment, unless it was asked to end meanwhile. A command that
   * then cannot be started is an end too: `ended` is rejected with the reason.
   */
  async restart(environment: ReadonlyMap<string, string>): Promise<void> {
    const former = this.#current;
    if (former === undefined || !this.mayRestart) return;
    this.#isRestarting = true;
    // A hang-up of before was for the command to deal with, and it went on. One from now on reaches nobody else.
    this.signals.received.delete("SIGHUP");
    former.kill("SIGTERM");
    const timer = setTimeout(() => former.kill("SIGKILL"), Math.min(this.graceMs, mostTimerMs));
    const exitCode = await exitCodeOf(former);
    clearTimeout(timer);
    this.#isRestarting = false;
    if ([...asksToEnd, "SIGHUP" as const].some((signal) => this.signals.received.has(signal))) {
      this.#end.resolve(exitCode);
      return;
    }
    try {
      this.start(environment);
    } catch (error) {
      this.#end.reject(error);
    }
  }
}
