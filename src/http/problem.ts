import type { Context } from "hono";
import type { AppEnv } from "./app-env.ts";
import type { PublicFault } from "./faults.ts";

/**
 * The answer to a failed API request: `application/problem+json` (RFC 9457). `type` is stable and says
 * which fault it is; `errors` has one entry for each field at fault.
 */
export function problem(c: Context<AppEnv>, { code, status, title, detail, fields }: PublicFault): Response {
  const errors = Object.entries(fields).map(([field, fault]) => ({ field, detail: fault }));
  const body = {
    type: `urn:secretsfly:problem:${code}`,
    title,
    status,
    detail,
    requestId: c.var.requestId,
    ...(errors.length > 0 && { errors }),
  };
  return c.body(JSON.stringify(body), status, {
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
    ...(status === 401 && { "WWW-Authenticate": 'Bearer realm="secretsfly"' }),
    ...(status === 503 && { "Retry-After": "1" }),
  });
}
