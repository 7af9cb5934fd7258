import type { DifferenceLine, DifferencePart } from "./pages/value-difference.tsx";

/** What differs between two texts, line by line, cut to what somebody can read on a page. */

/** Lines that are the same and shown around those that are not. */
const contextLines = 3;
/** As many lines and characters as are shown at most; of a line, around what changed in it and of that. */
const maxLines = 400;
const maxShown = 20_000;
const contextCharacters = 120;
const maxCharacters = 1000;
/** Of the table below, which grows with the product of the two texts' changed lines. */
const maxCells = 1_000_000;

/** From one value to another; null is no value at all. Equal texts differ in no line. */
export function valueDifference(before: string | null, after: string | null): DifferenceLine[] {
  if (before === after) return [];
  const changes = lineChanges(linesOf(before ?? ""), linesOf(after ?? ""));
  return bounded(withContext(markParts(changes)));
}

/** As much as belongs on a page, and how many lines are left out behind it. */
function bounded(lines: readonly DifferenceLine[]): DifferenceLine[] {
  let characters = 0;
  const end = lines.findIndex((line, i) => {
    if (line.kind !== "skipped") for (const { text } of line.parts) characters += text.length;
    return i >= maxLines || (i > 0 && characters > maxShown);
  });
  if (end === -1) return [...lines];
  const left = lines.slice(end).reduce((sum, line) => sum + (line.kind === "skipped" ? line.count : 1), 0);
  return [...lines.slice(0, end), { kind: "skipped", count: left }];
}

/** Each with its line end, so that two that differ only there do differ. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+/g) ?? [];
}

interface Change {
  kind: "same" | "removed" | "added";
  text: string;
}

/** What becomes of the lines: the longest common subsequence stays, between the ends that are the same. */
function lineChanges(before: readonly string[], after: readonly string[]): Change[] {
  const start = commonStart(before, after);
  const end = commonStart(before.slice(start).reverse(), after.slice(start).reverse());
  const [old, fresh] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  const same = (texts: readonly string[]) => texts.map((text): Change => ({ kind: "same", text }));
  return [
    ...same(before.slice(0, start)),
    ...middleChanges(old, fresh),
    ...same(before.slice(before.length - end)),
  ];
}

function commonStart<T>(a: ArrayLike<T>, b: ArrayLike<T>): number {
  let i = 0;
  while (i < a.length && i < b.length && a[i] === b[i]) i += 1;
  return i;
}

function middleChanges(old: readonly string[], fresh: readonly string[]): Change[] {
  const changes: Change[] = [];
  const isLarge = (old.length + 1) * (fresh.length + 1) > maxCells;
  const width = fresh.length + 1;
  const common = isLarge ? new Uint32Array() : commonLengths(old, fresh);
  const lengthAt = (i: number, j: number) => common[i * width + j] ?? 0;
  let [i, j] = [0, 0];
  while (i < old.length || j < fresh.length) {
    const [removed, added] = [old[i], fresh[j]];
    if (!isLarge && removed !== undefined && removed === added) {
      changes.push({ kind: "same", text: removed });
      i += 1;
      j += 1;
    } else if (removed !== undefined && (added === undefined || lengthAt(i + 1, j) >= lengthAt(i, j + 1))) {
      changes.push({ kind: "removed", text: removed });
      i += 1;
    } else if (added !== undefined) {
      changes.push({ kind: "added", text: added });
      j += 1;
    }
  }
  return changes;
}

/** How many lines the texts have in common from each pair of lines on, row by row. */
function commonLengths(old: readonly string[], fresh: readonly string[]): Uint32Array {
  const width = fresh.length + 1;
  const lengths = new Uint32Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = fresh.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        old[i] === fresh[j]
          ? 1 + (lengths[(i + 1) * width + j + 1] ?? 0)
          : Math.max(lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0);
    }
  }
  return lengths;
}

type ShownLine = Extract<DifferenceLine, { parts: unknown }>;

/** Where as many lines were removed as were added in their place, what changed in each is marked. */
function markParts(changes: readonly Change[]): ShownLine[] {
  const lines: ShownLine[] = [];
  for (let i = 0; i < changes.length; ) {
    const removed = runOf(changes, i, "removed");
    const added = runOf(changes, i + removed.length, "added");
    if (removed.length + added.length === 0) {
      lines.push({ kind: "same", parts: whole(changes[i]?.text ?? "") });
      i += 1;
      continue;
    }
    const isPaired = removed.length === added.length;
    const partsOf = (text: string, other: string | undefined) =>
      isPaired && other !== undefined ? changedPart(text, other) : whole(text);
    lines.push(
      ...removed.map((text, k): ShownLine => ({ kind: "removed", parts: partsOf(text, added[k]) })),
      ...added.map((text, k): ShownLine => ({ kind: "added", parts: partsOf(text, removed[k]) })),
    );
    i += removed.length + added.length;
  }
  return lines;
}

function runOf(changes: readonly Change[], from: number, kind: Change["kind"]): string[] {
  let to = from;
  while (changes[to]?.kind === kind) to += 1;
  return changes.slice(from, to).map(({ text }) => text);
}

/** A line without its line end. */
function whole(text: string): DifferencePart[] {
  return [{ text: cutEnd(visible(text.replace(/\r?\n$/, "")), maxCharacters), isChanged: false }];
}

/** A line in what stands before and behind the part that another line has differently, and that part. */
function changedPart(text: string, other: string): DifferencePart[] {
  const shortest = Math.min(text.length, other.length);
  let start = commonStart(text, other);
  let end = 0;
  while (end < shortest - start && text.at(-1 - end) === other.at(-1 - end)) end += 1;
  // Never between the two halves of a character.
  if (isLowSurrogate(text, start) || isLowSurrogate(other, start)) start -= 1;
  if (isLowSurrogate(text, text.length - end)) end -= 1;
  const [head, middle] = [text.slice(0, start), text.slice(start, text.length - end)];
  const tail = text.slice(text.length - end).replace(/\r?\n$/, "");
  const parts = [
    { text: cutStart(visible(head), contextCharacters), isChanged: false },
    { text: cutEnd(visible(middle), maxCharacters), isChanged: true },
    { text: cutEnd(visible(tail), contextCharacters), isChanged: false },
  ];
  return parts.filter((part) => part.text !== "");
}

function isLowSurrogate(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff;
}

/** Line ends as signs: they cannot be seen, and a page would not keep them. */
function visible(text: string): string {
  return text.replaceAll("\r", "␍").replaceAll("\n", "␊");
}

function cutStart(text: string, max: number): string {
  return text.length <= max
    ? text
    : `…${text
        .slice(-max)
        .toWellFormed()
        .replace(/^\uFFFD/, "")}`;
}

/** The first `max` UTF-16 units of a text, with a sign that there is more; never half of a character. */
export function cutEnd(text: string, max: number): string {
  return text.length <= max
    ? text
    : `${text
        .slice(0, max)
        .toWellFormed()
        .replace(/\uFFFD$/, "")}…`;
}

/** Leaves out what is the same and far from every change. */
function withContext(lines: readonly ShownLine[]): DifferenceLine[] {
  const isNear = new Uint8Array(lines.length);
  for (const [i, { kind }] of lines.entries()) {
    if (kind !== "same") isNear.fill(1, Math.max(0, i - contextLines), i + contextLines + 1);
  }
  const shown: DifferenceLine[] = [];
  for (const [i, line] of lines.entries()) {
    const last = shown.at(-1);
    if (isNear[i]) shown.push(line);
    else if (last?.kind === "skipped") last.count += 1;
    else shown.push({ kind: "skipped", count: 1 });
  }
  return shown;
}
