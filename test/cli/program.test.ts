import { describe, expect, test } from "bun:test";
import { type Command, CommanderError } from "commander";
import { createProgram } from "../../src/cli/program.ts";

/** Parses as a command line would be, and tells what was written and thrown. */
async function parse(...args: string[]) {
  let written = "";
  const program = await createProgram(args[0]);
  const write = (text: string) => {
    written += text;
  };
  for (const command of allCommands(program)) command.configureOutput({ writeOut: write, writeErr: write });
  const error = await program.parseAsync(args, { from: "user" }).catch((thrown: unknown) => thrown);
  return { written, error };
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

const pathOf = (command: Command): string[] =>
  command.parent ? [...pathOf(command.parent), command.name()] : [];

const commands = allCommands(await createProgram(undefined));
/** Of a command that does something itself. */
const example = /\nExamples?:\n|\nbash, in ~\/\.bashrc:\n/;

describe("help", () => {
  test.each(commands.map((command) => [pathOf(command).join(" "), command] as const))(
    "of %p says what it does, with examples, on a terminal of 80 columns",
    async (_, command) => {
      const path = pathOf(command);
      const { written, error } = await parse(...path, "--help");
      expect(error).toMatchObject({ exitCode: 0 });
      expect(written).toStartWith(`Usage: ${["secretsfly", ...path].join(" ")} `);
      expect(written).toMatch(/\n {2}-h, --help +show this help\n/);
      if (command.commands.length === 0) expect(written).toMatch(example);
      expect(written.split("\n").filter((line) => line.length > 80)).toEqual([]);
    },
  );

  test("of the program names each command under a heading", async () => {
    const { written } = await parse("--help");
    for (const heading of ["Apps:", "Secrets:", "This machine:", "Environment:"]) {
      expect(written).toContain(`\n${heading}\n`);
    }
    expect(written).not.toContain("\nCommands:\n");
  });

  test("of a command with others below it names them under one heading", async () => {
    const { written } = await parse("secrets", "--help");
    expect(written).toMatch(/\nCommands:\n(?: {2}.*\n)+ {2}help /);
    expect(written).not.toContain("This machine:");
  });
});

test.each([
  [["sercets"], "(Did you mean secrets?)"],
  [["secrets", "lst"], "(Did you mean list?)"],
  [["export", "--fromat", "env"], "(Did you mean --format?)"],
  [["export", "--format", "xml"], "Allowed choices are env, docker"],
])("%p is an error that helps, thrown and not ended by", async (args, message) => {
  const { written, error } = await parse(...args);
  expect(error).toBeInstanceOf(CommanderError);
  expect(written).toContain(message);
  expect(written).toContain("(--help says more)");
});

const pasted = "sfly_abc123_SECRET-SECRET";

test.each([
  [["export", `--token=${pasted}`], "secretsfly: unknown option '--token'"],
  [["export", `--token='\n${pasted}'`], "secretsfly: unknown option '--token'"],
  [["secrets", "set", "A=1", "-pSECRET"], "secretsfly: unknown option '-p'"],
  [
    ["secrets", "get", "A", "SECRET"],
    "secretsfly: too many arguments for 'get'. Expected 1 argument but got 2.",
  ],
  [["export", "--allow", `${pasted}`], "argument 'sfly_abc123_…' is invalid."],
  [[pasted], "secretsfly: unknown command 'sfly_abc123_…'"],
  [["check", "--require", "sfmk_SECRET"], "argument 'sfmk_…' is invalid."],
])("%p shows nothing that may be a secret", async (args, message) => {
  const { written, error } = await parse(...args);
  expect(error).toBeInstanceOf(CommanderError);
  expect(written).toContain(message);
  expect(written).not.toContain("SECRET");
});

test("--json of an export is its format, and none beside another", async () => {
  const { written } = await parse("export", "--json", "--format", "env");
  expect(written).toContain("option '--json' cannot be used with option '-f, --format <FORMAT>'");
});
