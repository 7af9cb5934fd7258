import { beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { importCommand } from "../../src/cli/import.ts";
import { importFormats } from "../../src/formats/index.ts";
import { type CommandServer, startCommandServer } from "./commands-harness.ts";
import { temporaryFolder } from "./harness.ts";
import { worstValues } from "./worst-values.ts";

let server: CommandServer;

beforeAll(async () => {
  server = await startCommandServer();
});

const importing = (stdin: string, ...options: string[]) => server.run(["import", "-", ...options], { stdin });

describe("import", () => {
  test("reads every format there is", () => {
    const option = importCommand().options.find(({ long }) => long === "--format");
    expect(option?.argChoices).toEqual([...importFormats]);
  });

  test("tells what would happen, and then does it", async () => {
    await server.save("api", { KEPT: "1", OLD: "1", SAME: "1" });
    const file = join(temporaryFolder(), ".env");
    writeFileSync(file, "# mine\nNEW=1\nOLD=2\nSAME=1\n");
    const planned = await server.run(["import", file, "--dry-run"]);
    const rows = "would create NEW\nwould change OLD\n3 secrets: 1 created, 1 changed, 1 unchanged";
    expect(planned.stdout).toBe(`${rows}; nothing was written (--dry-run)\n`);
    expect(await server.values()).toEqual({ KEPT: "1", OLD: "1", SAME: "1" });

    const done = await server.run(["import", file, "--json"]);
    const outcome = { created: ["NEW"], changed: ["OLD"], unchanged: ["SAME"], skipped: [] };
    expect(JSON.parse(done.stdout)).toEqual({ dryRun: false, format: "env", ...outcome });
    expect(await server.values()).toEqual({ KEPT: "1", NEW: "1", OLD: "2", SAME: "1" });
  });

  test("of an export brings any value back, and overrides nothing that is inherited", async () => {
    await server.save("shop", { HOST: "db", UP: "$${HOST}" });
    await server.save("api", { REFERRING: "${HOST}:1" });
    await importing(JSON.stringify(worstValues), "--literal");
    const before = await server.values();
    expect(before).toMatchObject({ ...worstValues, UP: "${HOST}", REFERRING: "db:1" });

    const exported = await server.run(["export", "--format", "yaml"]);
    const again = await importing(exported.stdout, "--literal", "--format", "yaml");
    expect(again.stdout).toContain(" 0 created, 0 changed, ");
    await server.save("shop", { HOST: "other" });
    expect(await server.values()).toMatchObject({ HOST: "other", REFERRING: "other:1" });
  });

  test("tells every fault with its line, never a value, and sends nothing", async () => {
    server.onRequest = (request) => {
      throw new Error(`sent to ${request.url}`);
    };
    const text = 'A=canary\nA=canary\nno assignment: canary\n1X=canary\nB="canary\\0"\nC="canary';
    const { stdout, stderr, exitCode } = await importing(text).finally(() => {
      server.onRequest = undefined;
    });
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
    expect(stderr).toStartWith("secretsfly: stdin has 4 faults, and nothing was done:\n  line 2: A: ");
    expect(stderr).toMatch(/line 3: .*\n {2}line 4: 1X: This cannot be a secret's name.*\n {2}line 6: C: /);
    expect(stderr).not.toContain("canary");
  });

  test("tells what no environment variable can be", async () => {
    const { stderr } = await importing('{"A":"\\u0000canary","B":"\\ud800canary","C":""}');
    expect(stderr).toMatch(/line 1: A: .* NUL character.*\n {2}line 1: B: .*\(half a surrogate pair/);
    expect(stderr).not.toContain("canary");
  });

  test("writes nothing where the server refuses a part", async () => {
    const { stderr, exitCode } = await importing("FIRST=1\nSECOND=${NOT_THERE}\n");
    expect(stderr).toContain("SECOND refers to ${NOT_THERE}");
    expect(exitCode).toBe(1);
    expect(await server.values()).not.toHaveProperty("FIRST");
  });

  test("leaves away what Doppler adds", async () => {
    const text = JSON.stringify({ DOPPLER_PROJECT: "p", DOPPLER_CONFIG: "c", FROM_DOPPLER: "1" });
    const { stdout, stderr } = await importing(text);
    expect(stdout).toBe("created FROM_DOPPLER\n1 secret: 1 created, 0 changed, 0 unchanged\n");
    expect(stderr).toBe("secretsfly: left out, as it is Doppler's own: DOPPLER_PROJECT, DOPPLER_CONFIG\n");
    const nothing = await importing('{"DOPPLER_PROJECT":"p"}');
    expect(nothing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("no secret in stdin") });
  });

  test("sees what somebody else writes meanwhile", async () => {
    await server.save("api", { RACED: "mine" });
    let writes = 0;
    server.onRequest = async ({ method }) => {
      if (method === "PATCH" && ++writes === 1) await server.save("api", { RACED: "theirs" });
    };
    const { stdout } = await importing("RACED=mine\nALSO=1\n").finally(() => {
      server.onRequest = undefined;
    });
    expect(stdout).toContain("changed RACED\n");
    expect(writes).toBe(2);
    expect(await server.values()).toMatchObject({ RACED: "mine", ALSO: "1" });
  });

  test.each([
    ["a file that is not there", ["import", "/nonexistent/.env"], 2, "there is no such file or folder"],
    ["a variable that is not set", ["import", ""], 2, '"" cannot be read'],
    ["a text without secrets", ["import", "/dev/null"], 1, "there is no secret in /dev/null"],
    ["a read token", ["import", "-"], 1, "may not do this"],
  ])("%s is told", async (_, args, code, message) => {
    const { stderr, exitCode } = await server.run(args, { stdin: "A=b", rights: "read" });
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
  });
});
