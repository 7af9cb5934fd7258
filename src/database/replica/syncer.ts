import { fileURLToPath } from "node:url";
import type { Answer, Failed, Message, Settings, Synced } from "./protocol.ts";

/** Under this name the single executable is the process that keeps a replica up to date. */
const replicaCommand = "replica-process";

/** "silent": the process is gone, or has not answered in time. */
export type SyncOutcome = Synced | Failed | { fault: "silent" };

type Child = Bun.Subprocess<"ignore", "ignore", "ignore">;

/**
 * The process that keeps a replica up to date, as the server sees it. It is started with the first `sync`, and again after
 * it has ended; it ends by itself when the server does.
 */
export class Syncer {
  #child: Child | undefined;
  #lastId = 0;
  readonly #waiting = new Map<number, (outcome: SyncOutcome) => void>();
  #isStopped = false;

  constructor(private readonly settings: Settings) {}

  /**
   * Brings the replica up to what the primary holds now. One that does not answer in time is ended: its file is whole all
   * the same, as after any crash.
   *
   * @param patience - milliseconds
   */
  sync(patience: number): Promise<SyncOutcome> {
    return this.#ask(patience, false);
  }

  /** Removes the replica, unless another process keeps it up to date, and fills it from the beginning: as `sync`. */
  async fill(patience: number): Promise<SyncOutcome> {
    // Its library has the former files open.
    await this.end();
    return this.#ask(patience, true);
  }

  async #ask(patience: number, isAnew: boolean): Promise<SyncOutcome> {
    if (this.#isStopped) return { fault: "silent" };
    const child = this.#child ?? this.#start();
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<SyncOutcome>();
    this.#waiting.set(id, resolve);
    const timer = setTimeout(() => void this.end(), patience);
    try {
      child.send({ sync: id, isAnew } satisfies Message);
    } catch {
      // It has just ended.
      this.#lose(child);
    }
    const outcome = await promise;
    clearTimeout(timer);
    return outcome;
  }

  /** Ends the process, and waits until it is gone: from then on nobody has the replica's file open to write to it. */
  async end(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill("SIGKILL");
    await child.exited;
    this.#lose(child);
  }

  /** Ends it for good. */
  stop(): void {
    this.#isStopped = true;
    void this.end();
  }

  #start(): Child {
    const child: Child = Bun.spawn({
      cmd: commandOf(new URL("./replica-process.ts", import.meta.url)),
      stdin: "ignore",
      // The library writes its own words there, to which nobody has agreed.
      stdout: "ignore",
      stderr: "ignore",
      env: environmentOf(process.env),
      serialization: "json",
      ipc: (answer: Answer) => this.#settle(answer),
      onExit: () => this.#lose(child),
    });
    // Whatever else keeps the server running, this does not.
    child.unref();
    this.#child = child;
    child.send({ settings: this.settings } satisfies Message);
    return child;
  }

  #settle({ sync, ...outcome }: Answer): void {
    const resolve = this.#waiting.get(sync);
    this.#waiting.delete(sync);
    resolve?.(outcome);
  }

  #lose(child: Child): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    for (const resolve of this.#waiting.values()) resolve({ fault: "silent" });
    this.#waiting.clear();
  }
}

/** From source it is a file of ours; in the single executable, whose files are nowhere on disk, it is the executable itself. */
function commandOf({ href, pathname }: URL): string[] {
  const isExecutable = pathname.includes("/$bunfs/") || pathname.includes("/~BUN/");
  return isExecutable ? [process.execPath, replicaCommand] : [process.execPath, fileURLToPath(href)];
}

/** What a process needs to find its libraries and certificates, and none of the server's settings. */
function environmentOf(env: NodeJS.ProcessEnv): Record<string, string | undefined> {
  const names = ["PATH", "HOME", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH", "SystemRoot"];
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}
