import { zValidator } from "@hono/zod-validator";
import { createMiddleware } from "hono/factory";
import type { ValidationTargets } from "hono/types";
import type { ZodType } from "zod";
import { wipe } from "../cryptography/bytes.ts";
import { invalid, SecretsflyError } from "../errors.ts";
import { type DocumentNode, UnreadableError } from "../formats/document.ts";
import { readJson } from "../formats/parse-json.ts";
import { nameFault } from "../vault/secret-input.ts";
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

/**
 * Lets JSON bodies through and nothing else, and none in which a name is there twice: JSON.parse would take the last
 * one and say nothing. The body is overwritten when the request is over. Throws SecretsflyError `unsupported-media-type`, `malformed`, `invalid`.
 */
export const requireJson = createMiddleware<AppEnv>(async (c, next) => {
  const type = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new SecretsflyError(
      "unsupported-media-type",
      "The body must be JSON, sent as Content-Type: application/json.",
    );
  }
  const body = await c.req.arrayBuffer();
  try {
    refuseTwice(readBody(decode(body)));
    await next();
  } finally {
    wipe(new Uint8Array(body));
  }
});

/** Strict: what is no UTF-8 would otherwise be stored as replacement characters, and nobody told. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: ArrayBuffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new SecretsflyError("malformed", "The body is not UTF-8.");
  }
}

function readBody(text: string): DocumentNode {
  try {
    return readJson(text);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    const { line, message } = error.faults[0] ?? { line: 1, message: "This is not JSON." };
    throw new SecretsflyError("malformed", `Line ${line} of the body: ${message}`);
  }
}

/** The message repeats a name only where it is one of a secret's: anything else could be a value in the wrong place. */
function refuseTwice(node: DocumentNode): void {
  if (node.kind === "list") node.items.forEach(refuseTwice);
  if (node.kind !== "map") return;
  const seen = new Set<string>();
  for (const { name, line, value } of node.pairs) {
    if (seen.has(name)) {
      const told = nameFault(name) === undefined ? name : "a name";
      throw invalid(told === name ? name : "json", `Line ${line} of the body: ${told} is there twice.`);
    }
    seen.add(name);
    refuseTwice(value);
  }
}
