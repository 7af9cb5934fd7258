import { beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { exportCommand } from "../../src/cli/export.ts";
import { appendToFile, replaceFile } from "../../src/cli/export-file.ts";
import { exportFormats } from "../../src/formats/index.ts";
import { bearer } from "../harness.ts";
import { type CommandServer, startCommandServer } from "./commands-harness.ts";
import { temporaryFolder } from "./harness.ts";

let server: CommandServer;

beforeAll(async () => {
  server = await startCommandServer();
  await server.save("shop", { DB_HOST: "db.internal", TEXT: "it's 100%\nhere" });
  await server.save("api", { URL: "${DB_HOST}/app", PATH: "/evil", LD_PRELOAD: "/evil.so" });
});

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe("export", () => {
  test("has every format there is", () => {
    const option = exportCommand().options.find(({ long }) => long === "--format");
    expect(option?.argChoices).toEqual([...exportFormats]);
  });

  test("is a .env file unless told, which does not decide what code runs", async () => {
    const plain = await server.run(["export"], { rights: "read" });
    expect(plain.stdout).toBe(`DB_HOST=db.internal\nTEXT="it's 100%\nhere"\nURL=db.internal/app\n`);
    expect(plain.stderr).toContain("--allow NAME lets one in): LD_PRELOAD, PATH\n");
    const allowed = await server.run(["export", "--allow", "PATH"]);
    expect(allowed.stdout).toContain("\nPATH=/evil\n");
    expect(allowed.stdout).not.toContain("LD_PRELOAD");
    expect(allowed.stderr).toEndWith("): LD_PRELOAD\n");
  });

  test("as shell is left without them, too, and is sourced to the same values", async () => {
    const { stdout, stderr } = await server.run(["export", "-f", "shell"]);
    expect(stderr).toContain("LD_PRELOAD, PATH");
    const shell = Bun.spawnSync(["sh", "-c", `${stdout}printf %s "$TEXT|$PATH|$LD_PRELOAD"`], {
      env: { PATH: "/usr/bin:/bin" },
    });
    expect(shell.stdout.toString()).toBe("it's 100%\nhere|/usr/bin:/bin|");
  });

  test("as JSON is what the API answers, and as map an object", async () => {
    const [json, short, map] = await Promise.all([
      server.run(["export", "--format", "json"]),
      server.run(["export", "--json"]),
      server.run(["export", "--format", "map"]),
    ]);
    const answer = await server.app.request("/api/secrets", { headers: bearer(server.tokens.read) });
    expect(json).toEqual({ stdout: `${await answer.text()}\n`, stderr: "", exitCode: 0 });
    expect(short).toEqual(json);
    expect(map.stdout).toBe(`${JSON.stringify(await server.values())}\n`);
  });

  test("as a Kubernetes Secret is named after the project and the environment", async () => {
    const { stdout } = await server.run(["export", "--format", "k8s"]);
    expect(stdout).toContain('name: "api-prod"');
    expect(stdout).toContain(`PATH: "${btoa("/evil")}"`);
  });

  test("of what a format cannot hold names the secret, and leaves the file as it was", async () => {
    const file = join(temporaryFolder(), "docker.env");
    writeFileSync(file, "before");
    const { stdout, stderr, exitCode } = await server.run(["export", "--format", "docker", "-o", file]);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
    expect(stderr).toContain("the secret TEXT cannot be exported: a Docker env file cannot");
    expect(stderr).not.toContain("100%");
    expect(readFileSync(file, "utf8")).toBe("before");
  });

  test("-o FILE is for its owner alone", async () => {
    const file = join(temporaryFolder(), "secrets.yaml");
    const { stdout, exitCode } = await server.run(["export", "--format", "yaml", "--output", file]);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 0 });
    expect(readFileSync(file, "utf8")).toContain('DB_HOST: "db.internal"\n');
    expect(mode(file)).toBe("600");
  });
});

test.skipIf(process.platform !== "linux")("a full disk behind stdout is told once", async () => {
  const started = server.commandLine(["export", "--format", "map"]);
  const child = Bun.spawn({ ...started, stdout: Bun.file("/dev/full"), stderr: "pipe" });
  expect(await new Response(child.stderr).text()).toBe("secretsfly: the output cannot be written (ENOSPC)\n");
  expect(await child.exited).toBe(1);
});

describe("export --format github", () => {
  test("appends to the job's file, after the values were masked on stderr", async () => {
    const file = join(temporaryFolder(), "github-env");
    writeFileSync(file, "OTHER=1");
    const env = { GITHUB_ACTIONS: "true" };
    const args = ["export", "--format", "github", "-o", file];
    const { stdout, stderr } = await server.run(args, { env });
    expect(stdout).toBe("");
    const masks = stderr.split("\n").filter((line) => line.startsWith("::"));
    const lines = ["db.internal", "it's 100%25%0Ahere", "it's 100%25", "here", "db.internal/app"];
    expect(masks).toEqual(lines.map((line) => `::add-mask::${line}`));
    const text = readFileSync(file, "utf8");
    expect(text).toStartWith("OTHER=1\nDB_HOST<<");
    expect(text).toMatch(/\nURL<<(\S+)\ndb\.internal\/app\n\1\n$/);
    expect(text).not.toContain("/evil");
  });

  test("outside of a job masks nothing: it would show the values", async () => {
    const { stdout, stderr } = await server.run(["export", "--format", "github"]);
    expect(stdout).toContain("DB_HOST<<");
    expect(stderr).not.toContain("::add-mask::");
  });
});

describe("a file that is replaced", () => {
  test("is readable by its owner alone from then on, and nothing is left beside it", () => {
    const folder = temporaryFolder();
    const file = join(folder, ".env");
    writeFileSync(file, "before");
    chmodSync(file, 0o644);
    replaceFile(file, "after");
    expect(readFileSync(file, "utf8")).toBe("after");
    expect(mode(file)).toBe("600");
    expect(readdirSync(folder)).toEqual([".env"]);
  });

  test("stays the one that a link leads to", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "shared"));
    writeFileSync(join(folder, "shared", "env"), "before");
    symlinkSync("shared/env", join(folder, "link"));
    replaceFile(join(folder, "link"), "after");
    expect(lstatSync(join(folder, "link")).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, "shared", "env"), "utf8")).toBe("after");
    expect(readdirSync(join(folder, "shared"))).toEqual(["env"]);
  });

  test("is written to where it is no file", () => {
    replaceFile("/dev/null", "x");
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  test.each([
    [
      "in a folder that is not there",
      (folder: string) => join(folder, "no", "env"),
      "no such file or folder",
    ],
    ["that is a folder", (folder: string) => folder, "it is a folder"],
  ])("%s is told", (_, path, reason) => {
    expect(() => replaceFile(path(temporaryFolder()), "x")).toThrow(reason);
  });
});

test("a file that is appended to keeps its lines and its mode; a new one is for its owner", () => {
  const file = join(temporaryFolder(), "env");
  appendToFile(file, "A\n");
  expect(mode(file)).toBe("600");
  chmodSync(file, 0o640);
  appendToFile(file, "B");
  appendToFile(file, "C\n");
  expect(readFileSync(file, "utf8")).toBe("A\nB\nC\n");
  expect(mode(file)).toBe("640");
});
