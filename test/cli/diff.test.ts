import { beforeAll, expect, test } from "bun:test";
import { type CommandServer, startCommandServer } from "./commands-harness.ts";

let server: CommandServer;

beforeAll(async () => {
  server = await startCommandServer();
  await server.save("shop", { HOST: "db", LITERAL: "$${HOST}" });
  await server.save("api", { ONLY_HERE: "canary-1", OTHER: "canary-2\n", URL: "${HOST}/app" });
});

const diff = (stdin: string, ...options: string[]) =>
  server.run(["diff", "-", ...options], { stdin, rights: "read" });

test("names that differ are told by kind, without values", async () => {
  const { stdout, stderr, exitCode } = await diff("NEW=canary-3\nOTHER=canary-4\nHOST=db\nURL=db/app\n");
  expect(stdout).toBe("- LITERAL\n+ NEW\n- ONLY_HERE\n~ OTHER\n");
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 1 });
});

test("values are shown if asked for, on one line, or exactly as JSON", async () => {
  const file = "NEW=1\nOTHER=2\nHOST=db\nURL=db/app\nLITERAL='$${HOST}'\n";
  const [text, json] = await Promise.all([diff(file, "--values"), diff(file, "--values", "--json")]);
  expect(text.stdout).toBe("+ NEW=1\n- ONLY_HERE=canary-1\n~ OTHER\n    file:   2\n    server: canary-2␊\n");
  expect(JSON.parse(json.stdout)).toEqual([
    { name: "NEW", kind: "added", file: "1" },
    { name: "ONLY_HERE", kind: "removed", server: "canary-1" },
    { name: "OTHER", kind: "changed", file: "2", server: "canary-2\n" },
  ]);
});

test("references are what they would be after an import: by the file first, then by the server", async () => {
  const file = 'HOST=other\nURL=${HOST}/app\nOTHER="${ONLY_HERE}"\nLITERAL=$${HOST}\n';
  const { stdout } = await diff(file, "--values", "--json");
  expect(JSON.parse(stdout)).toEqual([
    { name: "HOST", kind: "changed", file: "other", server: "db" },
    { name: "ONLY_HERE", kind: "removed", server: "canary-1" },
    { name: "OTHER", kind: "changed", file: "canary-1", server: "canary-2\n" },
    { name: "URL", kind: "changed", file: "other/app", server: "db/app" },
  ]);
});

test("an export is the same, and says nothing", async () => {
  const exported = await server.run(["export", "--format", "map"]);
  expect(await diff(exported.stdout, "--literal")).toEqual({ stdout: "", stderr: "", exitCode: 0 });
});

test("a file that cannot be read is no difference", async () => {
  const { stdout, stderr, exitCode } = await diff("what is canary-5 this\n");
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
  expect(stderr).toContain("line 1: NAME=value is expected here.");
});
