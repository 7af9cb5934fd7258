import { describe, expect, test } from "bun:test";
import { commandLine, readUntil, startApiWith } from "./harness.ts";

const env = { SECRETSFLY_API_BASE_URL: startApiWith({ A: "a" }) };
/** script(1) of util-linux gives a command a terminal of its own. Other systems' script takes other options. */
const hasScript = process.platform === "linux" && Bun.which("script") !== null;
const inTerminal = describe.skipIf(!hasScript);

const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** Runs a command under the CLI in a terminal; what is written to `stdin` is typed there. */
function startInTerminal(argv: readonly string[], redirection = "") {
  const { cmd, env: environment, cwd } = commandLine(["run", "--", ...argv], { env });
  // With exec there is no shell in between to which the terminal would send the signal too.
  const shellLine = `exec ${cmd.map(quote).join(" ")} ${redirection}`;
  const options = { cwd, env: environment, stdin: "pipe", stdout: "pipe", stderr: "pipe" } as const;
  const process = Bun.spawn(["script", "-qec", shellLine, "/dev/null"], options);
  return { process, reader: process.stdout.getReader() };
}

inTerminal("a command in a terminal (skipped without util-linux's script)", () => {
  test("has the terminal as its stdin, stdout and stderr, and can read from it", async () => {
    const script = "[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo ready; read -r line; echo got $line; exit 5";
    const { process, reader } = startInTerminal(["sh", "-c", script]);
    await readUntil(reader, "ready");
    process.stdin.write("typed\n");
    process.stdin.flush();
    await readUntil(reader, "got typed");
    expect(await process.exited).toBe(5);
  });

  test.each([
    ["Ctrl-C", "\x03", "SIGINT", ""],
    ["Ctrl-\\", "\x1c", "SIGQUIT", ""],
    ["Ctrl-C with its input from elsewhere", "\x03", "SIGINT", "</dev/null"],
  ])("gets %s once", async (_, key, signal, redirection) => {
    // SIGTERM goes through the CLI after the key's signal: a second one, were it sent on, would come before.
    const script = `let count = 0;
      process.on("${signal}", () => console.log("caught " + ++count));
      process.on("SIGTERM", () => { console.log("in total " + count + "."); process.exit(0); });
      setInterval(() => {}, 1e6);
      console.log("ready " + process.ppid + ".");`;
    const { process, reader } = startInTerminal([globalThis.process.execPath, "-e", script], redirection);
    const cliPid = Number(/ready (\d+)\./.exec(await readUntil(reader, "."))?.[1]);
    process.stdin.write(key);
    process.stdin.flush();
    await readUntil(reader, "caught 1");
    globalThis.process.kill(cliPid, "SIGTERM");
    expect(await readUntil(reader, ".")).toContain("in total 1.");
    expect(await process.exited).toBe(0);
  });
});
