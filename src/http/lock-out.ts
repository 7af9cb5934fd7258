import type { HonoRequest } from "hono";
import type { Refused } from "../sessions/guess-limit.ts";
import type { AuditEntry } from "../vault/audit.ts";
import type { Actor } from "../vault/vault.ts";
import { record } from "../vault/write.ts";
import type { AppEnv } from "./app-env.ts";

/** What is asked of the request's context, whatever else is in it. */
interface Request {
  var: Pick<AppEnv["Variables"], "vault" | "logger" | "config">;
  req: HonoRequest;
}

/**
 * Tells the audit and the log of a lock-out, once; the refusals that follow are summed, since a flood must not fill the
 * disk. Throws what the audit's write throws: the attempt is refused in any case.
 */
export async function reportRefusal(
  c: Request,
  refused: Refused,
  actor: Actor,
  entry: AuditEntry,
): Promise<void> {
  const { vault, logger, config } = c.var;
  await refused.report(async () => {
    await record(vault, actor, entry);
    const { address, requestId } = actor;
    const isProxy = config.CLIENT_IP_HEADER === undefined && c.req.header("X-Forwarded-For") !== undefined;
    const hint = isProxy
      ? { hint: "CLIENT_IP_HEADER is not set: all who come by a proxy have its address" }
      : {};
    logger.warn({ requestId, address, action: entry.action, ...hint }, "too many failed attempts");
  });
}
