import type { Random } from "../cryptography/bytes.ts";
import type { Database } from "../database/connect.ts";
import type { StorageHealth } from "../database/storage-health.ts";
import type { WriteQueue } from "./write-queue.ts";

/** What the domain stands on; passed to each of its functions, so that tests choose clock and randomness. */
export interface Vault {
  db: Database;
  /** Milliseconds since the epoch. */
  clock: () => number;
  random: Random;
  writes: WriteQueue;
  /** Told of what the database refused for a fault of its own, and of what it did again. */
  storage: StorageHealth;
  /**
   * Called after each write of more than audit events, with the trees that it was to, or without where it may be anything;
   * also after one that failed, since it may be on disk all the same.
   */
  written: (rootIds?: readonly number[]) => void;
  settings: VaultSettings;
}

interface VaultSettings {
  /** Environments in the order people want to see them. */
  availableEnvironments: readonly string[];
  /** Of one value, in bytes of UTF-8. */
  maxSecretBytes: number;
  /** false: only the newest version of a secret is kept. */
  versionedSecretValues: boolean;
}

/** Who does something, and from where: what versions and audit events remember. */
export interface Actor {
  /** `session:<id>`, `service-token:<public id>` or `system`. */
  id: string;
  /** The client's address as the settings say it is to be learnt. */
  address: string;
  requestId: string;
}
