import type { Context, MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { Logger } from "../logger.ts";
import type { AppEnv } from "./app-env.ts";

/** What is told of a request. The route is its pattern. */
interface Answered {
  requestId: string;
  address: string;
  method: string;
  route: string;
  status: number;
}

/**
 * One line a request: method, route, status, duration. The route is its pattern and not the path that was
 * asked for, since people paste tokens in the strangest places. Good answers to apps are frequent and only
 * logged at `debug`, as are stylesheet and script; fetches are counted per token instead.
 */
export const accessLog: MiddlewareHandler<AppEnv> = async (c, next) => {
  const began = performance.now();
  await next();
  const { status } = c.res;
  const level = levelOf(status, c.req.path);
  const { logger, requestId, address } = c.var;
  if (!logger.isLevelEnabled(level)) return;
  logRequest(logger, level, began, { requestId, address, method: c.req.method, route: routeOf(c), status });
};

/** @param began - when the request came, by `performance.now()` */
export function logRequest(logger: Logger, level: Level, began: number, answered: Answered): void {
  const milliseconds = Math.round((performance.now() - began) * 10) / 10;
  logger[level]({ ...answered, milliseconds }, "request");
}

type Level = "error" | "info" | "debug";

/**
 * 503 is no fault of this request, and may be that of thousands a second: what is wrong is logged once, when it begins.
 */
function levelOf(status: number, path: string): Level {
  if (status >= 500 && status !== 503) return "error";
  const isFrequent = status < 400 || status === 503;
  return isFrequent && !path.startsWith("/admin") ? "debug" : "info";
}

/** The pattern of what answered; where that was a middleware, of what would have. Empty where nothing is there. */
export function routeOf(c: Context<AppEnv>): string {
  const answered = routePath(c);
  const route = answered.endsWith("*") ? routePath(c, -1) : answered;
  return route.endsWith("*") ? "" : route;
}
