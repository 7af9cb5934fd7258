import {
  mapHoldsIt,
  type NamedValue,
  requireUnicode,
  requireVariableName,
  type SecretPrinter,
  UnprintableSecretError,
} from "./printer.ts";

/**
 * Lines to append to the file `$GITHUB_ENV` of a GitHub Actions job: `NAME<<delimiter`, the value and the
 * delimiter again, as `@actions/core` writes them. The runner reads line by line and takes everything up to
 * a line that is the delimiter, so that must not be foreseeable: a value with it could set other variables.
 */
export const github: SecretPrinter = {
  contentType: "text/plain; charset=utf-8",
  print: (secrets) => printGithub(secrets, () => `secretsfly_${crypto.randomUUID()}`),
};

/**
 * What `github` prints, with delimiters of the caller's choice.
 *
 * @param nextDelimiter gives another one each time, of letters, digits, `_` and `-`; it is asked again while
 * the value holds what it gave
 * @throws UnprintableSecretError for the first secret that a runner would not take, or not exactly
 */
export function printGithub(secrets: readonly NamedValue[], nextDelimiter: () => string): string {
  return secrets.map((secret) => printEntry(secret, nextDelimiter)).join("");
}

/** Names are compared without case: so does the runner, and Windows. */
const ownNames = /^(?:GITHUB_|RUNNER_)/i;

function printEntry(secret: NamedValue, nextDelimiter: () => string): string {
  requireVariableName(secret);
  requireUnicode(secret);
  const { name, value } = secret;
  const refuse = (reason: string) => new UnprintableSecretError(name, reason);
  if (ownNames.test(name)) throw refuse("GitHub keeps the names GITHUB_… and RUNNER_… for itself");
  if (name.toUpperCase() === "NODE_OPTIONS") throw refuse("GitHub does not take this variable from a step");
  if (value.includes("\0")) throw refuse(`$GITHUB_ENV cannot hold a NUL character; ${mapHoldsIt}`);
  // A runner on Windows takes this CR and the line feed behind the value for one line end.
  if (value.endsWith("\r"))
    throw refuse(`$GITHUB_ENV cannot hold a carriage return at the end; ${mapHoldsIt}`);
  let delimiter = nextDelimiter();
  while (value.includes(delimiter)) delimiter = nextDelimiter();
  return `${name}<<${delimiter}\n${value}\n${delimiter}\n`;
}
