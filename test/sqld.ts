import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A libSQL server as a process of its own. `await using` ends it and removes its folder. */
export interface Sqld extends AsyncDisposable {
  /** Where it answers, such as `http://127.0.0.1:4711`. */
  url: string;
  /** Where namespaces are made; undefined unless asked for. */
  adminUrl: string | undefined;
  folder: string;
  pid: number;
  /** Ends it, by SIGTERM unless told. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again at the same address on what its folder holds by now. */
  start(): Promise<void>;
  /** Stops or continues it where it is: it takes connections and answers nothing. */
  freeze(): void;
  thaw(): void;
}

interface SqldOptions {
  /** Many databases, each by its own name in front of `.localhost`. */
  namespaces?: boolean;
  /** More options of its command line. */
  args?: readonly string[];
}

/** How long it may take to answer first, in milliseconds: a busy machine takes its time. */
const patience = 60_000;

/** Starts a server with an empty folder, on a port of 127.0.0.1 that is free. Throws with what it said instead. */
export async function startSqld(options: SqldOptions = {}): Promise<Sqld> {
  for (let left = 2; ; left--) {
    try {
      return await startAt(freePorts(), options);
    } catch (error) {
      // Somebody else may have taken one of them since.
      if (left === 0) throw error;
    }
  }
}

async function startAt(
  [port, adminPort]: readonly [number, number],
  { namespaces = false, args = [] }: SqldOptions,
): Promise<Sqld> {
  const folder = mkdtempSync(join(quickFolder(), "secretsfly-sqld-"));
  const log = join(folder, "log");
  const command = [
    ...[executable(), "--no-welcome", "--db-path", join(folder, "data")],
    ...["--http-listen-addr", `127.0.0.1:${port}`],
    ...(namespaces ? ["--enable-namespaces", "--admin-listen-addr", `127.0.0.1:${adminPort}`] : []),
    ...args,
  ];
  let child: Bun.Subprocess | undefined;

  const start = async () => {
    const started = Bun.spawn({
      cmd: command,
      stdin: "ignore",
      stdout: Bun.file(log),
      stderr: Bun.file(`${log}.err`),
      env: { RUST_LOG: "warn" },
    });
    child = started;
    const until = performance.now() + patience;
    while (!(await isUp(port))) {
      if (started.exitCode !== null || performance.now() > until) {
        const said = `${await Bun.file(log).text()}\n${await Bun.file(`${log}.err`).text()}`;
        throw new Error(`sqld did not start: ${said}`);
      }
      await Bun.sleep(10);
    }
  };
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    child?.kill("SIGCONT");
    child?.kill(signal);
    await child?.exited;
  };
  // A test run that ends early leaves nothing behind.
  const atExit = () => {
    child?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  process.on("exit", atExit);
  const end = async () => {
    process.off("exit", atExit);
    await stop("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await end();
    throw error;
  }
  return {
    url: `http://127.0.0.1:${port}`,
    adminUrl: namespaces ? `http://127.0.0.1:${adminPort}` : undefined,
    folder,
    get pid() {
      return child?.pid ?? 0;
    },
    ...{ stop, start },
    freeze: () => child?.kill("SIGSTOP"),
    thaw: () => child?.kill("SIGCONT"),
    [Symbol.asyncDispose]: end,
  };
}

/** In memory where that can be had: a server of a test outlives no power cut, and waits for no disk. */
function quickFolder(): string {
  return statSync("/dev/shm", { throwIfNoEntry: false })?.isDirectory() ? "/dev/shm" : tmpdir();
}

/** The program that its package brings for this machine: what the package itself runs is a script around it. */
function executable(): string {
  const { resolve } = createRequire(import.meta.url);
  const platform = `${process.platform}-${process.arch}`;
  const path = join(dirname(resolve("sqld/package.json")), `../@sqld/${platform}/sqld`);
  if (!statSync(path, { throwIfNoEntry: false })) throw new Error(`there is no sqld for ${platform}`);
  return path;
}

/** Two ports that nobody listens on now. */
function freePorts(): [number, number] {
  const listen = () => Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  // Both at once, or they may be the same.
  using one = listen();
  using other = listen();
  return [one.port, other.port];
}

async function isUp(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(5000) })).ok;
  } catch {
    return false;
  }
}
