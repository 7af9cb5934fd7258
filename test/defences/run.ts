/**
 * `bun run test:defences [TEXT]`: takes each defence out of a copy of the program, one after the other, and looks
 * whether its test fails. With TEXT, only those whose promise or file holds it. Takes minutes.
 */

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Defence } from "./defence.ts";
import { defences } from "./defences.ts";

const root = join(import.meta.dir, "../..");
const parts = ["src", "test", "drizzle", "demo", "tools", "docs", ".ci"];
const files = ["package.json", "bunfig.toml", "tsconfig.json", "README.md", "SECURITY.md", "bun.lock"];
/** Longer than any of these tests takes, in milliseconds. */
const patience = 300_000;

/** How the test of a defence ends without it. */
async function without(copy: string, defence: Defence): Promise<"fails" | "passes" | "does not run"> {
  const path = join(copy, defence.file);
  const text = readFileSync(path, "utf8");
  writeFileSync(
    path,
    text.replace(defence.remove, () => defence.instead ?? ""),
  );
  try {
    const named = defence.name === undefined ? [] : ["-t", defence.name];
    const cmd = [process.execPath, "test", `./${defence.test}`, ...named];
    const child = Bun.spawn({ cmd, cwd: copy, stdout: "ignore", stderr: "pipe", timeout: patience });
    const report = await new Response(child.stderr).text();
    await child.exited;
    if (/^ *[1-9]\d* fail$/m.test(report)) return "fails";
    return child.exitCode === 0 ? "passes" : "does not run";
  } finally {
    writeFileSync(path, text);
  }
}

const wanted = process.argv[2] ?? "";
const chosen = defences.filter(({ promise, file }) => promise.includes(wanted) || file.includes(wanted));
const copy = mkdtempSync(join(tmpdir(), "secretsfly-defences-"));
let held = 0;
try {
  for (const part of [...parts, ...files]) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  for (const defence of chosen) {
    const end = await without(copy, defence);
    if (end === "fails") held += 1;
    const verdict = end === "fails" ? "held" : `NOT HELD (the test ${end})`;
    process.stdout.write(`${verdict}: ${defence.promise}\n  ${defence.file} → ${defence.test}\n`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
process.stdout.write(`\n${held} of ${chosen.length} defences are held by a test that fails without them\n`);
process.exit(held === chosen.length ? 0 : 1);
