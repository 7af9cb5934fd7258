import { type Backup, backUp } from "../maintenance/backup.ts";
import type { CopyOptions } from "./command-options.ts";
import { exitCodes } from "./exit-codes.ts";
import { orExplain } from "./explain-maintenance.ts";
import { visible, writeJson, writeText } from "./output.ts";
import { progressOnTerminal } from "./row-progress.ts";
import { faultLines } from "./verify-report.ts";

/**
 * Writes a backup, says where and what it is, and sets the exit code: 1 where the database has faults.
 *
 * @throws CliError (1) for a file that cannot be written, (2) for one that may not be, and for a database that cannot be read
 */
export async function backup(file: string, { force, json }: CopyOptions): Promise<void> {
  const { env } = process;
  const options = { env, force: force === true, clock: Date.now, progress: progressOnTerminal() };
  const made = await orExplain(() => backUp(file, options));
  if (made.report.faultCount > 0) process.exitCode = exitCodes.failure;
  if (json) await writeJson(toJson(made));
  else await writeText(toText(made));
}

function toJson({ file, bytes, report }: Backup) {
  const { faultCount, faults, audit } = report;
  return { file, bytes, whole: faultCount === 0, head: audit?.toldHead ?? null, faultCount, faults };
}

function toText({ file, bytes, report }: Backup): string {
  const size = `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  const found =
    report.faultCount === 0 ? "whole" : 'with the faults of the database, which "secretsfly verify" tells';
  const lines = [`written: ${visible(file)} (${size}), ${found}`, ...faultLines(report)];
  if (report.audit?.toldHead !== undefined) lines.push(`head of the audit: ${report.audit.toldHead}`);
  return `${lines.join("\n")}\n`;
}
