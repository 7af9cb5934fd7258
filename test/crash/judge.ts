import type { AuditEvent } from "../../src/vault/audit.ts";
import type { Evidence } from "./evidence.ts";
import type { KnownWrite, Ledger, ProjectState } from "./ledger.ts";
import { type Content, isWrite, lineOf, Replay } from "./replay.ts";

/** What came of comparing what is known with what is stored. */
export interface Verdict {
  faults: string[];
  /** The state in which everything is. */
  state: Replay;
}

/**
 * Goes through the audit from its first event to its last, takes each event's version along, and compares every group
 * of one request with the write that made it: all of its events with all of their values, in an order that its
 * answer allows. What was acknowledged and is not told of, or was refused and is, is a fault, and so is anything that
 * nobody asked for. Then settles what was unknown.
 */
export function judge(
  ledger: Ledger,
  evidence: Evidence,
  projects: ReadonlyMap<number, ProjectState>,
): Verdict {
  const state = new Replay(evidence, projects);
  const faults: string[] = [];
  const found = new Set<KnownWrite>();
  const writeOf = findWrites(ledger, evidence.events);
  let startedLast: KnownWrite | undefined;
  for (const events of groups(evidence.events)) {
    if ((events[0]?.id ?? 0) <= ledger.firstEvents) {
      for (const event of events) state.take(event);
      continue;
    }
    if (!events.some(isWrite)) continue;
    const write = writeOf(events);
    const told = events.map(lineOf);
    if (!write) {
      faults.push(`nobody has asked for what is told of: ${few(told)} (event ${events[0]?.id})`);
      for (const event of events) state.take(event);
      continue;
    }
    if (found.has(write)) faults.push(`${describe(write)} is there twice, or in parts`);
    if (write.fate === "refused" || write.fate === "lost")
      faults.push(`${describe(write)} was ${write.fate}, and is there`);
    if (startedLast && write.finishedAt < startedLast.startedAt)
      faults.push(`${describe(write)} was over before ${describe(startedLast)} began, and comes after it`);
    if (!startedLast || write.startedAt > startedLast.startedAt) startedLast = write;
    found.add(write);
    const wanted = state.wanted(write.effect);
    const actual = events.map((event) => [lineOf(event), state.take(event)] as const);
    faults.push(...compare(write, wanted, actual));
    state.settle(write, events);
  }
  for (const write of ledger.writes) {
    if ((write.fate === "acknowledged" || write.fate === "found") && !found.has(write))
      faults.push(`${describe(write)} was ${write.fate}, and is not there`);
    if (write.fate === "unknown") write.fate = found.has(write) ? "found" : "lost";
  }
  return { faults: [...faults, ...state.leftOver()], state };
}

/** Events of one request, as they stand beside each other. */
function groups(events: readonly AuditEvent[]): AuditEvent[][] {
  const found: AuditEvent[][] = [];
  for (const event of events) {
    const last = found.at(-1);
    if (last && last[0]?.requestId === event.requestId && last[0]?.actor === event.actor) last.push(event);
    else found.push([event]);
  }
  return found;
}

/** The write that made some events: by its answer's id, or the one of its actor that has had no answer. */
function findWrites(ledger: Ledger, events: readonly AuditEvent[]) {
  const answered = ledger.writes.filter(({ requestId }) => requestId !== undefined);
  const byRequest = new Map(answered.map((write) => [write.requestId, write]));
  const actors = new Map(events.map(({ requestId, actor }) => [requestId, actor]));
  const unknown = new Map(
    ledger.unknown.map((write) => {
      const { actor } = write.writer;
      return ["id" in actor ? actor.id : actors.get(actor.requestId), write];
    }),
  );
  return ([event]: readonly AuditEvent[]): KnownWrite | undefined => {
    const write = byRequest.get(event?.requestId) ?? unknown.get(event?.actor);
    // From here on it is known what it was called.
    if (write && event) {
      write.requestId ??= event.requestId;
      byRequest.set(event.requestId, write);
      if (unknown.get(event.actor) === write) unknown.delete(event.actor);
    }
    return write;
  };
}

function compare(
  write: KnownWrite,
  wanted: ReadonlyMap<string, Content>,
  actual: readonly (readonly [string, Content])[],
): string[] {
  const told = actual.map(([line]) => line);
  const missing = [...wanted.keys()].filter((line) => !told.includes(line));
  const more = told.filter((line, i) => !wanted.has(line) || told.indexOf(line) !== i);
  const faults: string[] = [];
  if (missing.length > 0)
    faults.push(`${describe(write)} is there without ${missing.length} of ${wanted.size}: ${few(missing)}`);
  if (more.length > 0) faults.push(`${describe(write)} has done more than that: ${few(more)}`);
  for (const [line, content] of actual) {
    const expected = wanted.get(line);
    if (content !== undefined && expected !== undefined && !Bun.deepEquals(content, expected))
      faults.push(
        `${describe(write)}: ${line} is ${JSON.stringify(content)}, not ${JSON.stringify(expected)}`,
      );
  }
  return faults;
}

/** A write in a few words. */
export function describe({ what, writer, requestId, status }: KnownWrite): string {
  return `the ${what} of ${writer.name} (${status ?? "no answer"}, ${requestId ?? "no id"})`;
}

function few(lines: readonly string[]): string {
  return lines.length > 5 ? `${lines.slice(0, 5).join(", ")}, …` : lines.join(", ");
}
