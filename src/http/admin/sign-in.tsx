/** @jsxImportSource hono/jsx */
import { type Context, Hono } from "hono";
import { equalText } from "../../cryptography/hash.ts";
import { listProjects } from "../../vault/projects.ts";
import { record } from "../../vault/write.ts";
import type { AppEnv } from "../app-env.ts";
import { readForm } from "./form.ts";
import { answerForm } from "./form-fault.ts";
import { pageProps } from "./frame.ts";
import { tryPassword, welcome } from "./guessing.ts";
import { auditPath, projectsPath } from "./pages/paths.ts";
import { SignInPage } from "./pages/sign-in-page.tsx";
import { actorOf, endSession, giveSession, tell } from "./session.ts";

/**
 * Signing in with the admin password, and out; sealing all that the session has unsealed. Without a password there is
 * nothing to sign in to.
 */
export const signInRoutes = new Hono<AppEnv>({ strict: false })
  .get("/sign-in", async (c) => {
    if (!c.var.config.ADMIN_PASSWORD || c.var.session?.signedIn) return c.redirect("/admin/projects", 303);
    return c.html(<SignInPage {...(await pageProps(c))} />);
  })
  .post("/sign-in", async (c) => {
    const { ADMIN_PASSWORD } = c.var.config;
    if (!ADMIN_PASSWORD) return c.redirect("/admin/projects", 303);
    const password = (await readForm(c)).secret("password");
    return answerForm(
      () =>
        tryPassword(
          c,
          "password",
          () => equalText(password, ADMIN_PASSWORD),
          (right) => (right ? signIn(c) : refuse(c)),
        ),
      async (errors) => c.html(<SignInPage {...(await pageProps(c))} error={errors.password} />),
    );
  })
  .post("/sign-out", signOut)
  .post("/seal", sealEverything);

async function refuse(c: Context<AppEnv>): Promise<Response> {
  const { vault, address, requestId } = c.var;
  await record(vault, { id: "anonymous", address, requestId }, { action: "session.sign-in-refused" });
  return c.html(<SignInPage {...(await pageProps(c))} error="This is not the admin password." />, 401);
}

async function signIn(c: Context<AppEnv>): Promise<Response> {
  const { vault, sessions, address, requestId } = c.var;
  const begun = sessions.create(true);
  try {
    await record(
      vault,
      { id: `session:${begun.session.id}`, address, requestId },
      { action: "session.sign-in" },
    );
  } catch (error) {
    // What cannot be audited does not happen.
    sessions.end(begun.secret);
    throw error;
  }
  giveSession(c, begun);
  await welcome(c);
  return c.redirect("/admin/projects", 303);
}

async function signOut(c: Context<AppEnv>) {
  const actor = c.var.session && actorOf(c);
  // First, as with sealing: giving keys up must always be possible.
  endSession(c);
  if (actor) await record(c.var.vault, actor, { action: "session.sign-out" });
  return c.redirect(c.var.config.ADMIN_PASSWORD ? "/admin/sign-in" : "/admin/projects", 303);
}

async function sealEverything(c: Context<AppEnv>) {
  const { session, vault } = c.var;
  const held = session?.keyring.unsealed() ?? [];
  // First, as with signing out: giving keys up must always be possible.
  session?.keyring.sealAll();
  const names = new Map((await listProjects(vault)).map(({ id, name }) => [id, name]));
  const sealed = held.flatMap(({ rootId: id }) => {
    const name = names.get(id);
    return name === undefined ? [] : [{ action: "project.seal" as const, project: { id, name } }];
  });
  if (sealed.length > 0) await record(vault, actorOf(c), ...sealed);
  if (session) tell(c, "success", "Everything is sealed.");
  return c.redirect(whereFrom(c), 303);
}

/**
 * The page that a form was sent from, as far as it is one of ours and needs no key; of a page that does, the project's.
 * Only the path is taken from what the browser says, and only one that fits a route of ours.
 */
function whereFrom(c: Context<AppEnv>): string {
  const referer = URL.parse(c.req.header("Referer") ?? "");
  const ours = c.var.config.PUBLIC_ORIGIN ?? new URL(c.req.url).origin;
  const path = referer?.origin === ours ? referer.pathname : "";
  if (path === auditPath) return path;
  const [known] =
    /^\/admin\/projects\/[1-9]\d{0,14}(?:\/(?:service-tokens|audit)(?=\/?$))?(?=\/|$)/.exec(path) ?? [];
  return known ?? projectsPath;
}
