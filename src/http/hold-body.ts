import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./app-env.ts";

/** As it came, as text, and taken apart. */
const bodyCopies = 3;

/** Holds the body of a request while it is dealt with. To be asked behind whatever refuses strangers and what is too large. */
export function holdBody(maxBodyBytes: number): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { headers } = c.req.raw;
    const length = headers.has("Transfer-Encoding")
      ? maxBodyBytes
      : Number(headers.get("Content-Length") ?? 0);
    const release = c.var.memory.take(bodyCopies * length);
    try {
      await next();
    } finally {
      release();
    }
  };
}
