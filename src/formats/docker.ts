import {
  linePrinter,
  type NamedValue,
  requireUnicode,
  requireVariableName,
  UnprintableSecretError,
} from "./printer.ts";

/**
 * `NAME=value` lines for `docker run --env-file`: everything after the first `=` is the value, without
 * quotes or escapes, so that it can hold no line break.
 */
export const docker = linePrinter(printLine);

/** Docker reads with Go's bufio.Scanner, whose buffer of 64 KiB has to hold the line and its line feed. */
const maxLineBytes = 65_535;

function printLine(secret: NamedValue): string {
  requireVariableName(secret);
  requireUnicode(secret);
  const { name, value } = secret;
  const refuse = (what: string) => new UnprintableSecretError(name, `a Docker env file cannot hold ${what}`);
  if (/[\r\n]/.test(value)) throw refuse("a line break");
  if (value.includes("\0")) throw refuse("a NUL character");
  const line = `${name}=${value}`;
  if (Buffer.byteLength(line) > maxLineBytes) throw refuse(`a line longer than ${maxLineBytes} bytes`);
  return line;
}
