import { fileFault } from "../database/connect.ts";
import { copyDatabase } from "../database/copy-database.ts";
import { MaintenanceError, NotWrittenError } from "./maintenance-error.ts";
import type { OpenDatabase } from "./open.ts";
import { type VerifyReport, verifyDatabase } from "./verify.ts";

/**
 * Copies a database into a new file, and looks whether the copy is whole.
 *
 * @param called - what messages call the copy
 * @throws MaintenanceError for a damaged database, NotWrittenError, and what `verifyDatabase` throws
 */
export async function copyAndVerify(
  open: OpenDatabase,
  file: string,
  called: string,
  clock: () => number,
): Promise<VerifyReport> {
  try {
    await copyDatabase(open.db.$client, file);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code?.startsWith("SQLITE_CORRUPT"))
      throw new MaintenanceError(`${open.place} is damaged and cannot be copied`, { cause: error });
    throw new NotWrittenError(`${called} cannot be written: ${fileFault(error)}`, { cause: error });
  }
  // Whether former versions were to be kept is not said here; what there is has been copied.
  return verifyDatabase({ file, env: {} }, { masterKeys: undefined, keepsVersions: false, clock });
}
