import type { Handler, MiddlewareHandler } from "hono";
import { routeOf } from "../access-log.ts";
import type { AppDeps, AppEnv } from "../app-env.ts";
import { exposition, expositionType } from "./exposition.ts";
import { RequestCounts } from "./request-counts.ts";
import { serverState } from "./server-state.ts";

/** What counts each request, and what answers `GET /metrics`. */
export interface Metrics {
  requests: RequestCounts;
  count: MiddlewareHandler<AppEnv>;
  show: Handler<AppEnv>;
}

/** Numbers for Prometheus and its like: of requests, and of how the server is. No names of anything that is in it. */
export function createMetrics(deps: AppDeps): Metrics {
  const requests = new RequestCounts();
  return {
    requests,
    async count(c, next) {
      const began = performance.now();
      await next();
      requests.count(c.req.method, routeOf(c), c.res.status, (performance.now() - began) / 1000);
    },
    async show(c) {
      const families = [...requests.families(), ...(await serverState(deps))];
      return c.body(exposition(families), 200, {
        "Content-Type": expositionType,
        "Cache-Control": "no-store",
      });
    },
  };
}
