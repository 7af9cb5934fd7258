import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The shells that the promise of `env` is made for. */
export const shells = ["bash", "dash"] as const;

/**
 * Sources each file in a fresh subshell of one process and reads its variable A back.
 *
 * @returns for each file the exact value, and what sourcing it wrote to stdout or stderr
 */
export function sourceInShell(
  shell: (typeof shells)[number],
  files: readonly string[],
): { values: string[]; noise: string } {
  const folder = mkdtempSync(join(tmpdir(), "secretsfly-env-"));
  try {
    files.forEach((text, index) => {
      writeFileSync(join(folder, `${index}.env`), text);
    });
    const script = `i=0; while [ $i -lt ${files.length} ]; do ( . ./$i.env >&2; printf '%s\\0' "$A" ); i=$((i+1)); done`;
    const { stdout, stderr } = Bun.spawnSync([shell, "-c", script], {
      cwd: folder,
      env: { PATH: "/usr/bin:/bin" },
    });
    return { values: stdout.toString().split("\0").slice(0, -1), noise: stderr.toString() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
