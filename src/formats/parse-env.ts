import type { Findings } from "./findings.ts";

/** `export NAME = `: what stands before a value. `--` is what a careful writer puts behind `export`. */
const assignment = /^\s*(?:export\s+(?:--\s+)?)?([\w.-]+)\s*=[^\S\n]*/;
/** A line of the `shell` printer, whose value is as it is, or any line end. */
const exportLineOrLineEnd = /(?<![^\n])export \w+='[^']*'(?:\\''[^']*')*(?=\n)|\r\n?/g;
const blankOrComment = /^\s*(?:#|$)/;
const quotes: ReadonlySet<string | undefined> = new Set(["'", '"', "`"]);

/**
 * Reads a .env file: a `NAME=value` a line, with or without `export`; blank lines and `#` comments.
 * A value is bare, or in '…', "…" or `…` and then as many lines as it likes. Inside "…" the escapes are
 * \n, \r, \t, \", \\ and \$; in the other two nothing is one. Line ends are LF, whatever the file has, except
 * in a line as the `shell` printer writes it.
 *
 * It reads what the `env` and `shell` printers write, and what the `dotenv` package reads, with these differences,
 * where a value could otherwise change without anybody noticing:
 *
 * - `#` begins a comment only after white space, as in a shell: `a#b` is a value, also at its start.
 * - \", \\, \$ and \t lose their backslash inside "…", as in a shell; dotenv leaves it there. A \' does not
 *   go on inside '…'; '…'\''…' is one value with a quote in it, as in a shell.
 * - What dotenv skips or takes to the letter is a fault here: a line that assigns nothing, a quote that is
 *   not closed, text behind a closing quote, a name that is there twice, and `NAME: value`, which is YAML.
 *
 * `$NAME` stays as it is written, as in dotenv, and so does `${NAME}`.
 */
export function parseEnv(source: string, found: Findings): void {
  const text = source.replace(exportLineOrLineEnd, (part) => (part.startsWith("\r") ? "\n" : part));
  const unclosed = new Set<string>();
  let line = 1;
  for (let start = 0; start < text.length && !found.isFull; line++) {
    const end = endOfLine(text, start);
    const row = text.slice(start, end);
    const [before, name] = assignment.exec(row) ?? [];
    let next = end;
    if (before !== undefined && name !== undefined) {
      const quote = row[before.length];
      if (quote !== undefined && quotes.has(quote)) {
        const opening = start + before.length;
        const closing = unclosed.has(quote) ? -1 : closingQuote(text, opening + 1, quote);
        if (closing === -1) {
          unclosed.add(quote);
          found.fault(line, `Its quote (${quote}) is not closed.`, name);
        } else {
          next = endOfLine(text, closing);
          readQuoted(
            text.slice(opening + 1, closing),
            quote,
            text.slice(closing + 1, next),
            name,
            line,
            found,
          );
          line += countNewlines(text, opening, closing);
        }
      } else {
        found.add(name, bareValue(row.slice(before.length - 1)), line);
      }
    } else if (!blankOrComment.test(row)) {
      found.fault(line, "NAME=value is expected here.");
    }
    start = next + 1;
  }
}

function readQuoted(
  inside: string,
  quote: string,
  behind: string,
  name: string,
  line: number,
  found: Findings,
): void {
  if (!blankOrComment.test(behind)) {
    found.fault(line, `There is text behind its closing quote (${quote}).`, name);
    return;
  }
  const value = quote === '"' ? withoutEscapes(inside) : inside;
  found.add(name, quote === "'" ? value.replaceAll(shellQuote, "'") : value, line);
}

/**
 * The value of a line without quotes: up to a comment, without the white space around it.
 *
 * @param rest the line from the character before the value on, which decides whether `#` begins a comment
 */
function bareValue(rest: string): string {
  const comment = /\s#/.exec(rest);
  return (comment ? rest.slice(0, comment.index) : rest).slice(1).trim();
}

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

function withoutEscapes(text: string): string {
  return text.replace(/\\([nrt"\\$])/g, (_, char: string) => escapes[char] ?? char);
}

/** A quote in the midst of '…', as a shell is told of it. */
const shellQuote = "'\\''";

/** Where a quoted value ends; -1 where it does not. A backslash hides a quote inside "…" only. */
function closingQuote(text: string, from: number, quote: string): number {
  for (let at = text.indexOf(quote, from); at !== -1; at = text.indexOf(quote, at + 1)) {
    if (quote === "'" && text.startsWith(shellQuote, at)) {
      at += shellQuote.length - 1;
      continue;
    }
    let backslashes = 0;
    while (quote === '"' && at - backslashes > from && text[at - backslashes - 1] === "\\") backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return -1;
}

function endOfLine(text: string, from: number): number {
  const at = text.indexOf("\n", from);
  return at === -1 ? text.length : at;
}

function countNewlines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at !== -1 && at < to; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

/** What Docker takes for space at the start of a line: Go's `unicode.IsSpace`, which has no byte order mark in it. */
const goSpace = /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/**
 * Reads a file for `docker run --env-file`: everything after the first `=` of a line is the value, quotes,
 * blanks and `#` included. A name by itself, which Docker takes from its own environment, is a fault.
 */
export function parseDocker(text: string, found: Findings): void {
  let line = 0;
  for (let start = 0; start < text.length && !found.isFull; ) {
    line++;
    const end = endOfLine(text, start);
    const row = text.slice(start, end).replace(/\r$/, "").replace(goSpace, "");
    start = end + 1;
    if (row === "" || row.startsWith("#")) continue;
    const equals = row.indexOf("=");
    const name = row.slice(0, Math.max(equals, 0));
    if (name === "" || /\s/.test(name)) found.fault(line, "NAME=value is expected here.");
    else found.add(name, row.slice(equals + 1), line);
  }
}
