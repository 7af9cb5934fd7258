/** A JSON or YAML document, as far as secrets can be in it: both are read into this. */
export type DocumentNode = { line: number } & (
  | { kind: "text"; text: string }
  | { kind: "null" }
  | { kind: "list"; items: readonly DocumentNode[] }
  | { kind: "map"; pairs: readonly DocumentPair[] }
  /** What is not read here, such as an alias, and why. */
  | { kind: "refused"; reason: string }
);

export interface DocumentPair {
  name: string;
  line: number;
  value: DocumentNode;
}

/**
 * What a mapping has under a name; undefined for nothing. One that is there twice is refused: whichever was taken, others
 * would take the other one.
 */
export function nodeNamed(pairs: readonly DocumentPair[], name: string): DocumentNode | undefined {
  const [first, second] = pairs.filter((pair) => pair.name === name);
  if (!second) return first?.value;
  return { kind: "refused", line: second.line, reason: `${JSON.stringify(name)} is there twice.` };
}

/** Deeper than any document that holds secrets, and far from what could exhaust the stack. */
export const maxDepth = 32;

/** A document that cannot be read at all. The messages never repeat what is in it. */
export class UnreadableError extends Error {
  override readonly name = "UnreadableError";

  constructor(readonly faults: readonly { line: number; message: string }[]) {
    super(faults[0]?.message ?? "");
  }
}

/** Tells the number of the line that an offset of a text is on, from 1. */
export function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
