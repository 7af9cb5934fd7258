import { eq, sql } from "drizzle-orm";
import { runBatch, type Statement, writeSql } from "../database/batch.ts";
import type { Database } from "../database/connect.ts";
import { serviceTokenReads, serviceTokens } from "../database/schema.ts";

/** Of the days that reads are summed up by, in UTC. Milliseconds. */
const dayLength = 24 * 60 * 60 * 1000;

/** The day of a moment, counted from the epoch, in UTC: what `service_token_reads.day` holds. */
export function dayOf(at: number): number {
  return Math.floor(at / dayLength);
}

/** The moment at which a day begins, in milliseconds since the epoch. */
export function startOfDay(day: number): number {
  return day * dayLength;
}

/** The reads of one token on one day. */
interface DaysReads {
  reads: number;
  lastReadAt: number;
  /** Where the last of them came from, or one shortly before it. */
  lastAddress: string;
  addressAt: number;
}

/** How often a token that is read all the time is asked where from, in milliseconds. */
const askAddressEvery = 50;

interface Usage {
  lastUsedAt: number;
  days: Map<number, DaysReads>;
}

/**
 * Counts the reads of service tokens in memory and writes them, with the time and the address of the last,
 * about once a second: a fetch then writes nothing itself.
 */
export class TokenUsage {
  #usage = new Map<string, Usage>();
  /** Since when something is counted that is not written; undefined: all is. */
  #waitingSince: number | undefined;
  /** The same of what is being written just now. */
  #flushingSince: number | undefined;

  constructor(
    private readonly db: Database,
    private readonly clock: () => number,
  ) {}

  /** Remembers that the token with this public id was used just now, for whatever it was. */
  touch(publicId: string): void {
    this.#of(publicId).lastUsedAt = this.clock();
  }

  /**
   * Counts one read of the token with this public id. Where it came from is asked twenty times a second and no oftener:
   * the socket takes a tenth of the time of a fetch to tell it.
   */
  countRead(publicId: string, addressOf: () => string): void {
    const usage = this.#of(publicId);
    const now = this.clock();
    usage.lastUsedAt = now;
    const today = usage.days.get(dayOf(now));
    if (!today) {
      usage.days.set(dayOf(now), { reads: 1, lastReadAt: now, lastAddress: addressOf(), addressAt: now });
      return;
    }
    today.reads++;
    today.lastReadAt = now;
    if (Math.abs(now - today.addressAt) < askAddressEvery) return;
    today.lastAddress = addressOf();
    today.addressAt = now;
  }

  /** For how long something has been counted and not yet written, in milliseconds. */
  get lag(): number {
    const since = this.#flushingSince ?? this.#waitingSince;
    return since === undefined ? 0 : Math.max(0, this.clock() - since);
  }

  /** Writes what was counted since the last time. What cannot be written is kept for the next. False: there was nothing. */
  async flush(): Promise<boolean> {
    if (this.#usage.size === 0) return false;
    const flushed = this.#usage;
    this.#flushingSince = this.#waitingSince;
    this.#usage = new Map();
    this.#waitingSince = undefined;
    const statements = [...flushed].flatMap(([publicId, usage]) => this.#statements(publicId, usage));
    try {
      await runBatch(this.db, await writeSql(statements));
      return true;
    } catch (error) {
      for (const [publicId, usage] of flushed) this.#putBack(publicId, usage);
      this.#waitingSince = this.#flushingSince;
      throw error;
    } finally {
      this.#flushingSince = undefined;
    }
  }

  #of(publicId: string): Usage {
    const counted = this.#usage.get(publicId);
    if (counted) return counted;
    const usage: Usage = { lastUsedAt: 0, days: new Map() };
    this.#usage.set(publicId, usage);
    this.#waitingSince ??= this.clock();
    return usage;
  }

  /** Sums up what was counted before with what came meanwhile, which is the newer. */
  #putBack(publicId: string, earlier: Usage): void {
    const usage = this.#of(publicId);
    usage.lastUsedAt = Math.max(usage.lastUsedAt, earlier.lastUsedAt);
    for (const [day, reads] of earlier.days) {
      const since = usage.days.get(day);
      usage.days.set(day, since ? { ...since, reads: since.reads + reads.reads } : reads);
    }
  }

  #statements(publicId: string, { lastUsedAt, days }: Usage): Statement[] {
    const isIt = eq(serviceTokens.publicId, publicId);
    const reads = [...days.values()].reduce((sum, day) => sum + day.reads, 0);
    const total = this.db
      .update(serviceTokens)
      .set({
        reads: sql`${serviceTokens.reads} + ${reads}`,
        lastUsedAt: sql`max(coalesce(${serviceTokens.lastUsedAt}, 0), ${lastUsedAt})`,
      })
      .where(isIt);
    return [total, ...[...days].map(([day, counted]) => this.#addToDay(publicId, day, counted))];
  }

  /** From the token's row, so that one that is gone by now adds nothing instead of failing the whole batch. */
  #addToDay(publicId: string, day: number, { reads, lastReadAt, lastAddress }: DaysReads): Statement {
    const stored = serviceTokenReads;
    const row = this.db
      .select({
        serviceTokenId: serviceTokens.id,
        day: sql<number>`${day}`.as("day"),
        reads: sql<number>`${reads}`.as("reads_since"),
        lastReadAt: sql<number>`${lastReadAt}`.as("last_read_at"),
        lastAddress: sql<string>`${lastAddress}`.as("last_address"),
      })
      .from(serviceTokens)
      .where(eq(serviceTokens.publicId, publicId));
    return this.db
      .insert(serviceTokenReads)
      .select(row)
      .onConflictDoUpdate({
        target: [stored.serviceTokenId, stored.day],
        set: {
          reads: sql`${stored.reads} + ${reads}`,
          // Another process may have written later ones already.
          lastAddress: sql`case when ${lastReadAt} >= ${stored.lastReadAt} then ${lastAddress} else ${stored.lastAddress} end`,
          lastReadAt: sql`max(${stored.lastReadAt}, ${lastReadAt})`,
        },
      });
  }
}
