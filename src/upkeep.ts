import type { Database } from "./database/connect.ts";
import { isBusy } from "./database/constraint.ts";
import { isDatabaseUp } from "./database/health.ts";
import { localClient } from "./database/local-client.ts";
import {
  isFaultOfPrimary,
  isFaultOfWrites,
  type StorageFaultKind,
  storageFault,
  storageSentence,
} from "./database/storage-fault.ts";
import { type Logger, loggable } from "./logger.ts";
import { Forgetting } from "./memory/forgetting.ts";
import type { Sessions } from "./sessions/sessions.ts";
import type { ChangeFeed } from "./vault/change-feed.ts";
import { createEnvironments } from "./vault/environments.ts";
import type { HeadLog } from "./vault/head-log.ts";
import type { KnownTokens } from "./vault/known-tokens.ts";
import type { TokenUsage } from "./vault/token-usage.ts";
import type { Actor, Vault } from "./vault/vault.ts";

/** Who acts where nobody does. */
export const system: Actor = { id: "system", address: "", requestId: "" };

/** A write of counts that takes longer is followed by a rest of so many times as long; milliseconds. */
const [longFlush, restAfterFlush] = [100, 9] as const;

interface LookedAfter {
  vault: Vault;
  sessions: Sessions;
  knownTokens: KnownTokens;
  usage: TokenUsage;
  changes: ChangeFeed;
  heads: HeadLog;
  logger: Logger;
}

/** What a server does about once a second, asked or not: `tick` is to be called as often. */
export class Upkeep {
  #reopened = 0;
  #writeUsageFrom = 0;
  readonly #forgetting = new Forgetting();
  /** Environments that the settings name may be lacking: the database could not be written, or became another one. */
  #areEnvironmentsDue: boolean;

  constructor(private readonly services: LookedAfter) {
    this.#areEnvironmentsDue = services.vault.storage.fault !== undefined;
  }

  /** Seals what is over, writes what was counted, tells listeners and the log, and looks whether the database is there. */
  tick(): void {
    const { sessions, knownTokens, changes, heads, logger } = this.services;
    const sealed = sessions.sweep();
    if (sealed > 0) logger.info({ sealed }, "sealed after the time-out");
    void this.forgetSealed();
    knownTokens.sweep();
    this.#writeUsage().catch(this.#unlessStorage("the reads of service tokens could not be written"));
    changes
      .tick()
      .catch(this.#unlessStorage("what has changed could not be read; listeners are told as soon as it can"));
    heads.tick().catch(this.#unlessStorage("the head of the audit could not be read"));
    this.#lookAtStorage().catch(this.#unlessStorage("the database could not be looked after"));
  }

  /** What cannot be written is kept, and written with the next. */
  async #writeUsage(): Promise<void> {
    const { usage, vault } = this.services;
    const began = performance.now();
    if (began < this.#writeUsageFrom) return;
    if (await usage.flush()) vault.storage.worked();
    const took = performance.now() - began;
    // Of tens of thousands of tokens it takes a while, and others want to write, too.
    if (took > longFlush) this.#writeUsageFrom = performance.now() + restAfterFlush * took;
  }

  /** Overwrites what memory holds of root keys that were sealed, in whatever way, and of what they opened. */
  async forgetSealed(): Promise<void> {
    const { sessions, logger } = this.services;
    const sealed = sessions.takeDropped();
    if (sealed === 0) return;
    const began = performance.now();
    try {
      await this.#forgetting.run();
      const milliseconds = Math.round(performance.now() - began);
      logger.debug({ sealed, milliseconds }, "overwrote what memory held of sealed projects");
    } catch (error) {
      logger.warn(
        loggable(error),
        "what memory holds of sealed projects could not be overwritten everywhere",
      );
    }
  }

  /** Logs what failed, but of the storage only that it fails: another process that writes is no news. */
  #unlessStorage(what: string): (error: unknown) => void {
    return (error) => {
      const fault = storageFault(error);
      if (fault) this.services.vault.storage.met(fault);
      else if (!isBusy(error)) this.services.logger.warn(loggable(error), what);
    };
  }

  /** Finds a database file or a primary that is gone, or is back, and tells of what begins and what is over. */
  async #lookAtStorage(): Promise<void> {
    const { db, storage } = this.services.vault;
    const local = localClient(db.$client);
    const lost = await local?.look();
    if (lost) storage.met(lost);
    else if (storage.fault && (await isOver(storage.fault, db))) storage.worked();
    this.#tellNews();
    // A start without the primary could not add them.
    if (!lost && this.#areEnvironmentsDue) await createEnvironments(this.services.vault, system);
    this.#areEnvironmentsDue = lost !== undefined;
    if (local && local.reopened !== this.#reopened) {
      this.#reopened = local.reopened;
      await this.#startOver();
    }
  }

  #tellNews(): void {
    const { vault, logger } = this.services;
    const news = vault.storage.news();
    if (!news) return;
    if ("began" in news) logger.error({ fault: news.began }, storageSentence({ kind: news.began }));
    else logger.warn({ fault: news.ended }, "the database can be used again");
  }

  /** Another file was opened: it may be an older copy, or another database altogether. */
  async #startOver(): Promise<void> {
    const { vault, sessions, changes, heads, logger } = this.services;
    logger.warn("the database is another one than before: it was opened, and everything is sealed");
    sessions.sealAll();
    changes.poke();
    // Where it fails it is done again with the next look.
    this.#areEnvironmentsDue = true;
    await createEnvironments(vault, system);
    this.#areEnvironmentsDue = false;
    await heads.now();
  }
}

/** Of what keeps a database from being written only a write can tell that it is over; of a primary, its replica. */
async function isOver(kind: StorageFaultKind, db: Database): Promise<boolean> {
  return isFaultOfPrimary(kind) || (!isFaultOfWrites(kind) && (await isDatabaseUp(db)));
}
