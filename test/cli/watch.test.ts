import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanUp, readUntil, startCli, temporaryFolder } from "./harness.ts";
import { LiveApi, problem } from "./live-api.ts";

afterAll(cleanUp);

/** Says which process it is and what it was given, and ends when it is asked to. */
const report = "trap 'echo ended $A.; exit 0' TERM; echo start $$ A=$A B=$B.; while :; do sleep 0.02; done";

/** A command under `run --watch`, and what it and the CLI say. */
function watch(api: LiveApi, script = report, args: string[] = []) {
  const child = startCli(["run", "--watch", ...args, "--", "sh", "-c", script], {
    env: { SECRETSFLY_API_BASE_URL: api.url },
  });
  const [stdout, stderr] = [child.stdout.getReader(), child.stderr.getReader()];
  return {
    child,
    said: (text: string) => readUntil(stdout, text),
    warned: (text: string) => readUntil(stderr, text),
    /** Ends it, or waits for its end, and gives all that it had not said yet. */
    async end(signal: NodeJS.Signals | "by itself" = "SIGTERM") {
      if (signal !== "by itself") child.kill(signal);
      const [out, err] = await Promise.all([rest(stdout), rest(stderr)]);
      return { stdout: out, stderr: err, exitCode: await child.exited };
    },
  };
}

async function rest(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  for (let text = ""; ; ) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
  }
}

const pidIn = (text: string) => Number(/start (\d+) /.exec(text)?.[1]);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe.concurrent("secretsfly run --watch", () => {
  test("starts the command anew with what has changed, once for a burst, and names it", async () => {
    const api = new LiveApi({ A: "one", B: "b" });
    const run = watch(api);
    await run.said("A=one B=b.\n");
    for (const value of ["two", "three", "four-value"]) api.set({ A: value, NEW: "new" });
    expect(await run.said("A=four-value B=.\n")).toMatch(/^ended one\.\nstart \d+ A=four-value B=\.\n$/);
    expect(await run.warned("restarting\n")).toBe("secretsfly: secrets changed (A, B, NEW); restarting\n");
    expect(await run.end()).toEqual({ stdout: "ended four-value.\n", stderr: "", exitCode: 0 });
  });

  test("leaves the command alone while its environment stays as it is", async () => {
    const api = new LiveApi({ A: "one", PATH: "/evil" });
    const run = watch(api);
    await run.said("A=one");
    const listed = api.lists;
    api.set({ A: "one", PATH: "/more/evil" });
    while (api.lists === listed) await Bun.sleep(10);
    api.set({ A: "two", PATH: "/more/evil" });
    expect((await run.said("A=two")).match(/start/g)).toHaveLength(1);
    await run.end();
  });

  test("ends with the command's own code when that ends by itself", async () => {
    const run = watch(new LiveApi({ A: "one" }), "exit 7");
    expect(await run.child.exited).toBe(7);
  });

  test("makes one further restart of what changes during one, and kills what does not end in time", async () => {
    const api = new LiveApi({ A: "one" });
    const stubborn = "trap 'echo asked $A.' TERM; echo start $$ A=$A.; while :; do sleep 0.02; done";
    const run = watch(api, stubborn, ["--grace", "1s"]);
    const first = pidIn(await run.said("A=one."));
    api.set({ A: "two" });
    await run.said("asked one.");
    api.set({ A: "three" });
    api.set({ A: "four" });
    // The one with "two" may be asked to end before it can say anything.
    const last = await run.said("A=four.");
    expect(isAlive(first)).toBe(false);
    expect(last).not.toContain("three");
    run.child.kill("SIGTERM");
    await run.said("asked four.");
    process.kill(pidIn(last.slice(last.lastIndexOf("start"))), "SIGKILL");
    expect(await run.child.exited).toBe(137);
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "ends for good, without an orphan, by %s during a restart",
    async (signal) => {
      const api = new LiveApi({ A: "one" });
      const go = join(temporaryFolder(), "go");
      const slow = `trap 'echo told' INT HUP; trap 'echo asked' TERM; echo start $$ A=$A.; while [ ! -e ${go} ]; do sleep 0.02; done; exit 5`;
      const run = watch(api, slow, ["--grace", "30d"]);
      const pid = pidIn(await run.said("A=one."));
      api.set({ A: "two" });
      await run.said("asked");
      run.child.kill(signal);
      // It is passed on: the CLI knows of it before the command ends.
      await run.said(signal === "SIGTERM" ? "asked" : "told");
      writeFileSync(go, "");
      expect(await run.end("by itself")).toMatchObject({
        stdout: expect.not.stringContaining("start"),
        exitCode: 5,
      });
      expect(isAlive(pid)).toBe(false);
    },
  );

  test("does not start anew what was asked to end and takes its time", async () => {
    const api = new LiveApi({ A: "one" });
    const go = join(temporaryFolder(), "go");
    const slow = `trap 'echo asked' TERM; echo start; while [ ! -e ${go} ]; do sleep 0.02; done`;
    const run = watch(api, slow);
    await run.said("start");
    run.child.kill("SIGTERM");
    await run.said("asked");
    const listed = api.lists;
    api.set({ A: "two" });
    while (api.lists === listed) await Bun.sleep(10);
    run.child.kill("SIGTERM");
    await run.said("asked");
    writeFileSync(go, "");
    expect(await run.end("by itself")).toMatchObject({ stderr: "", exitCode: 0 });
  });
});

describe.concurrent("secretsfly run --watch keeps the command", () => {
  test("when the token is revoked, says so, and removes its fallback", async () => {
    const api = new LiveApi({ A: "one" });
    const fallback = join(temporaryFolder(), "fallback");
    const run = watch(api, report, ["--fallback", fallback]);
    const pid = pidIn(await run.said("A=one"));
    expect(existsSync(fallback)).toBe(true);
    api.revoke();
    const warning = await run.warned("is removed: its token is not valid\n");
    expect(warning).toStartWith(
      "secretsfly: WARNING: the command keeps running with the secrets it has, and changes are no longer watched for: the service token sfly_abc123_… is not valid",
    );
    expect(existsSync(fallback)).toBe(false);
    expect(isAlive(pid)).toBe(true);
    expect((await run.end()).exitCode).toBe(0);
  });

  test("when the new secrets cannot be fetched or used, and takes them when they can", async () => {
    const api = new LiveApi({ A: "one" });
    const run = watch(api, report, ["--require", "A"]);
    await run.said("A=one");
    await api.listened();
    api.answer = () => problem(503, "Later.");
    api.set({ A: "two" });
    expect(await run.warned("Later.\n")).toStartWith(
      "secretsfly: the command keeps running with the secrets it has, as they cannot be fetched anew yet: the server cannot answer now",
    );
    // A proxy's word on the token is not the server's.
    api.answer = () => new Response(null, { status: 401 });
    expect(await run.warned("may be in between\n")).toContain("as they cannot be fetched anew yet");
    api.answer = undefined;
    await run.said("A=two");
    expect(await run.warned("restarting\n")).toBe("secretsfly: secrets changed (A); restarting\n");
    api.set({ B: "b" });
    expect(await run.warned("there: A\n")).toBe(
      "secretsfly: the command keeps running with the secrets it has, as the new ones cannot be used: required and not there: A\n",
    );
    api.set({ A: "three", B: "b" });
    await run.said("A=three B=b");
    expect(await run.end()).toMatchObject({ exitCode: 0 });
  });
});

test.concurrent("secretsfly run --watch --fallback keeps the fallback young while nothing changes", async () => {
  const api = new LiveApi({ A: "one" });
  const fallback = join(temporaryFolder(), "fallback");
  const run = watch(api, report, ["--fallback", fallback, "--fallback-max-age", "4s"]);
  await run.said("A=one");
  const first = readFileSync(fallback);
  while (readFileSync(fallback).equals(first)) await Bun.sleep(20);
  expect(await run.end()).toEqual({ stdout: expect.not.stringContaining("start"), stderr: "", exitCode: 0 });
});

test.concurrent("secretsfly run --watch --fallback starts without a server, and follows it when it is back", async () => {
  const api = new LiveApi({ A: "one" });
  const fallback = ["--fallback", join(temporaryFolder(), "fallback")];
  const before = watch(api, report, fallback);
  await before.said("A=one");
  api.set({ A: "two" });
  await before.said("A=two");
  await before.end();
  api.set({ A: "three" });
  const started = Promise.withResolvers<void>();
  api.answer = () => {
    api.answer = undefined;
    // Else the command might be asked to end before it can say anything.
    api.held = started.promise;
    return problem(503, "Later.");
  };
  const run = watch(api, report, fallback);
  await run.said("A=two");
  started.resolve();
  await run.said("A=three");
  expect(await run.warned("restarting\n")).toMatch(
    /^secretsfly: WARNING: using the secrets fetched .*\nsecretsfly: the server answers again\nsecretsfly: secrets changed \(A\); restarting\n$/,
  );
  await run.end();
});
