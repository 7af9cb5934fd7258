import { RequestError, type SecretsflyClient } from "../client/index.ts";
import { Bursts } from "./bursts.ts";
import { CliError } from "./cli-error.ts";
import type { MakeEnvironment } from "./environment.ts";
import type { Fallback } from "./fallback.ts";
import type { SignalRelay } from "./signal-relay.ts";
import { WatchNotes } from "./watch-notes.ts";
import { WatchedCommand } from "./watched-command.ts";

/** A command to be started, and whom to ask whether it should be started anew. */
export interface WatchedRun {
  argv: readonly [string, ...string[]];
  signals: SignalRelay;
  client: SecretsflyClient;
  fallback: Fallback | undefined;
  makeEnvironment: MakeEnvironment;
  /** What the command is started with first, and the ETag of the list it was made of, where a server gave it. */
  start: { environment: ReadonlyMap<string, string>; etag: string | undefined };
  /** From SIGTERM to SIGKILL, when the command is restarted. */
  graceMs: number;
}

/** Somebody who saves ten secrets one by one restarts nothing ten times. */
const burstTimes = { quietMs: 300, mostMs: 2000 };

/** Between two attempts to fetch what has changed; doubled with each up to the most. */
const firstRetryMs = 1000;
const mostRetryMs = 30_000;

/** The list is asked for anew at least so often where there is a fallback. It costs an answer of 304. */
const mostRefreshMs = 86_400_000;

/** What no further attempt changes, where the server itself says it: the token's end, or its rights. */
const final: ReadonlySet<string> = new Set(["unauthorized", "forbidden"]);

/**
 * Starts the command, and starts it anew whenever the secrets give it another environment. It keeps what it has
 * when the new secrets cannot be fetched or used.
 *
 * @returns the exit code of the command that ended without being restarted
 * @throws CliError when it cannot be started
 */
export async function runAndWatch(run: WatchedRun): Promise<number> {
  const command = new WatchedCommand(run.argv, run.signals, run.graceMs);
  command.start(run.start.environment);
  const stop = new AbortController();
  void new Watcher(run, command, stop.signal).follow();
  try {
    return await command.ended;
  } finally {
    stop.abort();
  }
}

class Watcher {
  readonly #bursts = new Bursts(burstTimes);
  readonly #notes = new WatchNotes((line) => process.stderr.write(`secretsfly: ${line}\n`));
  #environment: ReadonlyMap<string, string>;
  #etag: string | undefined;
  #retryMs = firstRetryMs;
  /** The trouble that was told of, so that it is told once. */
  #trouble = "";
  #isOver = false;

  constructor(
    private readonly run: WatchedRun,
    private readonly command: WatchedCommand,
    private readonly signal: AbortSignal,
  ) {
    this.#environment = run.start.environment;
    this.#etag = run.start.etag;
  }

  /** Goes on until there is nothing more to learn. Never rejects. */
  async follow(): Promise<void> {
    void this.#listen();
    this.#keepFallbackYoung();
    while (!this.#isOver) {
      await this.#bursts.next();
      await this.#update();
    }
  }

  async #listen(): Promise<void> {
    try {
      for await (const { revision } of this.run.client.watch({
        signal: this.signal,
        onStatus: this.#notes.note,
      })) {
        if (!this.#etag?.endsWith(`.${revision}"`)) this.#bursts.note();
      }
    } catch (error) {
      await this.#end(error);
    }
  }

  /** Secrets that do not change for longer than the fallback may be old would leave none for a bad day. */
  #keepFallbackYoung(): void {
    if (this.run.fallback === undefined) return;
    setInterval(() => this.#bursts.note(), Math.min(this.run.fallback.maxAgeMs / 4, mostRefreshMs));
  }

  /** Fetches, and restarts the command if that gives it another environment. */
  async #update(): Promise<void> {
    try {
      const { secrets, etag } = await this.run.client.list({ signal: this.signal });
      const environment = this.run.makeEnvironment(secrets);
      await this.run.fallback?.save(secrets);
      if (this.#etag === undefined) process.stderr.write("secretsfly: the server answers again\n");
      this.#etag = etag;
      this.#retryMs = firstRetryMs;
      this.#trouble = "";
      await this.#restartWith(environment);
    } catch (error) {
      if (this.signal.aborted) return;
      if (error instanceof RequestError && !isFinal(error)) this.#tryAgain(error);
      else if (error instanceof CliError)
        this.#say(`${keepsRunning}, as the new ones cannot be used: ${error.message}`);
      else await this.#end(error);
    }
  }

  async #restartWith(environment: ReadonlyMap<string, string>): Promise<void> {
    const names = changedNames(this.#environment, environment);
    if (names.length === 0 || !this.command.mayRestart) return;
    const some = names.slice(0, 10).join(", ");
    const more = names.length > 10 ? ` and ${names.length - 10} more` : "";
    process.stderr.write(`secretsfly: secrets changed (${some}${more}); restarting\n`);
    this.#environment = environment;
    await this.command.restart(environment);
  }

  #tryAgain(error: RequestError): void {
    this.#say(`${keepsRunning}, as they cannot be fetched anew yet: ${error.message}`);
    setTimeout(() => this.#bursts.note(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, mostRetryMs);
  }

  #say(trouble: string): void {
    if (trouble !== this.#trouble) process.stderr.write(`secretsfly: ${trouble}\n`);
    this.#trouble = trouble;
  }

  /** The command stays: ending it would let who revokes a token stop what runs. */
  async #end(error: unknown): Promise<void> {
    if (this.signal.aborted || this.#isOver) return;
    this.#isOver = true;
    this.#notes.stop();
    const reason = error instanceof RequestError ? error.message : "an unexpected fault in secretsfly";
    process.stderr.write(
      `secretsfly: WARNING: ${keepsRunning}, and changes are no longer watched for: ${reason}\n`,
    );
    if (error instanceof RequestError) await this.run.fallback?.discardIfInvalid(error);
  }
}

const isFinal = ({ failure, problem }: RequestError) => final.has(failure) && problem !== undefined;

const keepsRunning = "the command keeps running with the secrets it has";

/** The names whose value is another, new or gone, in their order. */
function changedNames(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name)).sort();
}
