import type { Argument, Command, Option } from "commander";

/** What may stand in a place: one of a few words, a file, another command, or what nobody can guess. */
export type Completable =
  | { kind: "words"; words: readonly string[] }
  | { kind: "file" }
  | { kind: "command" }
  | { kind: "unknown" };

/** An option as it is typed. */
export interface CompletedOption {
  /** `--format`, and `-f` where there is one. */
  spellings: string[];
  description: string;
  /** What follows it; undefined where nothing does. */
  value: Completable | undefined;
  /** True where the value is behind `=` or left away. */
  isValueOptional: boolean;
}

/** A command, as far as completing it goes. */
export interface CompletedCommand {
  /** The words that lead to it, from the program's name on. */
  path: string[];
  subcommands: { name: string; description: string }[];
  options: CompletedOption[];
  /** Its arguments. */
  argument: Completable;
}

/** A program and all of its commands, each before its sub-commands. */
export function describeCommands(program: Command): CompletedCommand[] {
  return describe(program, []);
}

function describe(command: Command, parents: readonly string[]): CompletedCommand[] {
  const help = command.createHelp();
  const path = [...parents, command.name()];
  const visible = help.visibleCommands(command);
  const itself: CompletedCommand = {
    path,
    subcommands: visible.map((other) => ({
      name: other.name(),
      description: other.summary() || other.description(),
    })),
    options: help.visibleOptions(command).map(describeOption),
    argument: argumentOf(command),
  };
  const below = visible.flatMap((other) => describe(other, path));
  // What the help of a command can be asked for are the commands beside it.
  const words = command.commands.map((other) => other.name());
  const ofHelp = below.find((other) => other.path.length === path.length + 1 && other.path.at(-1) === "help");
  if (ofHelp) ofHelp.argument = { kind: "words", words };
  return [itself, ...below];
}

function describeOption(option: Option): CompletedOption {
  return {
    spellings: [option.long, option.short].filter((spelling) => typeof spelling === "string"),
    description: option.description,
    value: option.required || option.optional ? completable(option.flags, option.argChoices) : undefined,
    isValueOptional: option.optional,
  };
}

function argumentOf(command: Command): Completable {
  const [argument]: readonly Argument[] = command.registeredArguments;
  return argument ? completable(argument.name(), argument.argChoices) : { kind: "unknown" };
}

/** By the word that the help has for it. */
function completable(label: string, choices: readonly string[] | undefined): Completable {
  if (choices) return { kind: "words", words: choices };
  if (/\bFILE\b/.test(label)) return { kind: "file" };
  if (/\bCOMMAND\b/.test(label)) return { kind: "command" };
  return { kind: "unknown" };
}
