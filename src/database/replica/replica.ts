import type { Client } from "@libsql/client";
import type { SqliteClient } from "../sqlite-client.ts";
import type { StorageFaultKind } from "../storage-fault.ts";
import { type Head, type Lineage, lineageOf, type Relation, survey } from "./lineage.ts";
import type { ReplicaFile } from "./replica-file.ts";
import { Rounds } from "./rounds.ts";
import type { Syncer, SyncOutcome } from "./syncer.ts";

/** What a replica is told to log, since nobody asks for it: why it is filled anew, and that it is. */
export type ReplicaNews = { rebuilding: RebuildReason } | { rebuilt: RebuildReason } | { trouble: Trouble };

/** What keeps a replica from being brought up to date though nothing is wrong with the primary. */
export type Trouble = "in-use" | "unsupported";

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
/** How long a start without a file tries to fill one, where the primary answers and does not give what it has. Milliseconds. */
const fillPatience = 60_000;
/** Until the primary is asked again where something is odd, in milliseconds. */
const doubtPause = 50;
/** Between two tries to reach a primary that is gone, at least. */
const retryEvery = 1000;
/** What is no event of the audit, such as how often tokens were used, is looked for so often. Milliseconds. */
const unheardEvery = 10_000;
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
  /** The primary's, when it was asked last: what it told then, it must have later on. */
  #told: Lineage | undefined;
  /** Why nothing can be written, or undefined. It is cut off until the primary has told what it is. */
  #fault: StorageFaultKind | undefined = "cut-off";
  #rebuilding: RebuildReason | undefined;
  #frame: number | undefined;
  #failures = 0;
  #trouble: Trouble | undefined;
  #changes = 0;
  #reopened = 0;
  /** A write told that what is read here may not be what the primary holds. */
  #isDoubtful = false;
  #takenAt = Number.NEGATIVE_INFINITY;
  #caughtUpAt = Number.NEGATIVE_INFINITY;
  readonly #rounds: Rounds;

  constructor(private readonly parts: ReplicaParts) {
    this.#rounds = new Rounds(
      () => this.#attempt(() => this.#look()),
      () => this.#pause(),
    );
  }

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
    const caughtUp = this.#rounds.run(() => this.#attempt(() => this.#meetAgain()));
    await (fault ? caughtUp : Promise.race([caughtUp, Bun.sleep(patience)]));
    // A primary that tidies up its log has nothing to give meanwhile.
    const until = performance.now() + fillPatience;
    while (!this.#local && performance.now() < until) {
      await Bun.sleep(retryEvery);
      await this.#rounds.run(() => this.#attempt(() => this.#meetAgain()));
    }
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

  /**
   * Brings what is read up to what the primary holds now, if it can be reached: to be called after it was written to, or
   * has refused a write.
   */
  async catchUp(): Promise<void> {
    await this.#rounds.run(() => this.#attempt(() => this.#take()));
  }

  /** Somebody could not reach the primary. */
  cutOff(): void {
    this.#fault ??= "cut-off";
  }

  /** What is read makes no sense any more: it is filled anew. */
  async damaged(): Promise<void> {
    this.#rebuilding ??= this.#begin("damaged");
    this.#fault ??= "rebuilding";
    await this.#rounds.run(() => this.#attempt(() => this.#meetAgain()));
  }

  stop(): void {
    this.#rounds.stop();
    this.parts.syncer.stop();
    this.#local?.close();
  }

  /** Milliseconds until it is looked again. */
  #pause(): number {
    const { interval } = this.parts;
    if (this.#fault) return Math.max(interval, retryEvery);
    return this.#isDoubtful ? Math.min(interval, doubtPause) : interval;
  }

  /** Never throws: whatever fails is tried again. */
  async #attempt(round: () => Promise<void>): Promise<void> {
    const wasRebuilding = this.#rebuilding !== undefined;
    try {
      if (!this.#fault && !this.#rebuilding) await round();
      else await this.#meetAgain();
      // It has just turned out that the file is no use, or the primary another one.
      if (this.#rebuilding && !wasRebuilding) await this.#meetAgain();
    } catch {
      this.#fault ??= "cut-off";
    }
  }

  /**
   * Asks the primary whether there is something new, and whether it is still the one that it was: one that is restarted
   * from an older copy of itself would be followed without a word, and what it writes then would be mixed with what it
   * has lost.
   */
  async #look(): Promise<void> {
    this.#isDoubtful = false;
    const met = await this.#ask();
    if (met?.relation !== "continues" || !met.lineage) {
      await this.#meet(met);
      return;
    }
    this.#told = met.lineage;
    const isNew = met.lineage.head?.hash !== this.#lineage?.head?.hash;
    if (isNew || performance.now() - this.#takenAt > unheardEvery) await this.#take();
    else this.#caughtUpAt = performance.now();
  }

  /** Takes what is new from the primary. */
  async #take(): Promise<void> {
    const before = this.#frame;
    const outcome = await this.parts.syncer.sync(syncPatience);
    if ("fault" in outcome) {
      this.#failed(outcome);
      return;
    }
    this.#frame = outcome.frame;
    this.#takenAt = this.#caughtUpAt = performance.now();
    if (outcome.frames > 0) await this.#moved();
    // Something was written or was in the way of it, and here is nothing of it; or the log was begun anew.
    this.#isDoubtful = outcome.frames === 0 || (before !== undefined && (outcome.frame ?? -1) < before);
  }

  /** Asks a primary that was gone what it is by now, and then takes from it what is new. */
  async #meetAgain(): Promise<void> {
    await this.#meet(await this.#ask());
  }

  async #meet(met: Met | undefined): Promise<void> {
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
    this.#told = met.lineage;
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
    tell({ rebuilt: reason });
  }

  #isCaughtUp(frame: number | undefined): void {
    this.#frame = frame;
    this.#failures = 0;
    this.#trouble = undefined;
    this.#fault = undefined;
    this.#isDoubtful = false;
    this.#takenAt = this.#caughtUpAt = performance.now();
  }

  #failed(outcome: Extract<SyncOutcome, { fault: string }>): void {
    this.#fault ??= "cut-off";
    this.#failures++;
    const trouble = outcome.fault === "in-use" || outcome.fault === "unsupported" ? outcome.fault : undefined;
    if (trouble && trouble !== this.#trouble) this.parts.tell({ trouble });
    this.#trouble = trouble;
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
  async #holds({ origin, head }: Lineage): Promise<boolean> {
    const { relation } = await survey(this.local, { origin, heads: head ? [head] : [] });
    return relation === "continues";
  }

  /** What the primary is to what is read here, and its own lineage; undefined: it does not say. */
  async #ask(): Promise<Met | undefined> {
    const heads = [this.#told?.head, this.#lineage?.head].filter((head): head is Head => head !== undefined);
    const known = this.#lineage;
    const asked = survey(this.parts.primary, { origin: known?.origin ?? "", heads }).catch(() => undefined);
    const met = await Promise.race([asked, Bun.sleep(askPatience).then(() => undefined)]);
    // Nothing is read here yet: whatever it is, is taken.
    return met && !known && met.lineage ? { ...met, relation: "continues" } : met;
  }
}

interface Met {
  relation: Relation;
  lineage: Lineage | undefined;
}
