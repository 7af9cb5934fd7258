import { fileFault } from "../database/connect.ts";
import { copyDatabase } from "../database/copy-database.ts";
import { copyRowsToFile } from "../database/fill-file.ts";
import type { TellProgress } from "../database/row-copy.ts";
import { UnreadableRowsError } from "../database/rows.ts";
import { MaintenanceError, NotWrittenError } from "./maintenance-error.ts";
import type { OpenDatabase } from "./open.ts";
import { type VerifyReport, verifyDatabase } from "./verify.ts";

/** How a copy is made. */
export interface CopyOptions {
  clock: () => number;
  /** Told of a copy from a server. */
  progress?: TellProgress;
}

/**
 * Copies a database, which may be on a server, into a new file, and looks whether the copy is whole.
 *
 * @param called - what messages call the copy
 * @throws MaintenanceError for a damaged database and a server that does not give all of it, NotWrittenError, and what
 *   `verifyDatabase` throws
 */
export async function copyAndVerify(
  open: OpenDatabase,
  file: string,
  called: string,
  { clock, progress = () => {} }: CopyOptions,
): Promise<VerifyReport> {
  const { $client } = open.db;
  try {
    if ($client.protocol === "file") await copyDatabase($client, file);
    else await copyRowsToFile($client, file, progress);
  } catch (error) {
    throw explained(error, open, called);
  }
  // Whether former versions were to be kept is not said here; what there is has been copied.
  return verifyDatabase({ file, env: {} }, { masterKeys: undefined, keepsVersions: false, clock });
}

function explained(error: unknown, open: OpenDatabase, called: string): MaintenanceError {
  const { place } = open;
  const { code } = error as { code?: string };
  if (error instanceof UnreadableRowsError)
    return new MaintenanceError(`${place} cannot be read to its end: ${open.fault(error) ?? error.message}`, {
      cause: error,
    });
  if (code?.startsWith("SQLITE_CORRUPT"))
    return new MaintenanceError(`${place} is damaged and cannot be copied`, { cause: error });
  return new NotWrittenError(`${called} cannot be written: ${fileFault(error)}`, { cause: error });
}
