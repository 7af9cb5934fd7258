let isGuarded = false;

/**
 * stdout, on which it is no fault when who reads has had enough (`| head -1`): the process then ends, as it does with
 * exit code 1 on a full disk. It is first touched here, when there is something to print, because to make its stream
 * takes Bun as long as a fetch.
 */
export function standardOutput(): NodeJS.WriteStream {
  if (!isGuarded) {
    isGuarded = true;
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(0);
      process.stderr.write(`secretsfly: the output cannot be written (${error.code})\n`);
      process.exit(1);
    });
  }
  return process.stdout;
}

/**
 * Writes text to stdout and waits until it has left this process, so that an end right after it cuts nothing off.
 * Where it cannot be written it waits for the end of this process, which `standardOutput` sees to.
 */
export function writeText(text: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  standardOutput().write(text, (error) => {
    if (!error) resolve();
  });
  return promise;
}

/** Writes one JSON document with a line end to stdout, as every command does that is asked for `--json`. */
export function writeJson(value: unknown): Promise<void> {
  const lines = JSON.stringify(value, null, 2).split("\n");
  return writeText(lines.map((line) => `${escaped(line)}\n`).join(""));
}

/** C0, DEL, C1, and what changes the direction of a text or cannot be seen in it. */
const unseen = /[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/** A line of JSON with what a terminal would obey, or not show, as escapes: it reads as the same value. */
function escaped(line: string): string {
  return line.replace(unseen, (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
}

/** A value as one line of JSON, with what a terminal would obey, or not show, as escapes. */
export function jsonLine(value: unknown): string {
  return `${escaped(JSON.stringify(value))}\n`;
}

/** Says something beside the data: one line on stderr. */
export function writeNote(message: string): void {
  process.stderr.write(`secretsfly: ${message}\n`);
}

/**
 * Text as one line that a terminal obeys in nothing: control characters as the pictures that Unicode has of them (␊ is
 * a line feed, ␛ an escape), others that change or hide text as `<U+202E>`.
 */
export function visible(text: string): string {
  return text.replace(unseen, (char) => {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return "\u2421";
    return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
  });
}

/** The same for a text of several lines: line feeds and tabs stay what they are. */
export function visibleLines(text: string): string {
  return text
    .split("\n")
    .map((line) => line.split("\t").map(visible).join("\t"))
    .join("\n");
}

/** `1 secret`, `2 secrets`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
