import { expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../server-process.ts";

async function run(...args: string[]) {
  const script = join(import.meta.dir, "../../bench/micro.ts");
  const child = Bun.spawn({ cmd: [process.execPath, script, ...args], stdout: "pipe", stderr: "inherit" });
  return { stdout: await new Response(child.stdout).text(), exitCode: await child.exited };
}

test("bench:micro times what a text is in the name of, and writes it as JSON", async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "micro.json");
  const { stdout, exitCode } = await run("SEAL 32 B", "--json", file);
  expect(exitCode).toBe(0);
  expect(stdout).toContain("seal 32 B");
  expect(stdout).not.toContain("open 32 B");
  const { unit, bun, benchmarks } = await Bun.file(file).json();
  expect([unit, bun]).toEqual(["ns", Bun.version]);
  const figures = { avg: expect.any(Number), p50: expect.any(Number), p99: expect.any(Number) };
  expect(benchmarks).toEqual([expect.objectContaining({ name: "seal 32 B", ...figures })]);
});
