import { beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CommandServer, startCommandServer } from "./commands-harness.ts";
import { temporaryFolder } from "./harness.ts";

let server: CommandServer;

beforeAll(async () => {
  server = await startCommandServer();
  await server.save("shop", { INHERITED: "1" });
  await server.save("api", { OWN: "1", EMPTY: "" });
});

const check = (...args: string[]) => server.run(["check", ...args], { rights: "read" });

/** A file with this text. */
function example(text: string): string {
  const file = join(temporaryFolder(), ".env.example");
  writeFileSync(file, text);
  return file;
}

test("what is missing goes to stdout, one name a line; values do not matter", async () => {
  const file = example(
    '# comment\nOWN=\nINHERITED=<ask Ann>\nEMPTY=x\nMISSING=\nOPEN="not closed\nOWN=again\nDOPPLER_CONFIG=dev\n',
  );
  const { stdout, stderr, exitCode } = await check("--require-file", file, "--require", "ALSO,OWN");
  expect(stdout).toBe("ALSO\nMISSING\nOPEN\n");
  expect(stderr).toBe("secretsfly: 3 of 6 secrets missing\n");
  expect(exitCode).toBe(1);
});

test("where all are there, it says so", async () => {
  const [text, json] = await Promise.all([
    check("--require", "OWN", "--require", "INHERITED,EMPTY"),
    check("--require", "OWN,NOT", "--json"),
  ]);
  expect(text).toEqual({ stdout: "all there: 3 secrets\n", stderr: "", exitCode: 0 });
  expect(JSON.parse(json.stdout)).toEqual({ required: ["NOT", "OWN"], missing: ["NOT"] });
  expect(json.exitCode).toBe(1);
});

test("what cannot be read or names nothing is no answer", async () => {
  const [nothing, unreadable, noNames] = await Promise.all([
    check(),
    check("--require-file", example("A=1\nwhat is this\n")),
    check("--require", "A B"),
  ]);
  expect(nothing).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("nothing is required") });
  expect(unreadable).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("line 2: ") });
  expect(noNames).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("names with commas") });
});
