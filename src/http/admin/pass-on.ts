import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { SecretsflyError } from "../../errors.ts";
import type { AppEnv } from "../app-env.ts";
import { forgetCookie, machineElsewhere } from "./session.ts";

/** Fly's proxy replays requests up to 1 MB, whichever megabyte that is; headers are 16 KiB at most. In bytes. */
const largestBody = 1_000_000 - 16 * 1024;

const tooLarge =
  "Your session is on another machine than the one that this form has reached, and a form of more than 1 MB is not passed on. Nothing was saved. Send it again, which may reach the right machine, or send it in parts. The command secretsfly import, with a write token, needs no session and takes it whole.";

const notPassedOn =
  "Your session is on another machine, and the proxy in front of this one has not passed the request on (fly-replay). Nothing was done. Sign in again.\n";

/** Comes back in `fly-replay-src`, and tells our own replays from those by which a proxy may lead all requests to us. */
const state = "session";

/**
 * Passes a request on to the machine that its session's cookie names: Fly's proxy takes this answer as its order to send
 * the same request there, and the browser never sees it. Nothing is looked at before, and no body is read. A request
 * that has been passed on already is not passed on again, whatever its cookie says. Throws SecretsflyError `too-large`.
 */
export const passOn = createMiddleware<AppEnv>(async (c, next) => {
  const machine = machineElsewhere(c);
  if (machine === undefined || wasPassedOn(c)) return next();
  if (Number(c.req.header("Content-Length") ?? 0) > largestBody)
    throw new SecretsflyError("too-large", tooLarge);
  // Of a machine that cannot be reached within so long, the request comes back to this one.
  c.header("Fly-Replay", `instance=${machine};state=${state};timeout=5s;fallback=force_self`);
  // All else is for a browser behind a proxy that does not know this: without its cookie it can sign in here.
  forgetCookie(c);
  return c.text(notPassedOn, 409);
});

/** Whether a request has come back, or from a machine of ours. */
function wasPassedOn(c: Context<AppEnv>): boolean {
  if (c.req.header("Fly-Replay-Failed") !== undefined) return true;
  const fields = (c.req.header("Fly-Replay-Src") ?? "").split(/[;,]/).map((field) => field.trim());
  return fields.includes(`state=${state}`) || fields.includes(`instance=${c.var.config.MACHINE_ID}`);
}
