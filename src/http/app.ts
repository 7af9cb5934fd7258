import { Hono } from "hono";
import { compress } from "hono/compress";
import { createMiddleware } from "hono/factory";
import { SecretsflyError } from "../errors.ts";
import { accessLog } from "./access-log.ts";
import { createAdmin, showError } from "./admin/admin.tsx";
import { assetRoutes } from "./admin/assets.ts";
import { createAllowedMethods } from "./allowed-methods.ts";
import { createApi } from "./api/api.ts";
import type { AppDeps, AppEnv } from "./app-env.ts";
import { clientAddress } from "./client-address.ts";
import { createFastPath, type Handler } from "./fast-path.ts";
import { publicFault } from "./faults.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { createMetrics, type Metrics } from "./metrics/metrics.ts";
import { problem } from "./problem.ts";
import { securityHeaders } from "./security-headers.ts";

/**
 * A form may hold several values, each of which takes up to three bytes for one when it is encoded.
 * Returns bytes.
 */
function largestBody(maxSecretBytes: number): number {
  return 12 * maxSecretBytes + 1024 * 1024;
}

/** Whether a path is the API's: faults there are answered as problems and not as pages. */
function isApi(path: string): boolean {
  return path === "/api" || path.startsWith("/api/");
}

/** Said of HEAD, too, which `compress` leaves alone. */
const varyByEncoding = createMiddleware<AppEnv>(async (c, next) => {
  c.header("Vary", "Accept-Encoding");
  await next();
});

/** The length that GET has: Bun would say 0 of an answer to HEAD (RFC 9110, 8.6). The body itself is dropped by Hono. */
const lengthOfHead = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  if (c.req.method !== "HEAD" || !c.res.body) return;
  c.header("Content-Length", String((await c.res.arrayBuffer()).byteLength));
});

const compressed = compress();

/**
 * Compresses what our own pages and the address bar ask for. What a foreign page makes the browser ask for, even one
 * of a sibling domain, stays as long as it is: a guess that it puts beside a secret must not show in the length (BREACH).
 */
const compressOwn = createMiddleware<AppEnv>(async (c, next) => {
  const from = c.req.header("Sec-Fetch-Site");
  return from === "same-site" || from === "cross-site" ? next() : compressed(c, next);
});

/** The whole program behind HTTP. Nothing happens before a request comes. */
export function createHandler(deps: AppDeps): { handle: Handler; app: Hono<AppEnv> } {
  const metrics = deps.config.METRICS ? createMetrics(deps) : undefined;
  const app = createApp(deps, metrics);
  return { handle: createFastPath(deps, metrics, (request, server) => app.fetch(request, server)), app };
}

/** All routes. */
function createApp(deps: AppDeps, metrics: Metrics | undefined): Hono<AppEnv> {
  const promises = securityHeaders(deps.config);
  const maxBodyBytes = largestBody(deps.config.MAX_SECRET_BYTES);
  const memory = new MemoryBudget();
  const app = new Hono<AppEnv>({ strict: false });
  app.use(async (c, next) => {
    for (const [name, dependency] of Object.entries(deps)) c.set(name as keyof AppDeps, dependency);
    c.set("memory", memory);
    // Always ours: one that the client chose could carry anything into the log and the audit.
    c.set("requestId", crypto.randomUUID());
    c.set("address", clientAddress(c.req.raw, c.env, deps.config.CLIENT_IP_HEADER));
    c.header("X-Request-Id", c.var.requestId);
    await next();
  });
  app.use(accessLog);
  if (metrics) app.use(metrics.count);
  app.use(lengthOfHead);
  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(promises)) c.res.headers.set(name, value);
  });
  app.use(async (c, next) => {
    // Such as a port above 65535, or two hosts, of which a proxy may have looked at the other one (RFC 9112, 3.2): what is
    // said about our own address is made of it.
    if (!URL.canParse(c.req.url) || c.req.header("Host")?.includes(","))
      throw new SecretsflyError("malformed", "The Host header is no host's.");
    await next();
  });
  // Pages, what they load and what tells of the API, never what apps fetch: see SECURITY.md on compressing what is secret.
  for (const path of ["/admin/*", "/assets/*", "/api/docs/*", "/api/openapi.json"])
    app.use(path, varyByEncoding, compressOwn);
  app.get("/", (c) => c.redirect("/admin/projects", 302));
  app.get("/livez", (c) => c.text("ok", 200, { "Cache-Control": "no-store" }));
  if (metrics) app.get("/metrics", metrics.show);
  app.route("/", assetRoutes);
  app.route("/api", createApi(maxBodyBytes));
  app.route("/admin", createAdmin(maxBodyBytes));

  const allowedMethods = createAllowedMethods(app);
  app.notFound((c) => {
    const answers = allowedMethods(c.req.path);
    // A path that only resembles one of ours, such as with an empty segment, is not told to use its own method.
    const methods = answers.includes(c.req.method) ? [] : answers;
    const error =
      methods.length === 0
        ? new SecretsflyError("not-found", "There is nothing at this address.")
        : new SecretsflyError("method-not-allowed", `This address answers to ${methods.join(", ")}.`);
    if (methods.length > 0) c.header("Allow", methods.join(", "));
    return isApi(c.req.path) ? problem(c, publicFault(c, error)) : showError(error, c);
  });
  app.onError((error, c) => (isApi(c.req.path) ? problem(c, publicFault(c, error)) : showError(error, c)));
  return app;
}
