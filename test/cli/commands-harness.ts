import { afterAll } from "bun:test";
import { createTestApp, fetchMap, type TestApp } from "../harness.ts";
import { commandLine } from "./harness.ts";

const cleanUps: (() => unknown)[] = [];

afterAll(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

/** A real server with a root project `shop` and its child `api`, unsealed, that CLI processes talk to. */
export interface CommandServer {
  app: TestApp;
  /** Service tokens of `api` in `prod`. */
  tokens: { read: string; write: string };
  /** Called with each request before it is answered. */
  onRequest: ((request: Request) => unknown) | undefined;
  /** Saves secrets in `prod`, of the root or of its child. */
  save(project: "shop" | "api", secrets: Record<string, string>): Promise<unknown>;
  /** What an app of `api` gets in `prod`. */
  values(): Promise<Record<string, string>>;
  /** Runs a command to its end, with the write token unless told. Fails when it printed the token. */
  run(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** The words and the environment that start it. */
  commandLine(args: readonly string[], options?: RunOptions): ReturnType<typeof commandLine>;
}

interface RunOptions {
  stdin?: string | Uint8Array<ArrayBuffer>;
  env?: Record<string, string>;
  cwd?: string;
  rights?: "read" | "write";
}

interface Finished {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** Starts one, which stops when the test file ends. */
export async function startCommandServer(): Promise<CommandServer> {
  const app = await createTestApp();
  const browser = app.browser();
  const { id: shop } = await browser.createRoot("shop", "a passphrase of a test");
  const projects = { shop, api: await browser.createChild("api", shop) };
  const tokens = {
    read: await browser.createToken(projects.api, "prod", "read"),
    write: await browser.createToken(projects.api, "prod", "write"),
  };
  const listener = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request, server) => {
      await world.onRequest?.(request);
      return app.handle(request, server);
    },
  });
  cleanUps.push(async () => {
    await listener.stop(true);
    app.close();
  });
  const world: CommandServer = {
    ...{ app, tokens, onRequest: undefined },
    save: (project, secrets) => browser.save(projects[project], "prod", secrets),
    values: () => fetchMap(app, tokens.read),
    commandLine: (args, { env, cwd, rights = "write" } = {}) => {
      const server = { SECRETSFLY_API_BASE_URL: `http://127.0.0.1:${listener.port}` };
      const settings = { ...server, SECRETSFLY_TOKEN: tokens[rights], ...env };
      return commandLine(args, { env: settings, ...(cwd !== undefined && { cwd }) });
    },
    async run(args, options = {}) {
      const stdin = options.stdin === undefined ? "ignore" : new Blob([options.stdin]);
      const started = { ...world.commandLine(args, options), stdin, detached: true } as const;
      const child = Bun.spawn({ ...started, stdout: "pipe", stderr: "pipe" });
      const [stdout, stderr, exitCode] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      for (const token of Object.values(tokens)) {
        if ((stdout + stderr).includes(token)) throw new Error("the token was printed");
      }
      return { stdout, stderr, exitCode };
    },
  };
  return world;
}
