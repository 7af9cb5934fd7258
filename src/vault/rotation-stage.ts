import { and, eq, lt, type SQL, sql } from "drizzle-orm";
import { whenNotBusy } from "../database/busy.ts";
import { stagedSeals } from "../database/schema.ts";
import type { SealedPair } from "./sealed-rows.ts";
import type { Vault } from "./vault.ts";

export type StagedKind = (typeof stagedSeals.$inferSelect)["kind"];

/** What is waiting to be written is at most this, so that neither the memory nor the event loop is held for long. */
const rowsAWrite = 100;
const bytesAWrite = 4 * 1024 * 1024;

/** How long a write to the stage may wait for another process's lock, in milliseconds. */
const patience = 10_000;

const day = 24 * 60 * 60 * 1000;

/**
 * Where a rotation puts what it has sealed anew, row by row, until all of it is put in place at once. Nobody else
 * reads it, and it is of no use without the new root key.
 */
export class Stage {
  /** Random: rotations that run at once do not mix. */
  readonly rotation: string;
  #rows: (typeof stagedSeals.$inferInsert)[] = [];
  #bytes = 0;

  constructor(private readonly vault: Vault) {
    this.rotation = vault.random(16).toHex();
  }

  /** Adds what is to replace the sealed columns of a row; on disk after `flush` at the latest. */
  async add(kind: StagedKind, ids: readonly [number, number], [first, second]: SealedPair): Promise<void> {
    const [firstId, secondId] = ids;
    const { rotation } = this;
    const createdAt = this.vault.clock();
    this.#rows.push({
      rotation,
      kind,
      firstId,
      secondId,
      sealedFirst: first,
      sealedSecond: second,
      createdAt,
    });
    this.#bytes += (first?.length ?? 0) + (second?.length ?? 0);
    if (this.#rows.length >= rowsAWrite || this.#bytes >= bytesAWrite) await this.flush();
  }

  async flush(): Promise<void> {
    const rows = this.#rows;
    this.#forgetUnwritten();
    if (rows.length === 0) return;
    await whenNotBusy(patience, async () => this.vault.db.insert(stagedSeals).values(rows));
  }

  /** What was staged for a row, as it is on disk; undefined where nothing is. */
  async read(
    kind: StagedKind,
    [firstId, secondId]: readonly [number, number],
  ): Promise<SealedPair | undefined> {
    const [row] = await this.vault.db
      .select({ first: stagedSeals.sealedFirst, second: stagedSeals.sealedSecond })
      .from(stagedSeals)
      .where(and(this.isOf(kind), eq(stagedSeals.firstId, firstId), eq(stagedSeals.secondId, secondId)));
    return row && [row.first, row.second];
  }

  /** Of this rotation and kind. */
  isOf(kind: StagedKind): SQL | undefined {
    return and(eq(stagedSeals.rotation, this.rotation), eq(stagedSeals.kind, kind));
  }

  /** Deletes all of this rotation. */
  async clear(): Promise<void> {
    this.#forgetUnwritten();
    await deletePortions(this.vault, eq(stagedSeals.rotation, this.rotation));
  }

  #forgetUnwritten(): void {
    this.#rows = [];
    this.#bytes = 0;
  }
}

/** Deletes what rotations left behind that were killed more than a day ago. */
export async function deleteLeftovers(vault: Vault): Promise<void> {
  await deletePortions(vault, lt(stagedSeals.createdAt, vault.clock() - day));
}

/** In portions, between which others have their turn. */
async function deletePortions({ db }: Vault, where: SQL): Promise<void> {
  const portion = db.select({ rowid: sql`rowid` }).from(stagedSeals).where(where).limit(rowsAWrite);
  for (;;) {
    const { rowsAffected } = await whenNotBusy(patience, async () =>
      db.delete(stagedSeals).where(sql`rowid in (${portion})`),
    );
    if (rowsAffected === 0) return;
  }
}
