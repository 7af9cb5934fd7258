import type { Context } from "hono";
import { z } from "zod";
import type { AppEnv } from "./app-env.ts";
import type { PublicFault } from "./faults.ts";

/** A problem as it is answered. */
export const problemSchema = z
  .object({
    type: z
      .string()
      .regex(/^urn:secretsfly:problem:[a-z-]+$/)
      .meta({ description: "Which problem it is; it never changes." }),
    title: z.string(),
    status: z.int(),
    detail: z
      .string()
      .meta({ description: "What went wrong, for people. It never repeats a value or a token." }),
    requestId: z.string().meta({ description: "As in X-Request-Id." }),
    errors: z
      .array(z.object({ field: z.string(), detail: z.string() }))
      .optional()
      .meta({ description: "What is wrong with which field, name or header." }),
  })
  .meta({
    id: "Problem",
    description: "Why something could not be done (RFC 9457).",
    examples: [
      {
        type: "urn:secretsfly:problem:not-found",
        title: "Not found",
        status: 404,
        detail: "There is no such secret.",
        requestId: "0b7e3f5c-2d4e-4a53-9c4e-5a1f6f0f2f9b",
      },
    ],
  });
type Problem = z.output<typeof problemSchema>;

/**
 * The answer to a failed API request: `application/problem+json` (RFC 9457). `type` is stable and says
 * which fault it is; `errors` has one entry for each field at fault.
 */
export function problem(c: Context<AppEnv>, fault: PublicFault): Response {
  const { code, status, title, detail, fields, retryAfter } = fault;
  const errors = Object.entries(fields).map(([field, what]) => ({ field, detail: what }));
  const body: Problem = {
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
    ...(retryAfter !== undefined && { "Retry-After": String(retryAfter) }),
  });
}
