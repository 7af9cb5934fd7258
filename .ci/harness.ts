/** What the gate's checks share: a server that is started, watched and always stopped. */

import { createServer } from "node:net";

/** Runs one check and says so; the first that fails ends the script. */
export async function check<T>(what: string, body: () => T | Promise<T>): Promise<T> {
  try {
    const result = await body();
    console.log(`  ok    ${what}`);
    return result;
  } catch (error) {
    console.log(`  FAIL  ${what}`);
    throw error;
  }
}

/**
 * A port of the loopback interface that nobody listens on. It is below those that a system hands out by itself, so
 * that nobody else is given it before it is used.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await isFree(port)) return port;
  }
  throw new Error("no port to be had");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

export interface StartOptions {
  command: string[];
  cwd: string;
  env: Record<string, string>;
  /** Seconds until it must answer. */
  within: number;
}

export interface RunningServer {
  /** The address the server printed, such as `http://127.0.0.1:3000`. */
  origin: string;
  /** Asks it to stop, as an operator or a platform does, and answers how it went. */
  stop(): Promise<Stopped>;
}

/** How a server has ended. */
interface Stopped {
  /** null where a signal has ended it. */
  exitCode: number | null;
  /** Nobody had to kill it, after much longer than it may take. */
  byItself: boolean;
}

/** Process groups to take down with this script, however it ends. */
const groups = new Set<number>();

function killGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // It has ended by itself.
  }
}

process.on("exit", () => {
  for (const group of groups) killGroup(group, "SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

/** Starts a server and waits until `/api/status` answers 200 at the address it printed. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const child = Bun.spawn(options.command, {
    cwd: options.cwd,
    env: options.env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    detached: true, // a process group of its own, so that npx and what it starts end together
  });
  groups.add(child.pid);

  let printed = "";
  const follow = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) printed += decoder.decode(chunk, { stream: true });
  };
  const followed = Promise.all([follow(child.stdout), follow(child.stderr)]);

  const stop = async () => {
    let byItself = true;
    const patience = setTimeout(() => {
      byItself = false;
      killGroup(child.pid, "SIGKILL");
    }, 30_000);
    killGroup(child.pid, "SIGTERM");
    const exitCode = child.signalCode ? null : await child.exited;
    clearTimeout(patience);
    killGroup(child.pid, "SIGKILL");
    groups.delete(child.pid);
    await followed;
    return { exitCode, byItself };
  };

  const deadline = performance.now() + options.within * 1000;
  while (performance.now() < deadline && child.exitCode === null && child.signalCode === null) {
    const origin = printed.match(/listening on (https?:\/\/[^\s/"]+)/)?.[1];
    const answer = origin && (await fetch(`${origin}/api/status`).catch(() => undefined));
    if (origin && answer && answer.status === 200) return { origin, stop };
    await Bun.sleep(50);
  }
  await stop();
  throw new Error(`${options.command.join(" ")} did not come up. It printed:\n${printed}`);
}
