import type { Command } from "commander";
import type { Shell } from "./command-options.ts";
import { bashCompletion } from "./completion-bash.ts";
import { fishCompletion } from "./completion-fish.ts";
import { describeCommands } from "./completion-model.ts";
import { zshCompletion } from "./completion-zsh.ts";
import { writeText } from "./output.ts";

const generators = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** Prints the script of a shell for a whole program. */
export async function printCompletion(shell: Shell, program: Command): Promise<void> {
  await writeText(generators[shell](describeCommands(program)));
}
