import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { OpenError } from "../cryptography/aead.ts";
import { KeyDerivationError } from "../cryptography/master-key.ts";
import { QueueFullError } from "../cryptography/one-at-a-time.ts";
import { isBusy } from "../database/constraint.ts";
import { storageFault, unavailable } from "../database/storage-fault.ts";
import { type ErrorCode, type FieldFaults, SecretsflyError } from "../errors.ts";
import { loggable } from "../logger.ts";
import type { AppEnv } from "./app-env.ts";
import { statuses } from "./statuses.ts";

/** An error as it may be told to a client: nothing of it comes from an unexpected error's message. */
export interface PublicFault {
  code: ErrorCode | "internal";
  status: ContentfulStatusCode;
  title: string;
  detail: string;
  fields: FieldFaults;
  /** Seconds, as `Retry-After` tells them; undefined: nothing is to be told of it. */
  retryAfter?: number | undefined;
}

const damaged =
  "Stored data does not open: it was changed, moved or damaged outside of secretsfly. The log names the place.";

const locked = "The database is locked by another program. Try again.";

const queueFull =
  "Too many passphrases are being tried just now. Nothing was done; try again in a few seconds.";
/** About as long as a full line takes. */
const queueFullSeconds = 5;

/** When to try again, in seconds: whoever is told that something is busy is always told. */
export function retryAfterOf({ code, retryAfter }: SecretsflyError): number | undefined {
  return retryAfter ?? (code === "busy" ? 1 : undefined);
}

/** What to tell the client of an error. An unexpected one is logged with the request's id, and told without its message. */
export function publicFault(c: Context<AppEnv>, error: Error): PublicFault {
  if (error instanceof SecretsflyError) {
    const { code, message, fields } = error;
    return { code, ...statuses[code], detail: message, fields, retryAfter: retryAfterOf(error) };
  }
  if (error instanceof QueueFullError) {
    return { code: "busy", ...statuses.busy, detail: queueFull, fields: {}, retryAfter: queueFullSeconds };
  }
  if (error instanceof HTTPException && error.status < 500) {
    const code = codeOf(error.status);
    return { code, ...statuses[code], detail: error.message || statuses[code].title, fields: {} };
  }
  const fault = storageFault(error);
  if (fault) {
    c.var.vault.storage.met(fault);
    return publicFault(c, unavailable(fault, "reading"));
  }
  if (isBusy(error)) {
    return { code: "busy", ...statuses.busy, detail: locked, fields: {}, retryAfter: 1 };
  }
  const isDamaged = error instanceof OpenError || error instanceof KeyDerivationError;
  const place = error instanceof OpenError ? { place: error.context } : {};
  c.var.logger.error({ requestId: c.var.requestId, ...loggable(error), ...place }, "request failed");
  const detail = isDamaged
    ? damaged
    : "Something went wrong here. The log knows more, under the request's id.";
  return { code: "internal", status: 500, title: "Internal error", detail, fields: {} };
}

function codeOf(status: number): ErrorCode {
  const codes = Object.keys(statuses) as ErrorCode[];
  return codes.find((code) => statuses[code].status === status) ?? "malformed";
}
