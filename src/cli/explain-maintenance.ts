import { MaintenanceError, NotWrittenError } from "../maintenance/maintenance-error.ts";
import { CliError } from "./cli-error.ts";
import { exitCodes } from "./exit-codes.ts";

/**
 * Does something with a database.
 *
 * @throws CliError: (1) for what could not be written, (2) for what could not be read or was asked for in vain; and
 *   what `task` throws else
 */
export async function orExplain<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof NotWrittenError) throw new CliError(error.message, exitCodes.failure);
    if (error instanceof MaintenanceError) throw new CliError(error.message, exitCodes.usage);
    throw error;
  }
}
