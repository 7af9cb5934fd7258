import { parseConfig } from "../config.ts";
import { verifyDatabase } from "../maintenance/verify.ts";
import { CliError } from "./cli-error.ts";
import type { VerifyCommandOptions } from "./command-options.ts";
import { exitCodes } from "./exit-codes.ts";
import { orExplain } from "./explain-maintenance.ts";
import { readStdin } from "./input.ts";
import { writeJson, writeText } from "./output.ts";
import { askHidden, canAsk } from "./prompt.ts";
import { reportJson, reportText } from "./verify-report.ts";

/**
 * Says whether a database is whole, and sets the exit code: 1 where it is not.
 *
 * @throws CliError (2) for a database that cannot be read, and for what is no master key
 */
export async function verify(file: string | undefined, options: VerifyCommandOptions): Promise<void> {
  const { env } = process;
  const report = await orExplain(async () =>
    verifyDatabase(
      { file, env },
      {
        masterKeys: options.masterKeyStdin && (await readMasterKeys()),
        keepsVersions: keepsVersions(env),
        clock: Date.now,
      },
    ),
  );
  if (report.faultCount > 0) process.exitCode = exitCodes.failure;
  if (options.json) await writeJson(reportJson(report));
  else await writeText(reportText(report));
}

/** One a line; a passphrase is taken as it is typed. */
async function readMasterKeys(): Promise<string[]> {
  const text = canAsk() ? await askHidden("Master key: ") : await readStdin(process.env);
  const lines = text.split(/\r?\n/).filter((line) => line !== "");
  if (lines.length === 0) throw new CliError("there is no master key on stdin", exitCodes.usage);
  return lines;
}

function keepsVersions({ VERSIONED_SECRET_VALUES }: NodeJS.ProcessEnv): boolean {
  try {
    return parseConfig({ VERSIONED_SECRET_VALUES }).VERSIONED_SECRET_VALUES;
  } catch {
    throw new CliError("VERSIONED_SECRET_VALUES: must be true or false", exitCodes.usage);
  }
}
