import type { ImportFormat } from "../formats/format-names.ts";
import { type ParsedText, parseSecrets } from "../formats/parse.ts";
import { CliError } from "./cli-error.ts";
import type { Environment } from "./environment.ts";
import { readInput } from "./input.ts";
import { maskCredentials } from "./mask-credentials.ts";
import { isSecretName } from "./option-values.ts";
import { count, visible, writeNote } from "./output.ts";

/** The secrets of a text that can all be a secret's. */
export interface ReadText {
  /** What it was read as. */
  format: ParsedText["format"];
  /** Names to values as they are written, in the order of the text. */
  values: Map<string, string>;
  /** Names that were left away. */
  skipped: string[];
}

type Fault = ParsedText["faults"][number];

/** What Doppler adds to each download: where it comes from, and no secret. */
export const metadata: ReadonlySet<string> = new Set([
  "DOPPLER_PROJECT",
  "DOPPLER_ENVIRONMENT",
  "DOPPLER_CONFIG",
]);

/**
 * Reads a file with secrets, or stdin for `-`, and says on stderr what it leaves away.
 *
 * @param exitCode of the error for a text that cannot be read
 * @throws CliError with every fault and its line; none repeats a value
 */
export async function readSecretsText(
  path: string,
  format: ImportFormat,
  env: Environment,
  exitCode: number,
): Promise<ReadText> {
  const source = sourceName(path);
  const parsed = parseSecrets(await readInput(path, env), format);
  const faults = [...parsed.faults, ...parsed.entries.flatMap(entryFaults)];
  if (faults.length > 0) throw new CliError(describeFaults(source, faults), exitCode);
  const skipped = parsed.entries.map(({ name }) => name).filter((name) => metadata.has(name));
  if (skipped.length > 0) writeNote(`left out, as it is Doppler's own: ${skipped.join(", ")}`);
  const kept = parsed.entries.filter(({ name }) => !metadata.has(name));
  if (kept.length === 0) throw new CliError(`there is no secret in ${source}`, exitCode);
  return {
    format: parsed.format,
    values: new Map(kept.map(({ name, value }) => [name, value])),
    skipped,
  };
}

/** What a message calls the file. */
export function sourceName(path: string): string {
  return path === "-" ? "stdin" : path;
}

function entryFaults({ name, value, line }: ParsedText["entries"][number]): Fault[] {
  const fault = (message: string): Fault[] => [{ line, name, message }];
  if (!isSecretName(name)) {
    return fault("This cannot be a secret's name: it has letters, digits and _, and no digit at its start.");
  }
  if (value.includes("\0"))
    return fault("Its value holds a NUL character, which no environment variable can.");
  if (!value.isWellFormed()) return fault("Its value is not Unicode text (half a surrogate pair).");
  return [];
}

/** As many faults as anybody reads. */
const toldFaults = 50;

/** All faults of a text in lines of a message; many are counted. */
export function describeFaults(source: string, faults: readonly Fault[]): string {
  const lines = faults
    .toSorted((a, b) => a.line - b.line)
    .slice(0, toldFaults)
    .map(
      ({ line, name, message }) =>
        `  line ${line}: ${name === undefined ? "" : `${visible(maskCredentials(name))}: `}${message}`,
    );
  const left = faults.length - lines.length;
  if (left > 0) lines.push(`  and ${left} more`);
  return `${source} has ${count(faults.length, "fault")}, and nothing was done:\n${lines.join("\n")}`;
}
