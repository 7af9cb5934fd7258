import { join } from "node:path";
import type { OnceReport, OnceTask } from "./once-process.ts";

/**
 * Fetches once with each token of a file, or of a part of it, over ten connections, from a process of its own.
 * Throws where an answer was not 200.
 */
export async function fetchOnceEach(task: OnceTask): Promise<OnceReport> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "once-process.ts")], {
    stdin: new Blob([JSON.stringify(task)]),
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error("not every token was answered");
  return JSON.parse(text) as OnceReport;
}
