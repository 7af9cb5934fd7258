import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine, readUntil, startApi, startApiWith, startCli, temporaryFolder } from "./harness.ts";

const env = { SECRETSFLY_API_BASE_URL: startApiWith({ A: "a" }) };

/** Starts a shell script under the CLI and waits until it has said `ready`. */
async function startScript(script: string) {
  const process = startCli(["run", "--", "sh", "-c", script], { env });
  const reader = process.stdout.getReader();
  const start = await readUntil(reader, "ready");
  return { process, start, readUntil: (text: string) => readUntil(reader, text) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("a signal to secretsfly run", () => {
  test.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH"] as const)(
    "%s reaches the command, whose exit code is passed on",
    async (signal) => {
      const name = signal.slice(3);
      const script = await startScript(
        `trap 'echo got ${name}; exit 7' ${name}; echo ready; while :; do sleep 0.02; done`,
      );
      script.process.kill(signal);
      await script.readUntil(`got ${name}`);
      expect(await script.process.exited).toBe(7);
    },
  );

  test("ends the command that does not handle it, and leaves no orphan", async () => {
    const { process, start } = await startScript("echo $$ ready; exec sleep 600");
    process.kill("SIGTERM");
    expect(await process.exited).toBe(143);
    expect(isAlive(Number.parseInt(start, 10))).toBe(false);
  });

  test("does not end it before the command has ended in its own time", async () => {
    const go = join(temporaryFolder(), "go");
    const script = await startScript(
      `trap 'echo closing; while [ ! -e ${go} ]; do sleep 0.02; done; echo closed; exit 0' TERM; echo ready; while :; do sleep 0.02; done`,
    );
    script.process.kill("SIGTERM");
    await script.readUntil("closing");
    expect(script.process.exitCode).toBe(null);
    writeFileSync(go, "");
    await script.readUntil("closed");
    expect(await script.process.exited).toBe(0);
  });

  test("is not passed on when it was ignored from the start, as under nohup", async () => {
    const { cmd, ...rest } = commandLine(
      [
        "run",
        "sh",
        "-c",
        "trap 'echo hung up' HUP; trap 'exit 9' TERM; echo ready; while :; do sleep 0.02; done",
      ],
      { env },
    );
    const process = Bun.spawn(["sh", "-c", 'trap "" HUP; exec "$@"', "sh", ...cmd], {
      ...rest,
      detached: true,
    });
    const reader = process.stdout.getReader();
    await readUntil(reader, "ready");
    process.kill("SIGHUP");
    process.kill("SIGTERM");
    expect(await process.exited).toBe(9);
    expect((await reader.read()).done).toBe(true);
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
  ] as const)("%s during the fetch ends it", async (signal, code) => {
    const asked = Promise.withResolvers<void>();
    const silent = startApi(() => {
      asked.resolve();
      return new Promise<Response>(() => {});
    });
    const process = startCli(["run", "--", "true"], { env: { SECRETSFLY_API_BASE_URL: silent } });
    await asked.promise;
    process.kill(signal);
    expect(await process.exited).toBe(code);
  });
});
