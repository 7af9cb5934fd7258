import type { Client } from "@libsql/client";
import type { SqliteClient } from "../sqlite-client.ts";
import type { StorageFaultKind } from "../storage-fault.ts";
import { type Lineage, lineageOf, type Relation, relationTo } from "./lineage.ts";
import type { ReplicaFile } from "./replica-file.ts";
import type { Syncer, SyncOutcome } from "./syncer.ts";

/** What a replica is told to log, since nobody asks for it: why it is filled anew, and that it is. */
export type ReplicaNews = { rebuilding: RebuildReason } | { rebuilt: true } | { unsupported: true };

/**
 * Why a replica is filled from the beginning: `missing`, `incomplete` and `damaged` are the file's faults, `parted` and
 * `other` tell what the primary holds by now (see `Relation`).
 */
export type RebuildReason = "missing" | "incomplete" | "damaged" | "parted" | "other";

export interface ReplicaParts {
  file: ReplicaFile;
  primary: Client;
  syncer: Syncer;
  /** Milliseconds between two looks for what is new. */
  interval: number;
  tell: (news: ReplicaNews) => void;
}

/** How long the primary may take to tell what it is, in milliseconds. */
const askPatience = 3000;
/** For what others have written since the last look, in milliseconds. */
const syncPatience = 10_000;
/** For all that was written while the primary was not to be reached, and for the whole database. */
const [catchUpPatience, rebuildPatience] = [120_000, 900_000] as const;
/** Between two tries to reach a primary that is gone, at least. */
const retryEvery = 1000;
/** So often in vain, with a primary that answers, and the file is given up. */
const mostFailures = 20;

/**
 * An embedded replica: a file of this machine that holds what the primary holds, a moment later. What is served of it
 * goes from one state of the primary to a later one and never back: whenever the primary could not be reached it is asked
 * what it is before anything is taken from it, and what comes then is seen as a whole or not at all.
 */
export class Replica {
  /** Called after what is read here has become another. */
  readonly listeners = new Set<() => void>();
  #local: SqliteClient | undefined;
  /** Of what is read here. */
  #lineage: Lineage | undefined;
  /** Why nothing can be written, or undefined. It is cut off until the primary has told what it is. */
  #fault: StorageFaultKind | undefined = "cut-off";
  #rebuilding: RebuildReason | undefined;
  #frame: number | undefined;
  #failures = 0;
  #changes = 0;
  #reopened = 0;
  #caughtUpAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;
  #queued: Promise<void> | undefined;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(private readonly parts: ReplicaParts) {}

  /**
   * Opens the file where it can be served, looks for what is new, and goes on doing so. Without a file that can be served
   * it waits until it is filled.
   *
   * @param fault - why the file cannot be served, as it says itself; undefined: it can
   * @param patience - milliseconds after which a file that can be served is served as it is
   * @returns whether there is something to read
   */
  async start(fault: RebuildReason | undefined, patience: number): Promise<boolean> {
    const { file } = this.parts;
    if (fault) this.#rebuilding = this.#begin(fault);
    else {
      this.#local = file.open();
      this.#lineage = await lineageOf(this.#local);
    }
    const caughtUp = this.catchUp();
    await (fault ? caughtUp : Promise.race([caughtUp, Bun.sleep(patience)]));
    return this.#local !== undefined;
  }

  /** What is read from. Throws where there is nothing yet. */
  get local(): SqliteClient {
    if (!this.#local) throw new Error("the replica is not filled yet");
    return this.#local;
  }

  /** Why nothing can be written now; undefined: the primary was reached when it was asked last. */
  get fault(): StorageFaultKind | undefined {
    return this.#fault;
  }

  /** How often what is read has become another. */
  get changes(): number {
    return this.#changes;
  }

  /** How often another past, or another database, came in the place of what was read. */
  get reopened(): number {
    return this.#reopened;
  }

  /** For how long the primary has not been heard of, in milliseconds. */
  get age(): number {
    return performance.now() - this.#caughtUpAt;
  }

  /** Brings what is read up to what the primary holds now, if it can be reached. */
  catchUp(): Promise<void> {
    if (!this.#running) {
      clearTimeout(this.#timer);
      this.#running = this.#round().finally(() => {
        this.#running = undefined;
        this.#schedule();
      });
      return this.#running;
    }
    // What runs may have asked the primary before.
    this.#queued ??= this.#running.then(() => {
      this.#queued = undefined;
      return this.catchUp();
    });
    return this.#queued;
  }

  /** Somebody could not reach the primary. */
  cutOff(): void {
    this.#fault ??= "cut-off";
  }

  /** What is read makes no sense any more: it is filled anew. */
  async damaged(): Promise<void> {
    this.#rebuilding ??= this.#begin("damaged");
    this.#fault ??= "rebuilding";
    await this.catchUp();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.parts.syncer.stop();
    this.#local?.close();
  }

  #schedule(): void {
    if (this.#isStopped) return;
    const { interval } = this.parts;
    const wait = this.#fault ? Math.max(interval, retryEvery) : interval;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.catchUp(), wait);
  }

  /** Never throws: whatever fails is tried again. */
  async #round(): Promise<void> {
    if (this.#isStopped) return;
    try {
      if (!this.#fault && !this.#rebuilding) await this.#follow();
      // Also where that has just failed, or has shown that the primary is another one.
      else await this.#meetAgain();
    } catch {
      this.#fault ??= "cut-off";
    }
  }

  /** Takes what is new from the primary that it has followed all the time. */
  async #follow(): Promise<void> {
    const before = this.#frame;
    const outcome = await this.parts.syncer.sync(syncPatience);
    if ("fault" in outcome) {
      this.#failed(outcome);
      return;
    }
    this.#frame = outcome.frame;
    if (before !== undefined && (outcome.frame ?? -1) < before) {
      // It began its log anew: perhaps it is another one.
      this.#fault = "cut-off";
      this.#changed();
    } else {
      this.#caughtUpAt = performance.now();
      if (outcome.frames > 0) await this.#moved();
    }
  }

  /** Asks a primary that was gone what it is by now, and then takes from it what is new. */
  async #meetAgain(): Promise<void> {
    const met = await this.#ask();
    if (!met) {
      this.#fault = "cut-off";
      return;
    }
    if (met.relation === "empty" || !met.lineage) {
      this.#fault = "foreign-primary";
      return;
    }
    if (met.relation !== "continues") this.#rebuilding ??= this.#begin(met.relation);
    if (this.#rebuilding) await this.#rebuild(this.#rebuilding, met.lineage);
    else await this.#catchUpWith(met.lineage);
  }

  async #catchUpWith(primary: Lineage): Promise<void> {
    const { local } = this;
    // A log that began anew may go through states that were long ago: nobody here is to see them.
    await local.execute("BEGIN");
    let outcome: SyncOutcome;
    try {
      await local.execute("SELECT count(*) FROM sqlite_master");
      outcome = await this.parts.syncer.sync(catchUpPatience);
    } finally {
      await local.execute("COMMIT");
    }
    await this.#moved();
    if ("fault" in outcome) this.#failed(outcome);
    else if (!(await this.#holds(primary))) this.#rebuilding = this.#begin("damaged");
    else this.#isCaughtUp(outcome.frame);
  }

  /** Fills the file from the beginning. Whoever reads meanwhile reads what was there before. */
  async #rebuild(reason: RebuildReason, primary: Lineage): Promise<void> {
    const { file, syncer, tell } = this.parts;
    this.#fault = "rebuilding";
    await syncer.end();
    file.remove();
    const outcome = await syncer.sync(rebuildPatience);
    if ("fault" in outcome) {
      this.#failed(outcome);
      return;
    }
    const former = this.#local;
    const filled = file.open();
    this.#local = filled;
    if (!(await this.#holds(primary))) {
      this.#local = former;
      filled.close();
      return;
    }
    former?.close();
    if (reason === "parted" || reason === "other") this.#reopened++;
    this.#rebuilding = undefined;
    await this.#moved();
    this.#isCaughtUp(outcome.frame);
    tell({ rebuilt: true });
  }

  #isCaughtUp(frame: number | undefined): void {
    this.#frame = frame;
    this.#failures = 0;
    this.#fault = undefined;
    this.#caughtUpAt = performance.now();
  }

  #failed(outcome: Extract<SyncOutcome, { fault: string }>): void {
    this.#fault ??= "cut-off";
    this.#failures++;
    if (outcome.fault === "unsupported") this.parts.tell({ unsupported: true });
    const isGivenUp =
      outcome.fault === "damaged" || (this.#failures >= mostFailures && outcome.fault === "failed");
    if (isGivenUp) this.#rebuilding ??= this.#begin("damaged");
  }

  #begin(reason: RebuildReason): RebuildReason {
    this.#failures = 0;
    this.parts.tell({ rebuilding: reason });
    return reason;
  }

  /** Another state is read from now on. */
  async #moved(): Promise<void> {
    this.#changed();
    this.#lineage = await lineageOf(this.local);
    if (this.#lineage) this.parts.file.mark(this.#lineage);
  }

  #changed(): void {
    this.#changes++;
    for (const listener of this.listeners) listener();
  }

  /** Whether what is read here has all that the primary had. */
  async #holds(primary: Lineage): Promise<boolean> {
    return (await relationTo(this.local, primary)) === "continues";
  }

  /** What the primary is to what is read here, and its own lineage; undefined: it does not say. */
  async #ask(): Promise<{ relation: Relation; lineage: Lineage | undefined } | undefined> {
    const { primary } = this.parts;
    const known = this.#lineage;
    const asked = (async () => {
      const lineage = await lineageOf(primary);
      if (!lineage) return { relation: "empty", lineage } as const;
      return { relation: known ? await relationTo(primary, known) : "continues", lineage } as const;
    })();
    const late = Bun.sleep(askPatience).then(() => undefined);
    return Promise.race([asked.catch(() => undefined), late]);
  }
}
