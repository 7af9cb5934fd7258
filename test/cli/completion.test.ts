import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bashCompletion } from "../../src/cli/completion-bash.ts";
import { fishCompletion } from "../../src/cli/completion-fish.ts";
import { describeCommands } from "../../src/cli/completion-model.ts";
import { zshCompletion } from "../../src/cli/completion-zsh.ts";
import { createProgram } from "../../src/cli/program.ts";
import { cli, temporaryFolder } from "./harness.ts";

const commands = describeCommands(await createProgram(undefined));
const scripts = {
  bash: bashCompletion(commands),
  zsh: zshCompletion(commands),
  fish: fishCompletion(commands),
};

test("the command prints the script of the shell that is asked for", async () => {
  expect(await cli(["completion", "fish"])).toEqual({ stdout: scripts.fish, stderr: "", exitCode: 0 });
});

describe("the model of the program", () => {
  test("knows every command", () => {
    expect(commands.map(({ path }) => path.slice(1).join(" "))).toEqual(
      expect.arrayContaining([
        "",
        "run",
        "secrets",
        "secrets set",
        "export",
        "sync github",
        "help",
        "completion",
      ]),
    );
  });

  test("knows what can stand behind an option and a command", () => {
    const find = (name: string) => commands.find(({ path }) => path.slice(1).join(" ") === name);
    const option = (name: string, long: string) =>
      find(name)?.options.find(({ spellings }) => spellings.includes(long))?.value;
    expect(option("export", "--output")).toEqual({ kind: "file" });
    expect(option("check", "--require-file")).toEqual({ kind: "file" });
    expect(option("export", "--format")).toMatchObject({ kind: "words" });
    expect(option("secrets set", "--note")).toEqual({ kind: "unknown" });
    expect(option("secrets set", "--json")).toBeUndefined();
    expect(find("import")?.argument).toEqual({ kind: "file" });
    expect(find("run")?.argument).toEqual({ kind: "command" });
    expect(find("secrets help")?.argument).toEqual({
      kind: "words",
      words: ["list", "get", "set", "delete"],
    });
  });
});

/** What is typed, a word each, and what has to be offered for the last one. */
const typed: [string[], string[]][] = [
  [["s"], ["secrets", "sync", "serve"]],
  [
    ["secrets", ""],
    ["list", "get", "set", "delete", "help"],
  ],
  [["secrets", "help", "s"], ["set"]],
  [["secrets", "set", "--n"], ["--note"]],
  [["secrets", "get", ""], []],
  [["secrets", "set", "--note", ""], []],
  [["export", "--format", "j"], ["json"]],
  [["export", "-f", "g"], ["github"]],
  // As bash hands an option with = over, and as it does where = is no word break.
  [["export", "--format", "=", "d"], ["docker"]],
  [
    ["export", "--format", "="],
    ["env", "docker", "json", "map", "yaml", "k8s", "github", "shell"],
  ],
  [["export", "--format=d"], ["--format=docker"]],
  [
    ["export", "-o", "file"],
    ["file one", "file-two"],
  ],
  [["import", "file-"], ["file-two"]],
  [["check", "--require-file", "file-"], ["file-two"]],
  [
    ["completion", ""],
    ["bash", "zsh", "fish"],
  ],
  [["run", "--", "sfly-test-c"], ["sfly-test-command"]],
  [["run", "--allow", "A", "sfly-test-c"], ["sfly-test-command"]],
  [["run", "--preserve-env", "=", "A", "--", "sh", "file-"], ["file-two"]],
  [["run", "--preserve-env", "--only"], ["--only-secrets"]],
  [["run", "--", "import", "--dry"], []],
];

test("bash offers what fits, and nothing else", () => {
  const folder = temporaryFolder();
  for (const name of ["file one", "file-two"]) writeFileSync(join(folder, name), "");
  writeFileSync(join(folder, "sfly-test-command"), "#!/bin/sh\n", { mode: 0o755 });
  const tries = typed.map(
    ([words]) => `offer ${["secretsfly", ...words].map((word) => `'${word}'`).join(" ")}`,
  );
  const script = `${scripts.bash}
    offer() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _secretsfly; printf '%s|' "\${COMPREPLY[@]}"; echo; }
    ${tries.join("\n")}`;
  const { stdout, stderr } = Bun.spawnSync(["bash", "--norc", "-c", script], {
    cwd: folder,
    env: { PATH: `${folder}:/usr/bin:/bin` },
  });
  expect(stderr.toString()).toBe("");
  const offers = stdout.toString().trimEnd().split("\n");
  for (const [index, [words, expected]] of typed.entries()) {
    const offered = offers[index]?.split("|").filter((word) => word !== "");
    expect({ words, offered: [...new Set(offered)].sort() }).toEqual({ words, offered: expected.toSorted() });
  }
});

describe.each(["zsh", "fish"] as const)(
  "the script for %s (checked by the shell only where there is one)",
  (shell) => {
    test("has every command, option and choice", () => {
      for (const { subcommands, options } of commands) {
        for (const { name } of subcommands) expect(scripts[shell]).toContain(name);
        for (const { spellings, value } of options) {
          const long = spellings[0] ?? "";
          expect(scripts[shell]).toContain(shell === "fish" ? `-l ${long.slice(2)} ` : long);
          if (value?.kind === "words") expect(scripts[shell]).toContain(value.words.join(" "));
        }
      }
    });

    test.skipIf(Bun.which(shell) === null)("is one that it can read", () => {
      const file = join(temporaryFolder(), "script");
      writeFileSync(file, scripts[shell]);
      const { exitCode, stderr } = Bun.spawnSync([shell, "-n", file]);
      expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: "" });
    });
  },
);
