/** @jsxImportSource hono/jsx */
import { type Context, Hono } from "hono";
import { equalText } from "../../cryptography/hash.ts";
import { record } from "../../vault/write.ts";
import type { AppEnv } from "../app-env.ts";
import { readForm } from "./form.ts";
import { pageProps } from "./frame.ts";
import { SignInPage } from "./pages/sign-in-page.tsx";
import { actorOf, endSession, giveSession } from "./session.ts";

/** Signing in with the admin password, and out. Without a password there is nothing to sign in to. */
export const signInRoutes = new Hono<AppEnv>({ strict: false })
  .get("/sign-in", async (c) => {
    if (!c.var.config.ADMIN_PASSWORD || c.var.session?.signedIn) return c.redirect("/admin/projects", 303);
    return c.html(<SignInPage {...(await pageProps(c))} />);
  })
  .post("/sign-in", async (c) => {
    const { config, vault, sessions, address, requestId } = c.var;
    if (!config.ADMIN_PASSWORD) return c.redirect("/admin/projects", 303);
    const password = (await readForm(c)).text("password");
    if (!equalText(password, config.ADMIN_PASSWORD)) {
      await record(vault, { id: "anonymous", address, requestId }, { action: "session.sign-in-refused" });
      return c.html(<SignInPage {...(await pageProps(c))} error="This is not the admin password." />, 401);
    }
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
    return c.redirect("/admin/projects", 303);
  })
  .post("/sign-out", signOut);

async function signOut(c: Context<AppEnv>) {
  const actor = c.var.session && actorOf(c);
  // First, as with sealing: giving keys up must always be possible.
  endSession(c);
  if (actor) await record(c.var.vault, actor, { action: "session.sign-out" });
  return c.redirect(c.var.config.ADMIN_PASSWORD ? "/admin/sign-in" : "/admin/projects", 303);
}
