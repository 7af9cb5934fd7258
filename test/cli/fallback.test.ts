import { afterAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { Fallback } from "../../src/cli/fallback.ts";
import { openFallback, sealFallback } from "../../src/cli/fallback-file.ts";
import { RequestError } from "../../src/client/index.ts";
import { cleanUp, cli, startApi, startApiWith, temporaryFolder, token } from "./harness.ts";
import { problem } from "./live-api.ts";

afterAll(cleanUp);
const folder = temporaryFolder();
const api = startApiWith({ API_KEY: "fresh-value" });
/** Nobody listens there. */
const nowhere = "http://127.0.0.1:1";
const day = 86_400_000;

let files = 0;
const newPath = () => join(folder, `fallback-${++files}`);

const run = (args: string[], apiBaseUrl: string, env: Record<string, string> = {}) =>
  cli(["run", ...args, "--", "printenv", "API_KEY"], {
    env: { SECRETSFLY_API_BASE_URL: apiBaseUrl, ...env },
  });

/** Puts a fallback there that was written `ageMs` ago for an address. */
async function writeFallback(apiBaseUrl: string, ageMs = 3 * 3_600_000, owner = token): Promise<string> {
  const path = newPath();
  const content = {
    fetchedAt: Date.now() - ageMs,
    secrets: [{ id: 1, name: "API_KEY", value: "kept-value" }],
  };
  const iv = crypto.getRandomValues(new Uint8Array(12));
  writeFileSync(path, await sealFallback(content, { apiBaseUrl: `${apiBaseUrl}/api`, token: owner }, iv));
  return path;
}

describe.concurrent("a fetch with a fallback", () => {
  test("writes it, sealed, for its owner only, and in place of the one before", async () => {
    const path = await writeFallback(api);
    expect(await run(["--fallback", path], api)).toEqual({
      stdout: "fresh-value\n",
      stderr: "",
      exitCode: 0,
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const bytes = readFileSync(path);
    expect(bytes.toString("latin1")).not.toMatch(/fresh-value|API_KEY|TOKENSECRET/);
    const content = await openFallback(bytes, { apiBaseUrl: `${api}/api`, token });
    expect(content?.secrets).toMatchObject([{ name: "API_KEY", value: "fresh-value" }]);
    // Its own: the other tests write beside it at the same time.
    expect(readdirSync(folder).filter((name) => name.startsWith(`${basename(path)}.`))).toEqual([]);
  });

  test("writes nothing unless asked to, and not with --no-fallback over SECRETSFLY_FALLBACK", async () => {
    const path = newPath();
    await run(["--no-fallback"], api, { SECRETSFLY_FALLBACK: path });
    expect(existsSync(path)).toBe(false);
    await run([], api, { SECRETSFLY_FALLBACK: path });
    expect(existsSync(path)).toBe(true);
  });

  test("goes on with a warning where it cannot be written", async () => {
    const path = join(folder, "no-such-folder", "fallback");
    const { stdout, stderr } = await run(["--fallback", path], api);
    expect(stdout).toBe("fresh-value\n");
    expect(stderr).toBe(`secretsfly: WARNING: the fallback ${path} could not be written (ENOENT)\n`);
  });

  test("keeps the one that something could be started with", async () => {
    const path = await writeFallback(api);
    const before = readFileSync(path);
    expect((await run(["--fallback", path, "--require", "OTHER"], api)).exitCode).toBe(1);
    expect(readFileSync(path)).toEqual(before);
  });

  test("touches nothing that is no fallback, and starts nothing", async () => {
    const [directory, link, other] = [newPath(), newPath(), newPath()];
    mkdirSync(directory);
    symlinkSync(await writeFallback(api), link);
    writeFileSync(other, "my thesis");
    for (const [path, what] of [
      [directory, "is a folder"],
      [link, "is a symbolic link"],
      [other, "is a file that holds something else"],
    ] as const) {
      const { stdout, stderr, exitCode } = await run(["--fallback", path], api);
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
      expect(stderr).toBe(`secretsfly: the fallback ${path} ${what}; it is left as it is\n`);
    }
    expect(readFileSync(other, "utf8")).toBe("my thesis");
  });
});

describe("without a server", () => {
  test("the fallback is used, loudly", async () => {
    const path = await writeFallback(nowhere);
    const { stdout, stderr, exitCode } = await run(["--fallback", path], nowhere);
    expect({ stdout, exitCode }).toEqual({ stdout: "kept-value\n", exitCode: 0 });
    expect(stderr).toBe(
      `secretsfly: WARNING: using the secrets fetched 3 h ago from ${path}: no server at ${nowhere}/api/secrets: the connection was refused. Is it running?\n`,
    );
  });

  test("one that a clock a little behind calls new is used, and one of --require has to be in it, too", async () => {
    const path = await writeFallback(nowhere, -60_000);
    const { stderr, exitCode } = await run(["--fallback", path, "--require", "API_KEY,OTHER"], nowhere);
    expect(stderr).toContain("using the secrets fetched 0 s ago");
    expect(stderr).toEndWith("\nsecretsfly: required and not there: OTHER\n");
    expect(exitCode).toBe(1);
  });

  const week = 7 * day;
  test.each<[string, () => Promise<string>, number, string]>([
    ["that is not there", async () => newPath(), week, "there is none yet"],
    ["of another token", () => writeFallback(nowhere, 0, "sfly_abc123_other"), week, "with another token"],
    ["of another server", () => writeFallback("http://127.0.0.1:2"), week, "for another server"],
    [
      "that is too old",
      () => writeFallback(nowhere, 8 * day),
      week,
      "fetched 8 days ago, and 7 days is the most",
    ],
    ["from the future", () => writeFallback(nowhere, -day), week, "it is from the future"],
  ])("one %s is refused", async (_, make, maxAgeMs, reason) => {
    const path = await make();
    const fallback = new Fallback(path, maxAgeMs, { apiBaseUrl: `${nowhere}/api`, token });
    const failure = await fallback.load(new RequestError("unreachable", "no server")).catch((error) => error);
    expect(failure).toMatchObject({ name: "CliError", exitCode: 1 });
    expect(failure.message).toStartWith(`no server\nsecretsfly: the fallback ${path} cannot be used: `);
    expect(failure.message).toContain(reason);
  });

  test("one that is older than told is refused, with both reasons, and nothing is started", async () => {
    const path = await writeFallback(nowhere, 3_600_000);
    const args = ["--fallback", path, "--fallback-max-age=30m"];
    const { stdout, stderr, exitCode } = await run(args, nowhere);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
    expect(stderr).toContain("the connection was refused. Is it running?\nsecretsfly: the fallback ");
    expect(stderr).toEndWith(
      " cannot be used: its secrets were fetched 60 min ago, and 30 min is the most\n",
    );
  });
});

describe.concurrent("with a server that answers", () => {
  test.each<[string, string, () => Response]>([
    ["used", "503", () => problem(503, "Later.")],
    ["left alone", "401 of a proxy", () => new Response("<html>", { status: 401 })],
    ["left alone", "403", () => problem(403, "No.")],
    ["left alone", "429", () => problem(429, "Slow down.")],
    ["left alone", "a page", () => new Response("<html>")],
  ])("the fallback is %s after %s", async (what, _, answer) => {
    const address = startApi(answer);
    const path = await writeFallback(address);
    const { stdout } = await run(["--fallback", path], address);
    expect(stdout).toBe(what === "used" ? "kept-value\n" : "");
    expect(existsSync(path)).toBe(true);
  });

  test("the fallback is used after nothing in time", async () => {
    const address = startApi(() => new Promise<Response>(() => {}));
    const path = await writeFallback(address);
    const { stdout } = await run(["--fallback", path], address, { SECRETSFLY_TIMEOUT: "0.3" });
    expect(stdout).toBe("kept-value\n");
  });

  test("the fallback is used soon: the server is asked once more, not as often as without one", async () => {
    let asked = 0;
    const address = startApi(() => {
      asked += 1;
      return problem(503, "Later.");
    });
    const path = await writeFallback(address);
    const { stdout } = await run(["--fallback", path], address, { SECRETSFLY_RETRIES: "" });
    expect([stdout, asked]).toEqual(["kept-value\n", 2]);
  });

  test("that the token is not valid, the fallback is removed, unless it is another token's", async () => {
    const address = startApi(() => problem(401, "This token is not valid."));
    const [own, other] = [await writeFallback(address), await writeFallback(address, 0, "sfly_abc123_other")];
    const { stdout, stderr, exitCode } = await run(["--fallback", own], address);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
    expect(stderr).toStartWith(`secretsfly: the fallback ${own} is removed: its token is not valid\n`);
    expect(existsSync(own)).toBe(false);
    await run(["--fallback", other], address);
    expect(existsSync(other)).toBe(true);
  });
});
