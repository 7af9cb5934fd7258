import { invalid, SecretsflyError } from "../errors.ts";

/** A change that somebody asks for. A note that is undefined stays as it is. */
export type SecretChange =
  | { kind: "set"; name: string; value: string; note?: string | undefined }
  | { kind: "delete"; name: string };

const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;
const maxNameLength = 255;
const maxNoteLength = 1000;
/** Of one project × environment: each write seals all of them again, here and in every descendant. */
export const maxSecrets = 5000;
/** Of all values of one project × environment, as a multiple of the largest value. */
const totalShare = 16;
/** Names that the API's own addresses have. */
const reserved: ReadonlySet<string> = new Set(["events"]);

/** Why a text cannot be a secret's name; undefined where it can. It has to work as an environment variable. */
export function nameFault(name: string): string | undefined {
  if (name === "") return "A secret needs a name.";
  if (name.length > maxNameLength) return `A secret's name has at most ${maxNameLength} characters.`;
  if (/^(?:sfly|sfmk)_/.test(name))
    return "This looks like a service token or a master key, not like a secret's name.";
  if (reserved.has(name)) return `A secret cannot be called ${name}: the API has an address of that name.`;
  if (namePattern.test(name)) return undefined;
  return "A secret's name is an environment variable's: letters, digits and _, not beginning with a digit.";
}

/** Why a text cannot be a secret's value; undefined where it can. Any text can that has no NUL and is valid Unicode. */
export function valueFault(value: string): string | undefined {
  if (value.includes("\0")) return "A value must not contain a NUL character: no environment variable can.";
  if (!value.isWellFormed()) return "The value is not valid Unicode (a lone surrogate).";
  return undefined;
}

/** Throws SecretsflyError `invalid` or `too-large`, for the first change that cannot be; never repeats a value. */
export function checkChanges(changes: readonly SecretChange[], maxSecretBytes: number): void {
  if (changes.length > 2 * maxSecrets) {
    throw new SecretsflyError("too-large", `At most ${2 * maxSecrets} changes can be made at once.`);
  }
  const seen = new Set<string>();
  for (const change of changes) {
    const { name } = change;
    const fault = nameFault(name);
    if (fault) throw invalid("name", fault);
    if (seen.has(name)) throw invalid(name, `The secret ${name} is there twice.`);
    seen.add(name);
    if (change.kind === "set") checkContent(name, change.value, change.note ?? "", maxSecretBytes);
  }
}

function checkContent(name: string, value: string, note: string, maxSecretBytes: number): void {
  const fault = valueFault(value);
  if (fault) throw invalid(name, `${name}: ${fault}`);
  if (Buffer.byteLength(value) > maxSecretBytes) {
    const message = `The value of ${name} is larger than ${maxSecretBytes} bytes.`;
    throw new SecretsflyError("too-large", message, { [name]: message });
  }
  if (note.length > maxNoteLength)
    throw invalid(name, `The note of ${name} has more than ${maxNoteLength} characters.`);
  if (/[\p{Cc}\p{Cs}]/u.test(note) || note !== note.trim())
    throw invalid(name, `The note of ${name} must be one line of text, without white space around it.`);
}

/**
 * Bounds what a project × environment holds, so that inheriting it can never be refused below. What is
 * above a bound already may shrink. Throws SecretsflyError `too-large`.
 */
export function checkTotal(
  before: readonly Content[],
  after: readonly Content[],
  maxSecretBytes: number,
): void {
  if (after.length > maxSecrets && after.length > before.length) {
    throw new SecretsflyError(
      "too-large",
      `An environment of a project holds at most ${maxSecrets} secrets of its own.`,
    );
  }
  const limit = totalShare * maxSecretBytes;
  const size = totalBytes(after);
  if (size > limit && size > totalBytes(before)) {
    throw new SecretsflyError(
      "too-large",
      `All values of an environment together have at most ${limit} bytes.`,
    );
  }
}

interface Content {
  value: string;
}

function totalBytes(secrets: readonly Content[]): number {
  return secrets.reduce((sum, { value }) => sum + Buffer.byteLength(value), 0);
}
