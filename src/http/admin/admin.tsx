/** @jsxImportSource hono/jsx */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { csrf } from "hono/csrf";
import { SecretsflyError } from "../../errors.ts";
import type { AppEnv } from "../app-env.ts";
import { publicFault } from "../faults.ts";
import { pageProps } from "./frame.ts";
import { requireForm, requirePasswordOrLoopback } from "./guards.ts";
import { MessagePage } from "./pages/message-page.tsx";
import { projectPath } from "./pages/paths.ts";
import { projectRoutes } from "./projects.tsx";
import { secretRoutes } from "./secrets.tsx";
import { serviceTokenRoutes } from "./service-tokens.tsx";
import { loadSession, SealedProjectError, tell } from "./session.ts";
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
    .use(
      csrf({
        origin: (origin, c: Context<AppEnv>) =>
          origin === (c.var.config.PUBLIC_ORIGIN ?? new URL(c.req.url).origin),
      }),
    )
    .use(requireForm)
    .use(
      bodyLimit({
        maxSize: maxBodyBytes,
        onError: () => {
          throw new SecretsflyError("too-large", `The form is larger than ${maxBodyBytes} bytes.`);
        },
      }),
    )
    .use(loadSession)
    .get("/", (c) => c.redirect("/admin/projects", 302))
    .route("/", signInRoutes)
    .route("/projects", projectRoutes)
    .route("/projects/:id/environments/:environment/secrets", secretRoutes)
    .route("/projects/:id/service-tokens", serviceTokenRoutes);
}

/** A fault as a page. A sealed project leads to where it can be unsealed. */
export async function showError(error: Error, c: Context<AppEnv>): Promise<Response> {
  if (error instanceof SealedProjectError) {
    tell(c, "info", error.message);
    return c.redirect(projectPath(error.projectId), 303);
  }
  const { status, title, detail } = publicFault(c, error);
  const page = (
    <MessagePage
      {...(await pageProps(c))}
      status={status}
      title={title}
      detail={detail}
      requestId={c.var.requestId}
    />
  );
  return c.html(page, status);
}
