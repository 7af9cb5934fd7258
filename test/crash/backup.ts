import { Database } from "bun:sqlite";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { integrityOf } from "./evidence.ts";
import { describe } from "./judge.ts";
import type { World } from "./world.ts";

const program = join(import.meta.dir, "../../src/cli/main.ts");

/** Runs a command of the program on a world's database, with master keys on stdin. Its exit code, and all it said. */
export async function runCommand(world: World, args: readonly string[], masterKeys: readonly string[] = []) {
  const child = Bun.spawn({
    cmd: [process.execPath, program, ...args],
    cwd: world.folder,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/nonexistent", DATABASE_URL: `file:${world.file}` },
    stdin: new Blob([masterKeys.map((masterKey) => `${masterKey}\n`).join("")]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exitCode: await child.exited, said: stdout + stderr };
}

/**
 * Makes a backup while others write and the server dies: it is whole, and has all that was acknowledged before it began.
 * Returns what is wrong.
 */
export async function backUp(world: World): Promise<string[]> {
  const acknowledged = world.ledger.writes.filter(({ fate }) => fate === "acknowledged");
  const file = join(world.folder, `backup-${world.next()}.db`);
  const { exitCode, said } = await runCommand(world, ["backup", file]);
  if (exitCode !== 0) return [`the backup ended with ${exitCode}: ${said}`];
  using database = new Database(file, { readonly: true });
  const told = database.query("select distinct request_id from audit_events").values().flat();
  const known = new Set(told);
  const lost = acknowledged.filter(({ requestId }) => !known.has(requestId ?? ""));
  const faults = lost.map((write) => `${describe(write)} is not in a backup that was begun after it`);
  const integrity = integrityOf(file);
  if (integrity !== "ok") faults.push(`PRAGMA integrity_check of a backup: ${integrity}`);
  const { exitCode: verified, said: report } = await runCommand(world, ["verify", file]);
  if (verified !== 0) faults.push(`the backup is not whole: ${report}`);
  rmSync(file);
  return faults;
}
