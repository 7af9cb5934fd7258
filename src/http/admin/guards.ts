import type { Context } from "hono";
import { csrf } from "hono/csrf";
import { createMiddleware } from "hono/factory";
import { HTTPException } from "hono/http-exception";
import { isLoopback } from "../../config.ts";
import { SecretsflyError } from "../../errors.ts";
import type { AppEnv } from "../app-env.ts";

/** Headers that a proxy adds; a browser on this machine sends none of them. */
const proxyHeaders = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
  "via",
  "fly-client-ip",
  "cf-connecting-ip",
  "true-client-ip",
];

const closed =
  "The admin pages have no password and are open to this machine only. Set ADMIN_PASSWORD (and PUBLIC_ORIGIN behind a proxy) to reach them from elsewhere.";

/**
 * Closed by default: without ADMIN_PASSWORD the admin pages answer only to a browser that asks for this
 * machine by a loopback name, and not through a proxy. The name is checked because a foreign page can make
 * its own name point here (DNS rebinding).
 */
export const requirePasswordOrLoopback = createMiddleware<AppEnv>(async (c, next) => {
  if (!c.var.config.ADMIN_PASSWORD) {
    const host = new URL(c.req.url).hostname;
    const told = c.var.config.CLIENT_IP_HEADER;
    const headers = told === undefined ? proxyHeaders : [...proxyHeaders, told];
    const proxied = headers.some((header) => c.req.header(header) !== undefined);
    if (proxied || !isLoopback(host)) throw new SecretsflyError("forbidden", closed);
  }
  await next();
});

const isOurs = csrf({
  origin: (origin, c: Context<AppEnv>) =>
    origin === (c.var.config.PUBLIC_ORIGIN ?? new URL(c.req.url).origin),
  // By itself this header says only that the page and the form agree, not that either is PUBLIC_ORIGIN.
  secFetchSite: () => false,
});

const foreign =
  "This form was not sent by a page of this server. Open the page here and send it again; behind a proxy, PUBLIC_ORIGIN must be the address that the browser shows.";

/** Lets what our own pages send through. Throws SecretsflyError `forbidden` for a form of another site. */
export const requireSameOrigin = createMiddleware<AppEnv>(async (c, next) => {
  try {
    return await isOurs(c, next);
  } catch (error) {
    if (error instanceof HTTPException) throw new SecretsflyError("forbidden", foreign);
    throw error;
  }
});

/** Lets posted forms through and no other body. Throws SecretsflyError `unsupported-media-type`. */
export const requireForm = createMiddleware<AppEnv>(async (c, next) => {
  const type = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  const isForm =
    type === undefined || type === "application/x-www-form-urlencoded" || type === "multipart/form-data";
  if (c.req.method === "POST" && !isForm) {
    throw new SecretsflyError("unsupported-media-type", "Only forms can be posted here.");
  }
  await next();
});
