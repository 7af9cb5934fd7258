import { test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The shells that the promise of `env` is made for, and every gate has. */
export const shells = ["bash", "dash"] as const;
/** Those of `shell`. Not every machine has zsh. */
export const exportShells = [...shells, "zsh"] as const;
type Shell = (typeof exportShells)[number];

/** A test of what a shell does; skipped where only zsh is missing. */
export function testIn(shell: Shell): typeof test | typeof test.skip {
  return shell === "zsh" && Bun.which("zsh") === null ? test.skip : test;
}

/** How a text gets into a shell: as a file, or as the output of a command. */
const readings = { source: ". ./$i.env", eval: 'eval "$(cat ./$i.env)"' };

/**
 * Reads each file in a fresh subshell of one process and reads its variable A back.
 *
 * @returns for each file the exact value, what reading it wrote to stdout or stderr, and the files that it made
 */
export function sourceInShell(
  shell: Shell,
  files: readonly string[],
  reading: keyof typeof readings = "source",
): { values: string[]; noise: string; made: string[] } {
  const folder = mkdtempSync(join(tmpdir(), "secretsfly-env-"));
  try {
    files.forEach((text, index) => {
      writeFileSync(join(folder, `${index}.env`), text);
    });
    const script = `i=0; while [ $i -lt ${files.length} ]; do ( ${readings[reading]} >&2; printf '%s\\0' "$A" ); i=$((i+1)); done`;
    const { stdout, stderr } = Bun.spawnSync([shell, ...(shell === "zsh" ? ["-f"] : []), "-c", script], {
      cwd: folder,
      env: { PATH: process.env.PATH ?? "/usr/bin:/bin" },
    });
    return {
      values: stdout.toString().split("\0").slice(0, -1),
      noise: stderr.toString(),
      made: readdirSync(folder).filter((name) => !/^\d+\.env$/.test(name)),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Sources, under each name that a shell has a variable of, a value that runs a command where the shell takes
 * it for arithmetic.
 *
 * @param print makes a file of a value and a name, or throws where that name is refused
 * @returns the names that were not refused and whether they then had the value, and whether anything ran
 */
export function namesSetIn(
  shell: "bash" | "zsh",
  print: (value: string, name: string) => string,
): { set: { name: string; isSet: boolean }[]; ran: boolean } {
  const folder = mkdtempSync(join(tmpdir(), "secretsfly-ran-"));
  try {
    const proof = join(folder, "proof");
    const value = `path[$(touch ${proof})]`;
    const printed = variablesOf(shell).flatMap((name) => {
      try {
        return [{ name, text: `${print(value, name)}A="$${name}"\n` }];
      } catch {
        return [];
      }
    });
    const files = printed.map(({ text }) => text);
    const { values } = sourceInShell(shell, files);
    const set = printed.map(({ name }, index) => ({ name, isSet: values[index] === value }));
    return { set, ran: existsSync(proof) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The variables of a shell, with those that it only knows once it is asked for them. */
function variablesOf(shell: "bash" | "zsh"): string[] {
  const list = shell === "bash" ? ["bash", "-c", "compgen -v"] : ["zsh", "-f", "-i", "-c", "typeset +"];
  const { stdout } = Bun.spawnSync(list, { stdin: "ignore" });
  const names = stdout
    .toString()
    .split("\n")
    .map((line) => line.replace(/^.* /, ""))
    .filter((name) => /^[A-Za-z_]\w*$/.test(name));
  const asked = "RANDOM SRANDOM HISTCMD OPTIND SECONDS LINENO COLUMNS LINES TMOUT FUNCNEST GID".split(" ");
  return [...new Set([...names, ...asked])];
}
