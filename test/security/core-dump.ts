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
    const index = new NeedleIndex(sought);
    const { size } = fstatSync(descriptor);
    const [buffer, zeros] = [Buffer.alloc(block + overlap), Buffer.alloc(block)];
    for (let at = 0; at < size; at += block) {
      const length = readSync(descriptor, buffer, 0, block + overlap, at);
      const own = Math.min(length, block);
      if (buffer.subarray(0, own).equals(zeros.subarray(0, own))) continue;
      for (const finding of index.findingsIn(buffer.subarray(0, length), own))
        found.set(finding, (found.get(finding) ?? 0) + 1);
    }
    return found;
  } finally {
    closeSync(descriptor);
  }
}

/** Needles by their first four bytes: a dump is read once for all of them, where it would take a minute for each alone. */
class NeedleIndex {
  readonly #needles = new Map<number, { finding: string; needle: Buffer }[]>();
  /** Not 0 where a needle may begin with four bytes that are mixed to this. */
  readonly #begins = new Uint8Array(2 ** 16);

  constructor(sought: readonly Sought[]) {
    for (const { what, needles } of sought) {
      for (const { encoding, needle } of needles) {
        const first = needle.readUInt32LE(0);
        const same = this.#needles.get(first) ?? [];
        same.push({ finding: `${what} (${encoding})`, needle });
        this.#needles.set(first, same);
        this.#begins[mixed(first)] = 1;
      }
    }
  }

  /** What begins in the first `own` of the bytes, once for each time that it is there. */
  findingsIn(bytes: Buffer, own: number): string[] {
    const findings: string[] = [];
    const begins = this.#begins;
    let four = 0;
    for (let i = 0; i < Math.min(own + 3, bytes.length); i++) {
      four = ((four >>> 8) | ((bytes[i] as number) << 24)) >>> 0;
      if (begins[mixed(four)] === 0 || i < 3) continue;
      for (const { finding, needle } of this.#needles.get(four) ?? [])
        if (needle.equals(bytes.subarray(i - 3, i - 3 + needle.length))) findings.push(finding);
    }
    return findings;
  }
}

const mixed = (four: number): number => Math.imul(four, 0x9e3779b1) >>> 16;
