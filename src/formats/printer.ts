/** A secret's name and value, as plain text. */
export interface NamedValue {
  name: string;
  value: string;
}

/** What every format's file exports: how it is served, and how it writes secrets. */
export interface SecretPrinter {
  /** Media type of the text that `print` returns. */
  readonly contentType: string;
  /**
   * Writes all secrets in the given order.
   *
   * @param secrets names and values; names are unique
   * @param title what the secrets belong to, e.g. `shop-api-prod`; only formats that name their document use it
   * @throws UnprintableSecretError for the first secret that this format cannot hold exactly
   */
  print(secrets: readonly NamedValue[], title: string): string;
}

/** The printer of a plain text with one entry for each secret, which begins on a line of its own. */
export function linePrinter(printEntry: (secret: NamedValue) => string): SecretPrinter {
  return {
    contentType: "text/plain; charset=utf-8",
    print: (secrets) => secrets.map((secret) => `${printEntry(secret)}\n`).join(""),
  };
}

/** A format cannot hold this secret exactly. The message names it and the reason, never the value. */
export class UnprintableSecretError extends Error {
  override readonly name = "UnprintableSecretError";

  constructor(
    readonly secretName: string,
    readonly reason: string,
  ) {
    super(`${secretName}: ${reason}`);
  }
}

/** The way out that a reason names: `map` holds every string. */
export const mapHoldsIt = "the format map can hold it";

/** POSIX.1-2017, 3.235: what a shell takes for a variable's name. Any other name could be read as code. */
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** @throws UnprintableSecretError when the name is no environment variable's name */
export function requireVariableName({ name }: NamedValue): void {
  if (!variableName.test(name))
    throw new UnprintableSecretError(name, "its name is no environment variable's");
}

/** @throws UnprintableSecretError when the value is not Unicode text, which UTF-8 would change silently */
export function requireUnicode({ name, value }: NamedValue): void {
  if (!value.isWellFormed()) {
    throw new UnprintableSecretError(name, `it is not Unicode text (half a surrogate pair); ${mapHoldsIt}`);
  }
}
