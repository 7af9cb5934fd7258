import { type DocumentNode, type DocumentPair, maxDepth, UnreadableError } from "./document.ts";

/** As many values as are read of one document; an environment has far fewer secrets. */
const maxNodes = 200_000;
const [space, tab, lineFeed, carriageReturn] = [0x20, 0x09, 0x0a, 0x0d] as const;
const literal = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/**
 * Reads a JSON document (RFC 8259) with the lines of what is in it, which JSON.parse does not tell; nor
 * does it tell of names that are there twice. Numbers and booleans are the text that they are written as.
 * Throws UnreadableError with the line of the first fault.
 */
export function readJson(text: string): DocumentNode {
  const reader = new JsonReader(text);
  const root = reader.value(0);
  reader.end();
  return root;
}

class JsonReader {
  #at = 0;
  #nodes = 0;
  /** Counted where white space is skipped, since a line ends nowhere else. */
  #line = 1;

  constructor(private readonly text: string) {}

  value(depth: number): DocumentNode {
    this.#skipSpace();
    if (depth > maxDepth) throw this.#unreadable("This is nested too deeply.");
    this.#nodes += 1;
    if (this.#nodes > maxNodes) throw this.#unreadable("There are too many values.");
    const line = this.#line;
    switch (this.text[this.#at]) {
      case "{":
        return { kind: "map", line, pairs: this.#pairs(depth) };
      case "[":
        return { kind: "list", line, items: this.#items("]", () => this.value(depth + 1)) };
      case '"':
        return { kind: "text", line, text: this.#string() };
      default:
        return this.#literal(line);
    }
  }

  end(): void {
    this.#skipSpace();
    if (this.#at < this.text.length) throw this.#unreadable("There is text behind the end of the JSON.");
  }

  #pairs(depth: number): DocumentPair[] {
    return this.#items("}", () => {
      this.#skipSpace();
      const line = this.#line;
      if (this.text[this.#at] !== '"') throw this.#unreadable('A name in "…" is expected here.');
      const name = this.#string();
      this.#skipSpace();
      if (this.text[this.#at] !== ":") throw this.#unreadable("A colon is expected here.");
      this.#at += 1;
      return { name, line, value: this.value(depth + 1) };
    });
  }

  /** What stands between an opening bracket, which is next, and its closing one. */
  #items<T>(closing: "]" | "}", item: () => T): T[] {
    const items: T[] = [];
    this.#at += 1;
    this.#skipSpace();
    if (this.text[this.#at] === closing) {
      this.#at += 1;
      return items;
    }
    for (;;) {
      items.push(item());
      this.#skipSpace();
      const char = this.text[this.#at];
      if (char !== closing && char !== ",") throw this.#unreadable(`A comma or ${closing} is expected here.`);
      this.#at += 1;
      if (char === closing) return items;
    }
  }

  #string(): string {
    const start = this.#at;
    let end = this.text.indexOf('"', start + 1);
    while (end !== -1 && this.#isEscaped(end, start)) end = this.text.indexOf('"', end + 1);
    if (end === -1) throw this.#unreadable('A text in "…" is not closed.');
    this.#at = end + 1;
    try {
      return JSON.parse(this.text.slice(start, end + 1)) as string;
    } catch {
      this.#at = start;
      throw this.#unreadable(
        'A text in "…" has a line break, a control character or an escape that is none.',
      );
    }
  }

  #isEscaped(at: number, start: number): boolean {
    let backslashes = 0;
    while (at - backslashes - 1 > start && this.text[at - backslashes - 1] === "\\") backslashes++;
    return backslashes % 2 === 1;
  }

  #literal(line: number): DocumentNode {
    literal.lastIndex = this.#at;
    const [found] = literal.exec(this.text) ?? [];
    if (found === undefined) throw this.#unreadable('A value is expected here, such as "text".');
    this.#at += found.length;
    return found === "null" ? { kind: "null", line } : { kind: "text", line, text: found };
  }

  #skipSpace(): void {
    for (; ; this.#at++) {
      const char = this.text.charCodeAt(this.#at);
      if (char === lineFeed) this.#line++;
      else if (char !== space && char !== tab && char !== carriageReturn) return;
    }
  }

  #unreadable(message: string): UnreadableError {
    return new UnreadableError([{ line: this.#line, message: `This is not JSON. ${message}` }]);
  }
}
