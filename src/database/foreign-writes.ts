import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { Client } from "@libsql/client";
import { ReplicaClient } from "./replica/replica-client.ts";

/** How writes of others, such as another process on the same file, are noticed. */
export interface ForeignWrites {
  /** Calls `onWrite` whenever somebody else may have written, until it is stopped. */
  watch(onWrite: () => void): ForeignWatch;
}

/** A watch that runs. */
export interface ForeignWatch {
  /** After how long somebody has to look anyway, since a write may come without being told. Milliseconds. */
  readonly lookEvery: number;
  stop(): void;
}

/** For a server, or a file that cannot be watched. Milliseconds. */
const lookWhereNothingIsTold = 2000;
/** For what a file system does not tell, such as one that is shared by two machines. Milliseconds. */
const lookWhereWritesAreTold = 15_000;

/**
 * Whoever writes changes the file first and lets others see it afterwards, once it is on the disk: after a file's
 * event the database is asked at these pauses for as long as a slow disk may take. Milliseconds.
 */
const [firstPause, longestPause, slowestDisk] = [10, 200, 1000] as const;

/**
 * Watches for the writes of others. `file` is the database's path: its folder is watched, and nothing is asked of the
 * database until something happens there. undefined: a database on a server, which tells nothing and has to be asked,
 * unless this machine has a replica of it.
 */
export function foreignWrites(file: string | undefined, client: Client): ForeignWrites {
  const told: ForeignWatch = { lookEvery: lookWhereNothingIsTold, stop: () => {} };
  if (client instanceof ReplicaClient)
    return { watch: (onWrite) => ({ lookEvery: lookWhereWritesAreTold, stop: client.onChange(onWrite) }) };
  return { watch: (onWrite) => (file === undefined ? told : new FileWatch(file, client, onWrite)) };
}

/** A file's writes by other connections than `client`'s. */
class FileWatch implements ForeignWatch {
  lookEvery = lookWhereWritesAreTold;
  readonly #watcher: FSWatcher | undefined;
  #timer: Timer | undefined;
  #isStopped = false;
  #isLooking = false;
  /** When the timer rings. */
  #dueAt = 0;
  /** SQLite's count of the commits by other connections. */
  #seen: unknown;
  #pause: number = firstPause;
  #until = 0;

  constructor(
    file: string,
    private readonly client: Client,
    private readonly onWrite: () => void,
  ) {
    const name = basename(file);
    try {
      // The folder and not the WAL, which is made anew by whoever opens the database first.
      this.#watcher = watch(dirname(file), { persistent: false }, (_, changed) => {
        if (changed === null || changed.startsWith(name)) this.#soon();
      });
      this.#watcher.on("error", () => this.#withoutEvents());
    } catch {
      // The system has no watches left, for one.
      this.#withoutEvents();
    }
    this.#soon();
  }

  stop(): void {
    this.#isStopped = true;
    this.#watcher?.close();
    clearTimeout(this.#timer);
  }

  #withoutEvents(): void {
    this.lookEvery = lookWhereNothingIsTold;
  }

  #soon(): void {
    this.#until = performance.now() + slowestDisk;
    this.#pause = firstPause;
    if (!this.#isLooking) this.#schedule();
  }

  /** Sets the timer, unless it rings earlier anyway: events that keep coming must not put it off. */
  #schedule(): void {
    const dueAt = performance.now() + this.#pause;
    if (this.#timer && this.#dueAt <= dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => this.#look(), this.#pause);
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    this.#isLooking = true;
    const count = await this.#foreignCommits();
    this.#isLooking = false;
    if (this.#isStopped) return;
    if (count !== undefined && count !== this.#seen) {
      this.#seen = count;
      this.onWrite();
    }
    if (performance.now() >= this.#until) return;
    this.#schedule();
    this.#pause = Math.min(longestPause, this.#pause * 2);
  }

  /** undefined where it cannot be told now: another look, or whoever looks anyway, makes up for it. */
  async #foreignCommits(): Promise<unknown> {
    try {
      const { rows } = await this.client.execute("PRAGMA data_version");
      return rows[0]?.[0];
    } catch {
      return undefined;
    }
  }
}
