import { parseSecrets } from "../formats/parse.ts";
import { CliError } from "./cli-error.ts";
import type { Environment } from "./environment.ts";
import { exitCodes } from "./exit-codes.ts";
import { describeFaults, metadata, sourceName } from "./import-read.ts";
import { readInput } from "./input.ts";
import { isSecretName } from "./option-values.ts";

/**
 * The names of an example such as `.env.example`. A fault that is about a value does not matter here.
 *
 * @throws CliError (2) for a file that cannot be read, with every fault and its line
 */
export async function namesOfFile(path: string, env: Environment): Promise<string[]> {
  const { entries, faults } = parseSecrets(await readInput(path, env));
  const unreadable = faults.filter(({ name }) => name === undefined || !isSecretName(name));
  if (unreadable.length > 0) {
    throw new CliError(describeFaults(sourceName(path), unreadable), exitCodes.usage);
  }
  const names = [...entries, ...faults].flatMap(({ name }) => (name === undefined ? [] : [name]));
  return names.filter((name) => !metadata.has(name));
}
