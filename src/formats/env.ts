import {
  type NamedValue,
  requireUnicode,
  requireVariableName,
  type SecretPrinter,
  UnprintableSecretError,
} from "./printer.ts";

/**
 * A dotenv file with one promise: the `dotenv` package and a shell that sources it (POSIX sh, bash)
 * read the same value, and nothing in it can run. The two agree on little: the shell knows no escape
 * inside '…', dotenv removes no backslash, and dotenv turns every CR into a line feed. What they cannot
 * both be told is refused.
 */
export const env: SecretPrinter = {
  contentType: "text/plain; charset=utf-8",
  print: (secrets) => secrets.map((secret) => `${printLine(secret)}\n`).join(""),
};

/** Neither reader gives these a meaning. No `~`, which a shell expands at the start and after a colon. */
const plain = /^[A-Za-z0-9_./:@%+,=-]+$/;
/** What a shell expands or unescapes inside "…". */
const activeInDoubleQuotes = /[$`\\"]/;

/**
 * Variables that a shell computes, guards or evaluates itself. Assigning one does not set it, or worse:
 * bash evaluates RANDOM, OPTIND and HISTCMD as arithmetic, in which `a[$(command)]` runs the command, and
 * an interactive shell expands the prompts and the messages of MAILPATH.
 */
const shellOwned = new Set(
  [
    "_ COMP_CWORD COPROC DIRSTACK EPOCHREALTIME EPOCHSECONDS EUID FUNCNAME GROUPS HISTCMD IFS LINENO",
    "MAILPATH OPTIND PPID PROMPT_COMMAND PS0 PS1 PS2 PS3 PS4 RANDOM SECONDS SHELLOPTS SRANDOM UID",
  ].flatMap((names) => names.split(" ")),
);

function printLine(secret: NamedValue): string {
  requireVariableName(secret);
  requireUnicode(secret);
  const { name, value } = secret;
  if (shellOwned.has(name) || name.startsWith("BASH")) {
    throw new UnprintableSecretError(name, "a shell keeps this variable for itself; use ?format=map");
  }
  return `${name}=${quote(name, value)}`;
}

function quote(name: string, value: string): string {
  const refuse = (what: string) =>
    new UnprintableSecretError(name, `a .env file cannot say ${what}; use ?format=map`);
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
