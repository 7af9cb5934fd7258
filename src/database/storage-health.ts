import type { StorageFault, StorageFaultKind } from "./storage-fault.ts";

/** What has changed since it was asked last. */
export type StorageNews = { began: StorageFaultKind } | { ended: StorageFaultKind };

/**
 * Whether the storage works, as those find out who use it: so that the log is told once when a fault begins and once
 * when it is over, however many requests meet it meanwhile.
 */
export class StorageHealth {
  #current: StorageFaultKind | undefined;
  #told: StorageFaultKind | undefined;

  /** Something could not be read or written. */
  met({ kind }: Pick<StorageFault, "kind">): void {
    this.#current = kind;
  }

  /** Something was written. */
  worked(): void {
    this.#current = undefined;
  }

  /** The fault that lasts. */
  get fault(): StorageFaultKind | undefined {
    return this.#current;
  }

  /** What is new since this was called last, if anything is. */
  news(): StorageNews | undefined {
    const [before, now] = [this.#told, this.#current];
    if (before === now) return undefined;
    this.#told = now;
    return now === undefined ? { ended: before as StorageFaultKind } : { began: now };
  }
}
