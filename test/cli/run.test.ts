import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cli, startApiWith, temporaryFolder, token } from "./harness.ts";

const api = startApiWith({
  API_KEY: "k3y",
  GREETING: "hello\nthere  'you' $HOME `id` \\ é",
  PATH: "/evil",
  LD_PRELOAD: "/evil.so",
});
const run = (args: string[], env: Record<string, string> = {}, cwd?: string) =>
  cli(["run", ...args], { env: { SECRETSFLY_API_BASE_URL: api, ...env }, ...(cwd ? { cwd } : {}) });

describe("secretsfly run", () => {
  test("starts a command with the secrets, exactly", async () => {
    const { stdout, exitCode } = await run(["--", "printenv", "API_KEY", "GREETING"]);
    expect(stdout).toBe("k3y\nhello\nthere  'you' $HOME `id` \\ é\n");
    expect(exitCode).toBe(0);
  });

  test("passes arguments on as they are: no shell comes in between", async () => {
    const args = [
      "two words",
      "it's",
      '"',
      "$(id)",
      "`id`",
      "$HOME",
      "*",
      "\\",
      "",
      "a\nb",
      "--allow",
      "-h",
      "--",
      ";",
    ];
    const { stdout } = await run(["--", "printf", "<%s>\\0", ...args]);
    expect(stdout.split("\0").slice(0, -1)).toEqual(args.map((arg) => `<${arg}>`));
  });

  test("works without --, and leaves the options after the command to it", async () => {
    expect((await run(["printenv", "API_KEY"])).stdout).toBe("k3y\n");
    expect((await run(["printf", "%s ", "--help", "--", "--only-secrets", "--version"])).stdout).toBe(
      "--help -- --only-secrets --version ",
    );
  });

  test("gives the command neither the token nor any other setting of ours", async () => {
    const { stdout } = await run(["--allow", "SECRETSFLY_TOKEN", "--preserve-env", "--", "env"], {
      SECRETSFLY_TIMEOUT: "60",
    });
    expect(stdout).toContain("API_KEY=k3y\n");
    expect(stdout).not.toContain("SECRETSFLY_");
  });

  test("lets a secret beat a variable that is set; --preserve-env turns that round", async () => {
    const env = { API_KEY: "old", GREETING: "old" };
    expect((await run(["printenv", "API_KEY"], env)).stdout).toBe("k3y\n");
    expect((await run(["--preserve-env", "printenv", "API_KEY", "GREETING"], env)).stdout).toBe("old\nold\n");
    expect(
      (await run(["--preserve-env=OTHER,GREETING", "printenv", "API_KEY", "GREETING"], env)).stdout,
    ).toBe("k3y\nold\n");
  });

  test("with --only-secrets passes on little else", async () => {
    const { stdout } = await run(["--only-secrets", "--", "env", "-0"], {
      EDITOR: "vi",
      LC_ALL: "C",
      TZ: "UTC",
    });
    const names = stdout
      .split("\0")
      .slice(0, -1)
      .map((entry) => entry.split("=")[0]);
    expect(names.sort()).toEqual(["API_KEY", "GREETING", "HOME", "LC_ALL", "PATH", "TZ"]);
  });

  test("leaves protected names out, says so in one line, and lets them in by name", async () => {
    const kept = await run(["printenv", "PATH", "LD_PRELOAD"]);
    expect(kept.stdout).toBe("/usr/local/bin:/usr/bin:/bin\n");
    expect(kept.stderr).toMatch(/^secretsfly: left out, .*: PATH, LD_PRELOAD\n$/);
    expect(kept.stderr).not.toContain("/evil");
    const allowed = await run(["--allow", "PATH", "--allow=OTHER", "/usr/bin/printenv", "PATH"]);
    expect(allowed.stdout).toBe("/evil\n");
    expect(allowed.stderr).toMatch(/: LD_PRELOAD\n$/);
  });

  test("starts nothing unless all required secrets are there, and names all that are not", async () => {
    const env = { SECRETSFLY_API_BASE_URL: startApiWith({ A: "a", EMPTY: "" }) };
    const missing = await run(["--require", "A,B", "--require=C", "echo", "started"], env);
    expect(missing).toEqual({
      stdout: "",
      stderr: "secretsfly: required and not there: B, C\n",
      exitCode: 1,
    });
    expect((await run(["--require", "A,EMPTY", "echo", "started"], env)).stdout).toBe("started\n");
  });

  test("takes nothing from a .env file of the folder, least of all where the token goes", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, ".env"), "SECRETSFLY_API_BASE_URL=http://127.0.0.1:1\nSTRAY=stray\n");
    const { stdout } = await run(["env"], {}, folder);
    expect(stdout).toContain("API_KEY=k3y\n");
    expect(stdout).not.toContain("STRAY");
    const { stderr } = await cli(["run", "env"], { cwd: folder });
    expect(stderr).not.toContain("127.0.0.1:1/");
  });

  test.each(["", "/", "/api", "/api/"])("takes the server's address ending in %j", async (ending) => {
    expect((await run(["printenv", "API_KEY"], { SECRETSFLY_API_BASE_URL: api + ending })).stdout).toBe(
      "k3y\n",
    );
  });

  test("does not ask a proxy for a server on this machine", async () => {
    const proxy = "http://127.0.0.1:1";
    const { stdout } = await run(["printenv", "API_KEY", "HTTP_PROXY", "NO_PROXY"], {
      HTTP_PROXY: proxy,
      http_proxy: proxy,
      NO_PROXY: "github.example.com",
    });
    expect(stdout).toBe(`k3y\n${proxy}\ngithub.example.com\n`);
  });
});

describe("the exit code of secretsfly run", () => {
  test.each([0, 1, 2, 3, 42, 126, 127, 255])("is the command's own: %d", async (code) => {
    expect((await run(["sh", "-c", `exit ${code}`])).exitCode).toBe(code);
  });

  test.each([
    ["TERM", 143],
    ["KILL", 137],
    ["HUP", 129],
    ["40", 168],
  ])("is 128 + the number for a death by signal %s", async (signal, code) => {
    expect((await run(["sh", "-c", `kill -${signal} $$`])).exitCode).toBe(code);
  });

  test.each(["no-such-command", "./no-such-command", ""])(
    "is 127 for %j, which is not there",
    async (command) => {
      const { exitCode, stderr } = await run(["--", command]);
      expect(exitCode).toBe(127);
      expect(stderr).toContain(`secretsfly: ${command}: command not found\n`);
    },
  );

  test("is 126 for what is there and cannot be run", async () => {
    const folder = temporaryFolder();
    const file = (name: string, text: string, mode: number) => {
      writeFileSync(join(folder, name), text);
      chmodSync(join(folder, name), mode);
    };
    file("not-executable", "#!/bin/sh\n", 0o644);
    file("no-program", "echo hi\n", 0o755);
    file("no-interpreter", "#!/no/such/interpreter\n", 0o755);
    mkdirSync(join(folder, "folder"));
    const inPath = { PATH: `/usr/bin:/bin:${folder}` };
    for (const command of [
      "./not-executable",
      "not-executable",
      "./no-program",
      "./no-interpreter",
      "./folder",
    ]) {
      const { exitCode, stderr } = await run(["--", command], inPath, folder);
      expect({ command, exitCode }).toEqual({ command, exitCode: 126 });
      expect(stderr).toContain(`secretsfly: ${command}: cannot be run: `);
      expect(stderr).not.toContain("k3y");
    }
  });

  test("is 126 for secrets that do not fit into an environment, alone or together", async () => {
    const one = startApiWith({ HUGE: "secret-part".repeat(12_000) });
    const alone = await run(["true"], { SECRETSFLY_API_BASE_URL: one });
    expect(alone.exitCode).toBe(126);
    expect(alone.stderr).toBe(
      "secretsfly: the secret HUGE is too long for an environment variable: 132005 bytes with its name, 131071 at most\n",
    );
    const many = startApiWith(
      Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`BIG_${i}`, "x".repeat(130_000)])),
    );
    const together = await run(["true"], { SECRETSFLY_API_BASE_URL: many });
    expect(together.exitCode).toBe(126);
    expect(together.stderr).toBe(
      "secretsfly: true: cannot be run: the secrets, the environment and the arguments together are too big\n",
    );
  });

  test("is 126 for a secret with a NUL, which is named", async () => {
    const { exitCode, stderr } = await run(["true"], {
      SECRETSFLY_API_BASE_URL: startApiWith({ BAD: "secret-part\0" }),
    });
    expect(exitCode).toBe(126);
    expect(stderr).toBe(
      "secretsfly: the secret BAD holds a NUL character, which no environment variable can\n",
    );
  });

  test.each([
    ["no command", ["run"], {}, "no COMMAND to run"],
    ["no command after --", ["run", "--only-secrets", "--"], {}, "no COMMAND to run"],
    ["an unknown option", ["run", "--no-such", "--", "true"], {}, "unknown option '--no-such'"],
    ["an unknown command", ["no-such"], {}, "unknown command 'no-such'"],
    ["a list of names that is none", ["run", "--allow", "A=b", "true"], {}, "Expected names"],
    ["an empty list of names", ["run", "--allow", "", "true"], {}, "Expected names"],
    ["no duration", ["run", "--fallback-max-age", "7 days", "true"], {}, "Expected e.g. 45s, 90m"],
    ["an empty path", ["run", "--fallback=", "true"], {}, "Expected the path of a file"],
    ["no token", ["run", "true"], { SECRETSFLY_TOKEN: "" }, "SECRETSFLY_TOKEN is not set"],
    [
      "another secret in place of the token",
      ["run", "true"],
      { SECRETSFLY_TOKEN: "sfmk_TOKENSECRET" },
      "is not a service token",
    ],
    [
      "no URL",
      ["run", "true"],
      { SECRETSFLY_API_BASE_URL: "localhost" },
      "SECRETSFLY_API_BASE_URL is not a URL",
    ],
    ["an ftp URL", ["run", "true"], { SECRETSFLY_API_BASE_URL: "ftp://h/" }, "is not an http or https URL"],
    [
      "a password in the URL",
      ["run", "true"],
      { SECRETSFLY_API_BASE_URL: "http://u:p@h/" },
      "must not hold a user name",
    ],
  ] as const)("is 2 for %s", async (_, args, env, message) => {
    const { exitCode, stderr } = await cli(args, { env: { SECRETSFLY_API_BASE_URL: api, ...env } });
    expect(stderr).toContain(message);
    expect(exitCode).toBe(2);
  });
});

describe("secretsfly", () => {
  test("says its version and helps, with examples and the environment variables", async () => {
    const { version } = await Bun.file(join(import.meta.dir, "../../package.json")).json();
    expect(await cli(["--version"])).toEqual({ stdout: `${version}\n`, stderr: "", exitCode: 0 });
    const help = await cli(["--help"]);
    expect(help.exitCode).toBe(0);
    for (const word of ["run", "serve", "SECRETSFLY_TOKEN", "SECRETSFLY_API_BASE_URL", "Examples:"])
      expect(help.stdout).toContain(word);
    const runHelp = await cli(["run", "--help"]);
    for (const word of ["--only-secrets", "--preserve-env", "--allow", "--require", "--watch", "--fallback"])
      expect(runHelp.stdout).toContain(word);
    for (const word of ["SECRETSFLY_TOKEN_FILE", "SECRETSFLY_CA_FILE", "126", "127", "128+n"])
      expect(runHelp.stdout).toContain(word);
    expect(runHelp.stdout).not.toContain("--grace");
    expect(help.stdout + runHelp.stdout).not.toContain(token);
  });
});
