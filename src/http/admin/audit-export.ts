import type { Context } from "hono";
import { exportAudit } from "../../vault/audit-query.ts";
import { exportReads } from "../../vault/token-reads.ts";
import { startOfDay } from "../../vault/token-usage.ts";
import type { Project } from "../../vault/tree.ts";
import { record } from "../../vault/write.ts";
import type { AppEnv } from "../app-env.ts";
import type { AuditRequest } from "./audit-filter.ts";
import { actorOf, unsealedRoots } from "./session.ts";

/**
 * The audit as a file, sent while it is read: never all of it in memory. Two kinds: the events, and the reads by
 * service token and day.
 *
 * - CSV by RFC 4180: a header, lines that end with CRLF, quotes where they are needed. What begins with `=`, `+`, `-`,
 *   `@`, a tab or a line end, at a cell's beginning or behind a semicolon, gets an apostrophe in front: a spreadsheet would
 *   take it for a formula, and names are chosen by whoever may write.
 * - JSON lines: one object a line, with the fields as they are stored, times in milliseconds since the epoch. With
 *   the hashes, in hex, the chain can be checked (SECURITY.md); they end where a name is hidden.
 */

type Cell = string | number | boolean | null;
type Line = Record<string, Cell>;
type ExportFormat = "csv" | "jsonl";

/** The format that an address asks for, if it asks for a file. */
export function exportFormat(c: Context<AppEnv>): ExportFormat | undefined {
  const format = c.req.query("format");
  return format === "csv" || format === "jsonl" ? format : undefined;
}

/**
 * Answers with the events of a filter, or, with `what=reads`, with the reads by token and day. That somebody takes them
 * is itself an event, before the first byte is sent. Throws SecretsflyError `busy`.
 */
export async function answerExport(
  c: Context<AppEnv>,
  format: ExportFormat,
  { filter }: AuditRequest,
  project: Pick<Project, "id" | "name"> | undefined,
): Promise<Response> {
  const of = project && { project: { id: project.id, name: project.name } };
  await record(c.var.vault, actorOf(c), { action: "audit.export", ...of });
  const isOfReads = c.req.query("what") === "reads";
  const lines = isOfReads ? readLines(c, filter) : eventLines(c, filter, format);
  const type = format === "csv" ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson";
  const name = project ? `-project-${project.id}` : "";
  const columns = isOfReads ? readColumns : eventColumns;
  return c.body(streamOf(format === "csv" ? csv(columns, lines) : jsonLines(lines)), 200, {
    "Content-Type": type,
    "Content-Disposition": `attachment; filename="secretsfly-${isOfReads ? "reads" : "audit"}${name}.${format}"`,
  });
}

const eventColumns = [
  "id",
  "at",
  "actor",
  "action",
  "projectId",
  "projectName",
  "environment",
  "name",
  "address",
  "requestId",
];

const readColumns = [
  "token",
  "name",
  "projectId",
  "projectName",
  "environment",
  "day",
  "reads",
  "lastReadAt",
  "lastAddress",
];

/** What stands for a name that the reader may not see, in a table. */
const hiddenName = "(hidden while sealed)";

async function* eventLines(
  c: Context<AppEnv>,
  filter: AuditRequest["filter"],
  format: ExportFormat,
): AsyncGenerator<Line[]> {
  for await (const events of exportAudit(c.var.vault, () => unsealedRoots(c), filter)) {
    yield events.map(({ hash, hidden, projectExists: _exists, ...event }) =>
      format === "csv"
        ? { ...event, at: new Date(event.at).toISOString(), name: hidden ? hiddenName : event.name }
        : { ...event, hash: hash?.toHex() ?? null, ...(hidden && { hidden }) },
    );
  }
}

async function* readLines(c: Context<AppEnv>, filter: AuditRequest["filter"]): AsyncGenerator<Line[]> {
  for await (const reads of exportReads(c.var.vault, filter)) {
    yield reads.map(({ publicId, day, lastReadAt, ...read }) => ({
      token: publicId,
      ...read,
      day: new Date(startOfDay(day)).toISOString().slice(0, 10),
      lastReadAt: new Date(lastReadAt).toISOString(),
    }));
  }
}

async function* csv(columns: readonly string[], portions: AsyncGenerator<Line[]>): AsyncGenerator<string> {
  yield csvLine(columns);
  for await (const lines of portions) {
    yield lines.map((line) => csvLine(columns.map((column) => line[column] ?? ""))).join("");
  }
}

function csvLine(cells: readonly Cell[]): string {
  return `${cells.map((cell) => csvCell(String(cell))).join(",")}\r\n`;
}

/**
 * Where a spreadsheet would begin a formula: at a cell's beginning, and behind what divides cells for one that expects
 * no commas. Quotes and blanks in front change nothing for it, and full-width letters are the same to some.
 */
const formula = /(?<=^|[;\t\r\n])(?=[" ]*[=+\-@\t\r\n＝＋－＠])/g;

function csvCell(text: string): string {
  const harmless = text.replace(formula, "'");
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

async function* jsonLines(portions: AsyncGenerator<Line[]>): AsyncGenerator<string> {
  for await (const lines of portions) yield lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** Read as fast as it is sent. */
function streamOf(texts: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await texts.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await texts.return(undefined);
    },
  });
}
