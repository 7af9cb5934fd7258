import { runBatch, type WrittenStatement } from "../database/batch.ts";
import type { Database } from "../database/connect.ts";
import { giveOthersATurn } from "../turns.ts";
import { chunks } from "./write.ts";

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

/** What one token was used for on one day, since that was written last. */
interface Counted {
  publicId: string;
  day: number;
  /** Not all that it was used for is a read. */
  reads: number;
  lastUsedAt: number;
  lastReadAt: number;
  /** Where the last read came from, or one shortly before it. */
  lastAddress: string;
  addressAt: number;
}

/** How often a token that is read all the time is asked where from, in milliseconds. */
const askAddressEvery = 50;
/** Tokens that one statement writes: making its text holds this thread. */
const tokensAStatement = 2000;

/**
 * Counts the reads of service tokens in memory and writes them, with the time and the address of the last,
 * about once a second: a fetch then writes nothing itself.
 */
export class TokenUsage {
  /** By public id, of the day of its last use. */
  #counted = new Map<string, Counted>();
  /** The same of days before, by public id and day. */
  #former = new Map<string, Counted>();
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
    const now = this.clock();
    this.#of(publicId, now).lastUsedAt = now;
  }

  /**
   * Counts one read of the token with this public id. Where it came from is asked twenty times a second and no oftener:
   * the socket takes a tenth of the time of a fetch to tell it.
   */
  countRead(publicId: string, addressOf: () => string): void {
    const now = this.clock();
    const counted = this.#of(publicId, now);
    counted.lastUsedAt = counted.lastReadAt = now;
    if (counted.reads++ > 0 && Math.abs(now - counted.addressAt) < askAddressEvery) return;
    counted.lastAddress = addressOf();
    counted.addressAt = now;
  }

  /** For how long something has been counted and not yet written, in milliseconds. */
  get lag(): number {
    const since = this.#flushingSince ?? this.#waitingSince;
    return since === undefined ? 0 : Math.max(0, this.clock() - since);
  }

  /** Writes what was counted since the last time. What cannot be written is kept for the next. False: there was nothing. */
  async flush(): Promise<boolean> {
    const flushed = [...this.#former.values(), ...this.#counted.values()];
    if (flushed.length === 0) return false;
    this.#flushingSince = this.#waitingSince;
    this.#counted = new Map();
    this.#former = new Map();
    this.#waitingSince = undefined;
    try {
      await runBatch(this.db, await statements(flushed));
      return true;
    } catch (error) {
      for (const counted of flushed) this.#putBack(counted);
      this.#waitingSince = this.#flushingSince;
      throw error;
    } finally {
      this.#flushingSince = undefined;
    }
  }

  #of(publicId: string, now: number): Counted {
    const day = dayOf(now);
    const counted = this.#counted.get(publicId);
    if (counted?.day === day) return counted;
    if (counted) this.#putBack(counted);
    const fresh = { publicId, day, reads: 0, lastUsedAt: 0, lastReadAt: 0, lastAddress: "", addressAt: 0 };
    this.#counted.set(publicId, fresh);
    this.#waitingSince ??= now;
    return fresh;
  }

  /** Sums up what was counted before with what was put back already. */
  #putBack(earlier: Counted): void {
    const key = `${earlier.publicId} ${earlier.day}`;
    const since = this.#former.get(key);
    if (!since) {
      this.#former.set(key, earlier);
      return;
    }
    const newer = earlier.lastReadAt >= since.lastReadAt ? earlier : since;
    this.#former.set(key, {
      ...newer,
      reads: earlier.reads + since.reads,
      lastUsedAt: Math.max(earlier.lastUsedAt, since.lastUsedAt),
    });
  }
}

/**
 * All that was counted, as JSON: two statements for thousands of tokens. A row of a token that is gone by now adds nothing
 * instead of failing all of them.
 */
async function statements(all: readonly Counted[]): Promise<WrittenStatement[]> {
  const written: WrittenStatement[] = [];
  for (const portion of chunks(all, tokensAStatement)) {
    await giveOthersATurn();
    const args = [JSON.stringify(portion)];
    written.push({ sql: addToTotals, args }, { sql: addToDays, args });
  }
  return written;
}

const addToTotals = `
  UPDATE service_tokens SET
    reads = reads + counted.more,
    last_used_at = max(coalesce(last_used_at, 0), counted.used_at)
  FROM (
    SELECT
      value ->> 'publicId' AS public_id,
      sum(value ->> 'reads') AS more,
      max(value ->> 'lastUsedAt') AS used_at
    FROM json_each(?) GROUP BY 1
  ) AS counted
  WHERE service_tokens.public_id = counted.public_id`;

/** Another process may have written a later read already. */
const addToDays = `
  INSERT INTO service_token_reads (service_token_id, day, reads, last_read_at, last_address)
  SELECT
    service_tokens.id,
    value ->> 'day',
    value ->> 'reads',
    value ->> 'lastReadAt',
    value ->> 'lastAddress'
  FROM json_each(?) JOIN service_tokens ON service_tokens.public_id = value ->> 'publicId'
  WHERE value ->> 'reads' > 0
  ON CONFLICT (service_token_id, day) DO UPDATE SET
    reads = reads + excluded.reads,
    last_address = CASE WHEN excluded.last_read_at >= last_read_at THEN excluded.last_address ELSE last_address END,
    last_read_at = max(last_read_at, excluded.last_read_at)`;
