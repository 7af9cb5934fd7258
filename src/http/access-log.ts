import type { Context, MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { AppEnv } from "./app-env.ts";

/**
 * One line a request: method, route, status, duration. The route is its pattern and not the path that was
 * asked for, since people paste tokens in the strangest places. Good answers to apps are frequent and only
 * logged at `debug`, as are stylesheet and script; fetches are counted per token instead.
 */
export const accessLog: MiddlewareHandler<AppEnv> = async (c, next) => {
  const started = performance.now();
  await next();
  const { status } = c.res;
  const level = status >= 500 ? "error" : status >= 400 || c.req.path.startsWith("/admin") ? "info" : "debug";
  const { logger, requestId, address } = c.var;
  if (!logger.isLevelEnabled(level)) return;
  const milliseconds = Math.round((performance.now() - started) * 10) / 10;
  const route = status === 404 ? "" : routeOf(c);
  logger[level]({ requestId, address, method: c.req.method, route, status, milliseconds }, "request");
};

/** The pattern of what answered; where that was a middleware, of what would have. */
function routeOf(c: Context<AppEnv>): string {
  const answered = routePath(c);
  return answered.endsWith("*") ? routePath(c, -1) : answered;
}
