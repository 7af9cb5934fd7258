import {
  linePrinter,
  mapHoldsIt,
  type NamedValue,
  requireUnicode,
  requireVariableName,
  UnprintableSecretError,
} from "./printer.ts";
import { requireInertName } from "./shell-names.ts";

/**
 * A dotenv file with one promise: the `dotenv` package and a shell that sources it (POSIX sh, bash)
 * read the same value, and nothing in it can run, in zsh neither. The two agree on little: the shell knows no escape
 * inside '…', dotenv removes no backslash, and dotenv turns every CR into a line feed. What they cannot
 * both be told is refused.
 */
export const env = linePrinter(printLine);

/**
 * No reader gives these a meaning. No `~`, which a shell expands at the start and after a colon, and there no
 * `=`: zsh takes what follows it for a command's name, of which it makes the path.
 */
const plain = /^(?!=|.*:=)[A-Za-z0-9_./:@%+,=-]+$/;
/** What a shell expands or unescapes inside "…". */
const activeInDoubleQuotes = /[$`\\"]/;

function printLine(secret: NamedValue): string {
  requireVariableName(secret);
  requireUnicode(secret);
  requireInertName(secret);
  const { name, value } = secret;
  return `${name}=${quote(name, value)}`;
}

function quote(name: string, value: string): string {
  const refuse = (what: string) =>
    new UnprintableSecretError(name, `a .env file cannot hold ${what}; ${mapHoldsIt}`);
  if (value.includes("\0")) throw refuse("a NUL character");
  if (value.includes("\r")) throw refuse("a carriage return");
  if (plain.test(value)) return value;
  // dotenv takes \' for a quote inside the value, the shell for the value's end.
  if (!value.includes("'")) {
    if (value.endsWith("\\")) throw refuse("a backslash at the end");
    return `'${value}'`;
  }
  if (activeInDoubleQuotes.test(value)) throw refuse('a single quote together with $, `, \\ or "');
  return `"${value}"`;
}
