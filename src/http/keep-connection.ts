import type { Context } from "hono";
import type { AppEnv } from "./app-env.ts";

/** Keeps a request's connection open however long nothing is sent on it; a server closes it after some seconds. */
export function keepConnection<Env extends AppEnv>(c: Context<Env>): void {
  const server: unknown = c.env;
  if (isServer(server)) server.timeout(c.req.raw, 0);
}

function isServer(env: unknown): env is Pick<Bun.Server<undefined>, "timeout"> {
  return typeof env === "object" && env !== null && "timeout" in env && typeof env.timeout === "function";
}
