import { closeSync, fstatSync, openSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Needle } from "./needles.ts";

/**
 * Settings of Bun and of its allocator that reserve fewer addresses. What is reserved and never used is all zeros and
 * not looked at, but `gcore` writes it: six gigabytes without these.
 */
export const smallReservations: Readonly<Record<string, string>> = {
  BUN_JSC_structureHeapSizeInKB: "65536",
  BUN_JSC_jitMemoryReservationSize: "33554432",
  MIMALLOC_ARENA_RESERVE: "65536",
};

/** Why no process of ours can be dumped here; undefined where one can. */
export async function whyNoCoreDump(folder: string): Promise<string | undefined> {
  if (!Bun.which("gcore")) return "there is no gcore: install gdb";
  await using child = Bun.spawn({ cmd: ["sleep", "60"] });
  const { file, said } = await dump(child.pid, folder);
  rmSync(file, { force: true });
  return said === "" ? undefined : `gcore may not: ${said}`;
}

/** A secret that is looked for. */
export interface Sought {
  /** In words, for the findings. */
  what: string;
  needles: readonly Needle[];
}

/** How often each secret was found, and in which encoding. */
export type Found = Map<string, number>;

/** Writes a core dump of a process into a folder, looks for secrets in it, and deletes it. Throws what gcore said. */
export async function searchCoreDump(pid: number, folder: string, sought: readonly Sought[]): Promise<Found> {
  const { file, said } = await dump(pid, folder);
  try {
    if (said !== "") throw new Error(said);
    return search(file, sought);
  } finally {
    rmSync(file, { force: true });
  }
}

async function dump(pid: number, folder: string): Promise<{ file: string; said: string }> {
  const prefix = join(folder, "core");
  const gcore = Bun.spawn({ cmd: ["gcore", "-o", prefix, String(pid)], stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([
    new Response(gcore.stdout).text(),
    new Response(gcore.stderr).text(),
  ]);
  const exitCode = await gcore.exited;
  const isSaved = exitCode === 0 && stdout.includes("Saved corefile");
  return {
    file: `${prefix}.${pid}`,
    said: isSaved ? "" : `gcore ended with ${exitCode}: ${stdout}${stderr}`,
  };
}

const block = 1024 * 1024;
/** Longer than any needle, so that none is cut by the end of a block. */
const overlap = 4096;

function search(file: string, sought: readonly Sought[]): Found {
  const descriptor = openSync(file, "r");
  try {
    const found: Found = new Map();
    const { size } = fstatSync(descriptor);
    const [buffer, zeros] = [Buffer.alloc(block + overlap), Buffer.alloc(block)];
    for (let at = 0; at < size; at += block) {
      const length = readSync(descriptor, buffer, 0, block + overlap, at);
      const own = Math.min(length, block);
      if (!buffer.subarray(0, own).equals(zeros.subarray(0, own)))
        searchBlock(buffer.subarray(0, length), sought, found);
    }
    return found;
  } finally {
    closeSync(descriptor);
  }
}

function searchBlock(bytes: Buffer, sought: readonly Sought[], found: Found): void {
  for (const { what, needles } of sought) {
    for (const { encoding, needle } of needles) {
      const finding = `${what} (${encoding})`;
      for (let at = bytes.indexOf(needle); at !== -1 && at < block; at = bytes.indexOf(needle, at + 1))
        found.set(finding, (found.get(finding) ?? 0) + 1);
    }
  }
}
