/** @jsxImportSource hono/jsx */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { every } from "hono/combine";
import { SecretsflyError } from "../../errors.ts";
import { RotatedRootError } from "../../vault/unlock.ts";
import type { AppEnv } from "../app-env.ts";
import { publicFault } from "../faults.ts";
import { holdBody } from "../hold-body.ts";
import { auditRoutes, projectAuditRoutes } from "./audit.tsx";
import { compareRoutes } from "./compare.tsx";
import { copyRoutes } from "./copy.ts";
import { exportRoutes } from "./export.tsx";
import { overwriteForm } from "./form.ts";
import { propsAnyway } from "./frame.ts";
import { requireForm, requirePasswordOrLoopback, requireSameOrigin } from "./guards.ts";
import { historyRoutes } from "./history.tsx";
import { importRoutes } from "./import.tsx";
import { MessagePage } from "./pages/message-page.tsx";
import { projectPath } from "./pages/paths.ts";
import { passOn } from "./pass-on.ts";
import { pointInTimeRoutes } from "./point-in-time.tsx";
import { projectRoutes } from "./projects.tsx";
import { rotationRoutes } from "./rotation.tsx";
import { secretRoutes } from "./secrets.tsx";
import { serviceTokenRoutes } from "./service-tokens.tsx";
import { loadSession, rememberWanted, SealedProjectError, tell, tellSealed } from "./session.ts";
import { signInRoutes } from "./sign-in.tsx";

/** Everything under `/admin`: pages for people, by session. Every page works without a script. */
export function createAdmin(maxBodyBytes: number) {
  return new Hono<AppEnv>({ strict: false })
    .onError(showError)
    .use(async (c, next) => {
      c.header("Cache-Control", "no-store");
      await next();
    })
    .use(requirePasswordOrLoopback)
    .use(passOn)
    .use(requireSameOrigin)
    .use(requireForm)
    .use(loadSession)
    .use(limitForms(maxBodyBytes))
    .use(overwriteForm)
    .get("/", (c) => c.redirect("/admin/projects", 302))
    .route("/", signInRoutes)
    .route("/audit", auditRoutes)
    .route("/projects", projectRoutes)
    .route("/projects/:id/audit", projectAuditRoutes)
    .route("/projects/:id/environments/:environment/secrets", secretRoutes)
    .route("/projects/:id/environments/:environment/secrets", historyRoutes)
    .route("/projects/:id/environments/:environment", pointInTimeRoutes)
    .route("/projects/:id/environments/:environment/copy", copyRoutes)
    .route("/projects/:id/environments/:environment/import", importRoutes)
    .route("/projects/:id/environments/:environment/export", exportRoutes)
    .route("/projects/:id/compare", compareRoutes)
    .route("/projects/:id/rotate", rotationRoutes)
    .route("/projects/:id/service-tokens", serviceTokenRoutes);
}

/** More than any form has that carries no secrets' values, in bytes. */
const smallForm = 64 * 1024;

/** Only the forms of an environment's secrets may be large. */
function limitForms(maxBodyBytes: number): MiddlewareHandler<AppEnv> {
  const limit = (maxSize: number) =>
    bodyLimit({
      maxSize,
      onError: () => {
        throw new SecretsflyError("too-large", `The form is larger than ${maxSize} bytes.`);
      },
    });
  const [large, small] = [every(limit(maxBodyBytes), holdBody(maxBodyBytes)), limit(smallForm)];
  return (c, next) => (/^\/admin\/projects\/\d+\/environments\//.test(c.req.path) ? large : small)(c, next);
}

/** A fault as a page. A sealed project leads to where it can be unsealed. */
export async function showError(error: Error, c: Context<AppEnv>): Promise<Response> {
  if (error instanceof SealedProjectError) {
    tellSealed(c);
    rememberWanted(c, error);
    return c.redirect(projectPath(error.projectId), 303);
  }
  if (error instanceof RotatedRootError) {
    // Rotated by another process, or while this request ran: what is held opens nothing any more.
    c.var.session?.keyring.seal(error.rootId);
    tell(c, c.req.method === "POST" ? "error" : "info", error.message);
    return c.redirect(projectPath(error.rootId), 303);
  }
  const { status, title, detail, retryAfter } = publicFault(c, error);
  if (retryAfter !== undefined) c.header("Retry-After", String(retryAfter));
  const page = (
    <MessagePage
      {...(await propsAnyway(c))}
      status={status}
      title={title}
      detail={detail}
      requestId={c.var.requestId}
    />
  );
  return c.html(page, status);
}
