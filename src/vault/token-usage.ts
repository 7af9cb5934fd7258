import { eq, sql } from "drizzle-orm";
import type { Database } from "../database/connect.ts";
import { serviceTokens } from "../database/schema.ts";
import type { Statement } from "./write.ts";

/**
 * Counts the reads of service tokens in memory and writes them, with the time of the last, about once a
 * second: a fetch then writes nothing itself.
 */
export class TokenUsage {
  #reads = new Map<string, { count: number; lastUsedAt: number }>();

  constructor(
    private readonly db: Database,
    private readonly clock: () => number,
  ) {}

  /** Remembers that the token with this public id was used just now, for whatever it was. */
  touch(publicId: string): void {
    const { count } = this.#reads.get(publicId) ?? { count: 0 };
    this.#reads.set(publicId, { count, lastUsedAt: this.clock() });
  }

  /** Counts one read of the token with this public id. */
  countRead(publicId: string): void {
    const { count } = this.#reads.get(publicId) ?? { count: 0 };
    this.#reads.set(publicId, { count: count + 1, lastUsedAt: this.clock() });
  }

  /** Writes what was counted since the last time. What cannot be written is kept for the next. */
  async flush(): Promise<void> {
    if (this.#reads.size === 0) return;
    const flushed = this.#reads;
    this.#reads = new Map();
    const statements = [...flushed].map(([publicId, { count, lastUsedAt }]) =>
      this.db
        .update(serviceTokens)
        .set({
          reads: sql`${serviceTokens.reads} + ${count}`,
          lastUsedAt: sql`max(coalesce(${serviceTokens.lastUsedAt}, 0), ${lastUsedAt})`,
        })
        .where(eq(serviceTokens.publicId, publicId)),
    );
    try {
      await this.db.batch(statements as unknown as [Statement, ...Statement[]]);
    } catch (error) {
      for (const [publicId, { count, lastUsedAt }] of flushed) {
        const since = this.#reads.get(publicId);
        this.#reads.set(publicId, {
          count: count + (since?.count ?? 0),
          lastUsedAt: since?.lastUsedAt ?? lastUsedAt,
        });
      }
      throw error;
    }
  }
}
