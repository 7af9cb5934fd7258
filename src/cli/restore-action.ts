import { restore as restoreBackup } from "../maintenance/restore.ts";
import type { Restored } from "../maintenance/restored.ts";
import type { CopyOptions } from "./command-options.ts";
import { orExplain } from "./explain-maintenance.ts";
import { visible, writeJson, writeText } from "./output.ts";
import { progressOnTerminal } from "./row-progress.ts";
import { faultLines } from "./verify-report.ts";

/**
 * Puts a backup in place and says what became of what was there.
 *
 * @throws CliError (1) where it cannot be written, (2) where it may not be, and for what is no backup
 */
export async function restore(file: string, { force, json }: CopyOptions): Promise<void> {
  const { env } = process;
  const options = { env, force: force === true, clock: Date.now, progress: progressOnTerminal() };
  const restored = await orExplain(() => restoreBackup(file, options));
  if (json) await writeJson(toJson(restored));
  else await writeText(toText(restored));
}

function toJson({ file, former, isOlder, report }: Restored) {
  const { faultCount, faults, audit } = report;
  const head = audit?.toldHead ?? null;
  return { file, former: former ?? null, older: isOlder, head, faultCount, faults };
}

function toText({ file, former, isOlder, isOnServer, report }: Restored): string {
  const lines = [
    `restored: ${visible(file)}${report.faultCount > 0 ? ", with its faults" : ""}`,
    ...faultLines(report),
  ];
  if (former !== undefined) lines.push(`what was there is kept: ${visible(former)}`);
  if (isOlder)
    lines.push(
      `an older version wrote it: ${isOnServer ? "it was brought up to this one" : "the server brings it up to this one when it starts"}`,
    );
  if (report.audit?.toldHead !== undefined) lines.push(`head of the audit: ${report.audit.toldHead}`);
  lines.push("start the server, and unseal with the master key");
  return `${lines.join("\n")}\n`;
}
