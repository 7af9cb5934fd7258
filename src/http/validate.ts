import { zValidator } from "@hono/zod-validator";
import { createMiddleware } from "hono/factory";
import type { ValidationTargets } from "hono/types";
import type { ZodType } from "zod";
import { SecretsflyError } from "../errors.ts";
import type { AppEnv } from "./app-env.ts";

interface Issue {
  path: PropertyKey[];
  code?: string;
  message: string;
}

/**
 * Validates a part of a request by a zod schema. What does not fit is told by field and reason, never by
 * what was sent. Throws SecretsflyError `invalid`.
 */
export function validate<Target extends keyof ValidationTargets, Schema extends ZodType>(
  target: Target,
  schema: Schema,
) {
  return zValidator(target, schema, (result) => {
    if (result.success) return;
    const fields = Object.fromEntries(
      (result.error.issues as Issue[]).map((issue) => [issue.path.join(".") || target, reason(issue)]),
    );
    const sentence = Object.entries(fields)
      .map(([field, fault]) => `${field}: ${fault}`)
      .join("; ");
    throw new SecretsflyError("invalid", sentence, fields);
  });
}

/** zod names unknown fields in its message; what was sent there is not ours to repeat. */
function reason({ code, message }: Issue): string {
  return code === "unrecognized_keys" ? "has a field that is not known here" : message;
}

/** Lets JSON bodies through and nothing else. Throws SecretsflyError `unsupported-media-type`. */
export const requireJson = createMiddleware<AppEnv>(async (c, next) => {
  const type = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new SecretsflyError(
      "unsupported-media-type",
      "The body must be JSON, sent as Content-Type: application/json.",
    );
  }
  await next();
});
