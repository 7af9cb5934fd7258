import { exportAudit, verifyAudit } from "../maintenance/audit.ts";
import type { AuditExportOptions, AuditVerifyOptions } from "./command-options.ts";
import { exitCodes } from "./exit-codes.ts";
import { orExplain } from "./explain-maintenance.ts";
import { replaceFileWith } from "./export-file.ts";
import { count, jsonLine, writeJson, writeText } from "./output.ts";

type Report = Awaited<ReturnType<typeof verifyAudit>>;

/**
 * Says whether the audit's chain is whole, and sets the exit code: 1 where it is not.
 *
 * @throws CliError (2) for a head that is none, and a database that cannot be read
 */
export async function verify(file: string | undefined, options: AuditVerifyOptions): Promise<void> {
  const report = await orExplain(() => verifyAudit({ file, env: process.env }, options.head));
  const isWhole = report.fault === undefined && report.missingHead === undefined;
  if (!isWhole) process.exitCode = exitCodes.failure;
  if (options.json) await writeJson(toJson(report, isWhole));
  else await writeText(toText(report, options.head !== undefined));
}

function toJson(report: Report, whole: boolean) {
  const { events, firstAt, newestAt, toldHead, head, fault, missingHead } = report;
  return {
    whole,
    events,
    firstAt: moment(firstAt),
    newestAt: moment(newestAt),
    head: toldHead ?? null,
    hash: head.hash.toHex(),
    fault: fault ?? null,
    missingHead: missingHead ?? null,
  };
}

function toText({ events, firstAt, newestAt, toldHead, fault, missingHead }: Report, asked: boolean): string {
  const many = count(events, "event");
  const lines = [
    fault ? `broken: ${fault.what} (${many})` : `whole: ${many}, each follows from the one before`,
  ];
  if (missingHead !== undefined) lines.push(`head not found: ${missingHead}`);
  else if (asked) lines.push("head found: the events up to it are what they were");
  if (firstAt !== null) lines.push(`first:  ${moment(firstAt) ?? "at no time"}`);
  if (newestAt !== null) lines.push(`newest: ${moment(newestAt) ?? "at no time"}`);
  if (toldHead !== undefined) lines.push(`head:   ${toldHead}`);
  return `${lines.join("\n")}\n`;
}

/** null where there is none, and for a number that somebody wrote who knows no times. */
function moment(at: number | null): string | null {
  const date = new Date(at ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/**
 * Prints all events, to stdout or into a file.
 *
 * @throws CliError (1) for a file that cannot be written, (2) for a database that cannot be read
 */
export async function exportEvents(file: string | undefined, { output }: AuditExportOptions): Promise<void> {
  await orExplain(async () => {
    const lines = linesOf(file);
    if (output !== undefined && output !== "-") await replaceFileWith(output, lines);
    else for await (const text of lines) await writeText(text);
  });
}

async function* linesOf(file: string | undefined): AsyncGenerator<string> {
  for await (const events of exportAudit({ file, env: process.env })) yield events.map(jsonLine).join("");
}
