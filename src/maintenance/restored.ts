import type { TellProgress } from "../database/row-copy.ts";
import { MaintenanceError } from "./maintenance-error.ts";
import type { VerifyReport } from "./verify.ts";

/** A database that was put in its place. */
export interface Restored {
  /** Its path; the host of the server that it is on, where it is on one. */
  file: string;
  /** Where the one is that was there before; undefined where there was none. */
  former: string | undefined;
  /** Whether it is on a database server. */
  isOnServer: boolean;
  /** Whether an older version wrote it. On a database server it was brought up to this one; else that is done at the start. */
  isOlder: boolean;
  /** What was found of it. */
  report: VerifyReport;
}

/** How a backup is to be put in place. */
export interface RestoreOptions {
  env: Readonly<Record<string, string | undefined>>;
  /** Whether a database with projects may be replaced, and whether by one that has faults. */
  force: boolean;
  clock: () => number;
  /** Told of a restore into a server. */
  progress?: TellProgress;
}

/** Throws MaintenanceError for a backup that is not whole, unless it is all that there is. */
export function refuseFaults({ place, faults, faultCount }: VerifyReport, force: boolean): void {
  if (faultCount === 0 || force) return;
  const others = faultCount > 1 ? ` (and ${faultCount - 1} more)` : "";
  throw new MaintenanceError(
    `${place} has faults: ${faults[0]?.what}${others}; "secretsfly verify" tells them, and --force restores it all the same`,
  );
}
