import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine, startApiWith, temporaryFolder } from "./harness.ts";

const root = join(import.meta.dir, "../..");

/** What a run loads, as paths below the project's root: counted instead of timed, so that a slow machine is no fault. */
async function modulesOf(args: string[], env: Record<string, string>): Promise<string[]> {
  const folder = temporaryFolder();
  const [preload, list] = [join(folder, "preload.js"), join(folder, "modules.json")];
  writeFileSync(
    preload,
    `process.on("exit", () => require("node:fs").writeFileSync(${JSON.stringify(list)}, JSON.stringify(Object.keys(require.cache))));`,
  );
  const { cmd, ...options } = commandLine(args, { env });
  const [bun = "", ...rest] = cmd;
  const child = Bun.spawn([bun, "--preload", preload, ...rest], { ...options, stderr: "inherit" });
  expect(await child.exited).toBe(0);
  const modules: string[] = await Bun.file(list).json();
  return modules.filter((path) => path !== preload).map((path) => path.replace(`${root}/`, ""));
}

test("a run loads itself, the client and commander, and nothing that it does not use", async () => {
  const env = { SECRETSFLY_API_BASE_URL: startApiWith({ A: "a" }) };
  const modules = await modulesOf(["run", "--", "true"], env);
  const foreign = modules.filter(
    (path) => !/^(src\/cli|src\/client|node_modules\/commander)\/|^package\.json$/.test(path),
  );
  expect(foreign).toEqual([]);
  expect(modules).toContain("src/cli/run-action.ts");
  const unused =
    /\/(watch-action|watched-command|fallback|certificate-file|secrets|export|import|sync|serve)/;
  expect(modules.filter((path) => path.startsWith("src/cli") && unused.test(path))).toEqual([]);
});

test.each([[["export", "--format", "yaml"]], [["check", "--require", "A"]]])(
  "%p loads nothing that reads files",
  async (args) => {
    const modules = await modulesOf(args, { SECRETSFLY_API_BASE_URL: startApiWith({ A: "a" }) });
    expect(modules.filter((path) => /\/(parse|import)|node_modules\/yaml/.test(path))).toEqual([]);
  },
);
