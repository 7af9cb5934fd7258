import { Database } from "bun:sqlite";
import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** Makes a database so large that copying it takes a while: a table that is none of ours holds it all. */
export function enlarge(file: string, megabytes: number): void {
  using database = new Database(file);
  const rows = `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${megabytes})`;
  database.run(`create table ballast as ${rows} select randomblob(1000000) as content from n`);
}

/** How large the copy is that is being made beside a place; undefined before there is one. */
export function draftSize(place: string): number | undefined {
  const folder = dirname(place);
  const name = readdirSync(folder).find((one) => /^\.secretsfly-draft-[0-9a-f-]{36}$/.test(one));
  return name === undefined ? undefined : statSync(join(folder, name), { throwIfNoEntry: false })?.size;
}

/** Kills a process as soon as something is so, and waits for its end. It may have ended by itself before. */
export async function killWhen(child: Bun.Subprocess, isSo: () => boolean): Promise<void> {
  // Timers are too slow here: what is waited for lasts for a millisecond.
  while (child.exitCode === null && !isSo()) await new Promise((resolve) => setImmediate(resolve));
  child.kill("SIGKILL");
  await child.exited;
}
