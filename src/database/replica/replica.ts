import type { Client } from "@libsql/client";
import type { SqliteClient } from "../sqlite-client.ts";
import type { StorageFaultKind } from "../storage-fault.ts";
import { isDamage } from "./damage.ts";
import { Doubts } from "./doubts.ts";
import { type Head, type Lineage, type Relation, survey } from "./lineage.ts";
import { codeOf, type RebuildReason, type ReplicaNews, type Trouble, Troubles } from "./news.ts";
import type { Synced } from "./protocol.ts";
import type { ReplicaFile } from "./replica-file.ts";
import { Rounds } from "./rounds.ts";
import type { Syncer, SyncOutcome } from "./syncer.ts";
import { ReplicaView } from "./view.ts";

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
/**
 * For all that was written while the primary was not to be reached, and for the whole database: twice as long after each
 * time that it was not enough, since nothing is kept of what came until then, up to the longest.
 */
const [catchUpPatience, rebuildPatience, longestPatience] = [120_000, 900_000, 3_600_000] as const;
/** Until the primary is asked again where something is odd, in milliseconds. */
const doubtPause = 50;
/** Between two tries to get over a fault, in milliseconds. */
const retryEvery = 1000;
/** What is no event of the audit, such as how often tokens were used, is looked for so often. Milliseconds. */
const unheardEvery = 10_000;

/**
 * An embedded replica: a file of this machine that holds what the primary holds, a moment later. What is served of it
 * goes from one state of the primary to a later one and never back: whenever the primary could not be reached it is asked
 * what it is before anything is taken from it, and of what comes nothing is seen before it is known to continue what was.
 */
export class Replica {
  /** Called after what is read here has become another. */
  readonly listeners = new Set<() => void>();
  #view: ReplicaView | undefined;
  /** The primary's, when it was asked last: what it told then, it must have later on. */
  #told: Lineage | undefined;
  /** Why nothing can be written, or undefined. It is cut off until the primary has told what it is. */
  #fault: StorageFaultKind | undefined = "cut-off";
  #rebuilding: RebuildReason | undefined;
  #frame: number | undefined;
  readonly #doubts = new Doubts();
  /** By how much longer than usual it is waited for what comes. */
  #slowness = 1;
  readonly #troubles: Troubles;
  #changes = 0;
  #reopened = 0;
  /** What is read here may not be what the primary holds: it is asked soon. */
  #isDoubtful = false;
  #takenAt = Number.NEGATIVE_INFINITY;
  #caughtUpAt = Number.NEGATIVE_INFINITY;
  #isStopped = false;
  readonly #rounds: Rounds;

  constructor(private readonly parts: ReplicaParts) {
    this.#troubles = new Troubles(parts.tell);
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
   * @param toServe - milliseconds after which a file that can be served is served as it is
   * @param toFill - for how many milliseconds a file is tried to be filled where the primary does not give what it has
   * @returns whether there is something to read
   */
  async start(fault: RebuildReason | undefined, toServe: number, toFill: number): Promise<boolean> {
    if (!fault) this.#view = await ReplicaView.open(this.parts.file);
    if (!this.#view) this.#rebuilding = this.#begin(fault ?? "incomplete");
    const caughtUp = this.#rounds.run(() => this.#attempt(() => this.#meetAgain()));
    await (this.#rebuilding ? caughtUp : Promise.race([caughtUp, Bun.sleep(toServe)]));
    // A primary that tidies up its log has nothing to give meanwhile.
    const until = performance.now() + toFill;
    while (!this.#view && performance.now() < until) {
      await Bun.sleep(retryEvery);
      await this.#rounds.run(() => this.#attempt(() => this.#meetAgain()));
    }
    return this.#view !== undefined;
  }

  /** What is read from. Throws where there is nothing yet. */
  get local(): SqliteClient {
    return this.#read.client;
  }

  get #read(): ReplicaView {
    if (!this.#view) throw new Error("the replica is not filled yet");
    return this.#view;
  }

  /** Why nothing can be written now; undefined: the primary was reached when it was asked last. */
  get fault(): StorageFaultKind | undefined {
    return this.#fault;
  }

  /** What keeps it back though its primary answers; undefined: nothing that is known. */
  get trouble(): Trouble | undefined {
    return this.#troubles.last;
  }

  /** How often what is read has become another. */
  get changes(): number {
    return this.#changes;
  }

  /** How often another past, or another database, came in the place of what was read. */
  get reopened(): number {
    return this.#reopened;
  }

  /** For how long what is read may lack what others have written, in milliseconds. */
  get age(): number {
    return performance.now() - this.#caughtUpAt;
  }

  /**
   * Brings what is read up to what the primary holds now, if it can be reached: to be called after it was written to, or
   * has refused a write.
   *
   * @returns whether it is; false without a `fault`: it may be with the next try
   */
  catchUp(): Promise<boolean> {
    // Where a doubt is left the primary is asked, too: who writes all the time leaves no pause in which that comes by itself.
    const round = () => (this.#isDoubtful ? this.#look() : this.#take());
    return this.#rounds.run(() => this.#attempt(round));
  }

  /** Somebody could not reach the primary, or waits in vain for what it has: from now on it is tried to be reached again. */
  cutOff(): void {
    if (this.#fault) return;
    this.#fault = "cut-off";
    void this.#rounds.run(() => this.#attempt(() => this.#meetAgain()));
  }

  /** What is read makes no sense any more: it is filled anew. */
  async damaged(): Promise<void> {
    this.#rebuilding ??= this.#begin("damaged");
    this.#fault ??= "rebuilding";
    await this.#rounds.run(() => this.#attempt(() => this.#meetAgain()));
  }

  stop(): void {
    this.#isStopped = true;
    this.#fault ??= "cut-off";
    this.#rounds.stop();
    this.parts.syncer.stop();
    this.#view?.close();
  }

  /** Milliseconds until it is looked again. */
  #pause(): number {
    const { interval } = this.parts;
    if (this.#fault) return retryEvery;
    return this.#isDoubtful ? Math.min(interval, doubtPause) : interval;
  }

  /** Whether what is read is what the primary holds. Never throws: whatever fails is tried again. */
  async #attempt(round: () => Promise<boolean>): Promise<boolean> {
    const wasRebuilding = this.#rebuilding !== undefined;
    try {
      const isThere = !this.#fault && !this.#rebuilding ? await round() : await this.#meetAgain();
      // It has just turned out that the file is no use, or the primary another one.
      return this.#rebuilding && !wasRebuilding ? await this.#meetAgain() : isThere;
    } catch (error) {
      // What is closed meanwhile fails.
      if (this.#isStopped) return false;
      this.#fault ??= "cut-off";
      // The primary's errors are caught where it is asked: this is one of this machine.
      if (isDamage(error)) this.#rebuilding ??= this.#begin("damaged");
      else this.#troubles.met({ reason: "local", code: codeOf(error) });
      return false;
    }
  }

  /**
   * Asks the primary whether there is something new, and whether it is still the one that it was: one that is restarted
   * from an older copy of itself would be followed without a word, and what it writes then would be mixed with what it
   * has lost.
   */
  async #look(): Promise<boolean> {
    const wasDoubtful = this.#doubts.areThere;
    this.#isDoubtful = false;
    const met = await this.#ask();
    if (met?.relation !== "continues" || !met.lineage) return this.#meet(met);
    this.#told = met.lineage;
    const isNew = met.lineage.head?.hash !== this.#view?.lineage.head?.hash;
    if (isNew || wasDoubtful || performance.now() - this.#takenAt > unheardEvery)
      return this.#take(met.lineage);
    this.#caughtUpAt = performance.now();
    return true;
  }

  /**
   * Takes what is new from the primary.
   *
   * @param told - what it has told to have; undefined: it was not asked
   */
  async #take(told?: Lineage): Promise<boolean> {
    const before = this.#frame;
    const synced = await this.#pull(syncPatience, told);
    if (!synced) {
      // It may be over with the next try, which comes at once.
      if (!this.#fault && this.#doubts.areLong) this.#fault = "cut-off";
      return false;
    }
    // Something was written or was in the way of it, and here is nothing of it; or the log was begun anew.
    const isOdd = synced.frames === 0 || (before !== undefined && (synced.frame ?? -1) < before);
    this.#isDoubtful = told === undefined && isOdd;
    return true;
  }

  /** Asks a primary that was gone what it is by now, and then takes from it what is new. */
  async #meetAgain(): Promise<boolean> {
    return this.#meet(await this.#ask());
  }

  async #meet(met: Met | undefined): Promise<boolean> {
    if (!met) {
      this.#fault = "cut-off";
      this.#troubles.over();
      return false;
    }
    if (met.relation === "empty" || !met.lineage) {
      this.#fault = "foreign-primary";
      return false;
    }
    // Also where it is being filled anew for a lesser reason: what is read here is of the past, and so is all that was opened.
    const { relation } = met;
    if (relation !== "continues" && this.#rebuilding !== relation) this.#rebuilding = this.#begin(relation);
    if (this.#rebuilding) await this.#rebuild(this.#rebuilding, met.lineage);
    else await this.#catchUpWith(met.lineage);
    this.#told = met.lineage;
    return this.#fault === undefined;
  }

  async #catchUpWith(primary: Lineage): Promise<void> {
    const synced = await this.#pull(this.#patiently(catchUpPatience), primary);
    if (synced) this.#isCaughtUp();
    else if (this.#doubts.areMany) this.#rebuilding = this.#begin("damaged");
  }

  /**
   * Has the file brought up to date, with nothing of it seen before it is known to continue what was read here.
   *
   * @param told - what the primary has told to have: without that the file is not up to date
   * @returns undefined where it is not brought up to date
   */
  async #pull(patience: number, told: Lineage | undefined): Promise<Synced | undefined> {
    const view = this.#read;
    const { outcome, isContinued, isMoved } = await view.bring(() => this.parts.syncer.sync(patience));
    if (isMoved) this.#changed();
    if ("fault" in outcome) {
      // While it tidies up its log, which takes a second or so, it answers to all but this.
      if (outcome.fault === "unreachable" && !this.#fault) this.#doubt(false);
      else this.#failed(outcome);
      return undefined;
    }
    this.#frame = outcome.frame;
    if (!isContinued || (told && !(await view.holds(told)))) {
      this.#doubt(true);
      // What is read here is no longer in the file.
      if (!isContinued) this.#fault ??= "cut-off";
      return undefined;
    }
    this.#takenAt = this.#caughtUpAt = performance.now();
    view.settle(outcome.frames);
    this.#hasCome();
    return outcome;
  }

  #doubt(isWrong: boolean): void {
    // Before it is cut off the time alone decides.
    this.#doubts.met(isWrong && this.#fault !== undefined);
    this.#isDoubtful = true;
  }

  #hasCome(): void {
    this.#doubts.over();
    this.#slowness = 1;
    this.#troubles.over();
  }

  #patiently(milliseconds: number): number {
    return Math.min(milliseconds * this.#slowness, longestPatience);
  }

  /** Fills the file from the beginning. Whoever reads meanwhile reads what was there before. */
  async #rebuild(reason: RebuildReason, primary: Lineage): Promise<void> {
    const { file, syncer, tell } = this.parts;
    this.#fault = "rebuilding";
    const outcome = await syncer.fill(this.#patiently(rebuildPatience));
    if ("fault" in outcome) {
      this.#failed(outcome);
      return;
    }
    const filled = await ReplicaView.openWhole(file, primary);
    if (!filled) return;
    this.#view?.close();
    this.#view = filled;
    if (reason === "parted" || reason === "other") this.#reopened++;
    this.#rebuilding = undefined;
    this.#frame = outcome.frame;
    this.#takenAt = this.#caughtUpAt = performance.now();
    this.#changed();
    this.#isCaughtUp();
    tell({ rebuilt: reason });
    filled.settle(0);
  }

  #isCaughtUp(): void {
    this.#hasCome();
    this.#fault = undefined;
    this.#isDoubtful = false;
  }

  /** Only what the library calls damage is: whatever else it met, the file is as good as it was. */
  #failed({ fault }: Extract<SyncOutcome, { fault: string }>): void {
    this.#fault ??= "cut-off";
    this.#doubts.countAnew();
    if (fault === "silent") this.#slowness *= 2;
    if (fault === "damaged") this.#rebuilding ??= this.#begin("damaged");
    else this.#troubles.met({ reason: fault });
  }

  #begin(reason: RebuildReason): RebuildReason {
    this.#doubts.countAnew();
    this.parts.tell({ rebuilding: reason });
    return reason;
  }

  /** Another state is read from now on. */
  #changed(): void {
    this.#changes++;
    for (const listener of this.listeners) listener();
  }

  /** What the primary is to what is read here, and its own lineage; undefined: it does not say. */
  async #ask(): Promise<Met | undefined> {
    const known = this.#view?.lineage;
    const heads = [this.#told?.head, known?.head].filter((head): head is Head => head !== undefined);
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
