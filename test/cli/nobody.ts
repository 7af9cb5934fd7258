import { commandLine } from "./harness.ts";

const isRoot = process.getuid?.() === 0;

/** What makes a command one of somebody who may not do everything: root may, so that it becomes another. */
export const asNobody: readonly string[] = isRoot
  ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
  : [];

function canStart(): boolean {
  const { cmd, env, cwd } = commandLine(["--version"]);
  return Bun.spawnSync([...asNobody, ...cmd], { env, cwd }).exitCode === 0;
}

/** False for root without util-linux, and where others may not read these files. */
export const canBeNobody = !isRoot || (Bun.which("setpriv") !== null && canStart());
