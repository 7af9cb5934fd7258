import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import type { Machine } from "./results.ts";

/** What this runs on. */
export function describeMachine(): Machine {
  const [processor] = cpus();
  return {
    processor: processor?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    system: `${type()} ${release()}${distribution()}`,
    bun: Bun.version,
  };
}

function distribution(): string {
  try {
    const name = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
    return name === undefined ? "" : `, ${name}`;
  } catch {
    return "";
  }
}

/** The short hash of what is measured, `+` at its end where files are not committed; `unknown` without git. */
export function currentCommit(): string {
  const git = (...args: string[]) => {
    const { exitCode, stdout } = Bun.spawnSync(["git", "-C", import.meta.dir, ...args], { stderr: "ignore" });
    return exitCode === 0 ? stdout.toString().trim() : undefined;
  };
  if (!Bun.which("git")) return "unknown";
  const hash = git("rev-parse", "--short", "HEAD");
  if (!hash) return "unknown";
  // Results of the runs before are no change of what is measured.
  return git("status", "--porcelain", "--", "..", ":!results") ? `${hash}+` : hash;
}
