import {
  linePrinter,
  mapHoldsIt,
  type NamedValue,
  requireUnicode,
  requireVariableName,
  UnprintableSecretError,
} from "./printer.ts";
import { requireSettableName } from "./shell-names.ts";

/**
 * `export NAME='…'` lines that a shell (POSIX sh, bash, dash, zsh) sources, or evaluates with
 * `eval "$(…)"`. No character has a meaning inside '…' but the quote itself, which stands outside of it as
 * \'. So every value can be said but one with a NUL character, and nothing in it can run.
 */
export const shell = linePrinter(printLine);

function printLine(secret: NamedValue): string {
  requireVariableName(secret);
  requireUnicode(secret);
  requireSettableName(secret);
  const { name, value } = secret;
  if (value.includes("\0"))
    throw new UnprintableSecretError(name, `a shell cannot hold a NUL character; ${mapHoldsIt}`);
  return `export ${name}='${value.replaceAll("'", "'\\''")}'`;
}
