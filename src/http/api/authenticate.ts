import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { SecretsflyError } from "../../errors.ts";
import { authenticate, type TokenAccess } from "../../vault/token-access.ts";
import { isWritable, type WritableEnvironment } from "../../vault/unlock.ts";
import type { AppEnv } from "../app-env.ts";
import { reportRefusal } from "../lock-out.ts";

/** A request whose service token is good. */
export interface TokenEnv {
  Variables: AppEnv["Variables"] & { access: TokenAccess };
}

/** The service token in an Authorization header: `Bearer <token>`, or the bare token. Empty where there is none. */
export function presentedToken(authorization: string | null): string {
  return (authorization ?? "").replace(/^Bearer +/i, "").trim();
}

/**
 * Throws the error; for a token that is no good, from where too many came, SecretsflyError `too-many-attempts`. It is
 * only asked when a token has failed: a good one is always served, and pays nothing for this.
 */
async function refuse(c: Context<TokenEnv>, error: unknown): Promise<never> {
  if (!(error instanceof SecretsflyError) || error.code !== "unauthorized") throw error;
  const { guesses, address, requestId } = c.var;
  const attempt = guesses.tokens.begin({ of: "service-token", address });
  if (attempt.isAdmitted) {
    attempt.end("failed");
    throw error;
  }
  await reportRefusal(
    c,
    attempt,
    { id: "anonymous", address, requestId },
    { action: "service-token.limited" },
  );
  throw new SecretsflyError("too-many-attempts", tooManyBad, {}, attempt.retryAfter);
}

const tooManyBad =
  "Too many requests came with a service token that is missing or not valid, and so did this one. A valid one is served at any time.";

/** Sealed, opened, and on its way. */
const viewCopies = 3;

/** Lets good service tokens through, before anything else of the request is looked at. */
export const requireToken = createMiddleware<TokenEnv>(async (c, next) => {
  const { vault, knownTokens, usage, address, requestId } = c.var;
  const text = presentedToken(c.req.raw.headers.get("Authorization"));
  const access = await authenticate(vault, text, { address, requestId }, knownTokens).catch(
    (error: unknown) => refuse(c, error),
  );
  usage.touch(access.token.publicId);
  c.set("access", access);
  const release = c.var.memory.take(viewCopies * access.view.sealedBody.byteLength);
  try {
    await next();
  } finally {
    release();
  }
});

const readOnly = "This service token may read and not write.";

/** Lets write tokens through; what they open is `writableEnvironment`. */
export const requireWriteToken = createMiddleware<TokenEnv>(async (c, next) => {
  if (c.var.access.token.rights !== "write") throw new SecretsflyError("forbidden", readOnly);
  await next();
});

/** What a write token opens. Throws SecretsflyError `forbidden` for another. */
export async function writableEnvironment(access: TokenAccess): Promise<WritableEnvironment> {
  const environment = await access.unlock();
  if (!isWritable(environment)) throw new SecretsflyError("forbidden", readOnly);
  return environment;
}
