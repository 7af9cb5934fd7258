import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import { SecretsflyError } from "../../errors.ts";
import { knownFor } from "../../sessions/known-browsers.ts";
import { machineOf } from "../../sessions/machines.ts";
import type { Flash, NewSession, Session } from "../../sessions/sessions.ts";
import { actAs, type UnlockedRoot } from "../../vault/unlock.ts";
import type { Actor } from "../../vault/vault.ts";
import type { AppEnv } from "../app-env.ts";
import { leaveNotice, noticeOfLoss, sealedNotice, takeNotice } from "./notice.ts";
import { projectPath } from "./pages/paths.ts";

/** `__Host-`: a browser accepts it over TLS only, and from no sibling domain. */
function cookieName(c: Context<AppEnv>, what: "session" | "browser" = "session"): string {
  return isSecure(c) ? `__Host-secretsfly_${what}` : `secretsfly_${what}`;
}

function isSecure(c: Context<AppEnv>): boolean {
  return c.var.config.PUBLIC_ORIGIN?.startsWith("https:") ?? false;
}

/** Cookies know no ports: without TLS, other servers on this host are sent only what has their path. */
function cookiePath(c: Context<AppEnv>): string {
  return isSecure(c) ? "/" : "/admin";
}

/** The value of the session's cookie, as the browser has sent it; undefined for none. */
function sentCookie(c: Context<AppEnv>): string | undefined {
  return getCookie(c, cookieName(c)) || undefined;
}

/** The machine that the request's session is on, by its cookie; undefined where that is this one, or none is named. */
export function machineElsewhere(c: Context<AppEnv>): string | undefined {
  const { MACHINE_ID } = c.var.config;
  const machine = MACHINE_ID && machineOf(sentCookie(c) ?? "");
  return machine === MACHINE_ID ? undefined : machine;
}

/** Finds the session of the request's cookie, and without a signed-in one leads to the sign-in page where a password is set. */
export const loadSession = createMiddleware<AppEnv>(async (c, next) => {
  const { config, sessions } = c.var;
  const cookie = sentCookie(c);
  // Found by all of it: the secret of a session under another machine's name is nobody's.
  const session = cookie === undefined ? undefined : sessions.find(cookie);
  c.set("session", session);
  if (config.ADMIN_PASSWORD && cookie !== undefined && !session)
    c.set("loss", machineElsewhere(c) === undefined ? "ended" : "gone");
  const isOpen =
    !config.ADMIN_PASSWORD || session?.signedIn || c.req.path.replace(/\/$/, "") === "/admin/sign-in";
  if (!isOpen) return leadToSignIn(c);
  await next();
});

/** What gives up a session or its keys: who has lost them already has nothing to be sorry for. */
const givesUp = /^\/admin\/(?:sign-out|seal)\/?$/;

/** The way to the sign-in page, which tells of a session that was lost. */
function leadToSignIn(c: Context<AppEnv>): Response {
  const { loss } = c.var;
  if (loss) {
    const isRefused = c.req.method === "POST" && !givesUp.test(c.req.path);
    leaveNotice(c, isRefused ? `${loss}-unsaved` : loss, isSecure(c));
    forgetCookie(c);
  }
  return c.redirect("/admin/sign-in", 303);
}

/** Has the browser forget its session's cookie. */
export function forgetCookie(c: Context<AppEnv>): void {
  deleteCookie(c, cookieName(c), { path: cookiePath(c), secure: isSecure(c) });
}

/** Gives the browser a session, in place of the one there may be, so that nobody can plant one before the sign-in. */
export function giveSession(c: Context<AppEnv>, { session, secret }: NewSession): Session {
  const former = sentCookie(c);
  if (former !== undefined) c.var.sessions.end(former);
  setOurs(c, "session", secret, c.var.config.ADMIN_SESSION_EXPIRATION);
  c.set("session", session);
  return session;
}

/** @param maxAge in seconds */
function setOurs(c: Context<AppEnv>, what: "session" | "browser", value: string, maxAge: number): void {
  setCookie(c, cookieName(c, what), value, {
    path: cookiePath(c),
    httpOnly: true,
    sameSite: "Strict",
    secure: isSecure(c),
    maxAge,
  });
}

/** What a browser that has succeeded with this is called among the limits of guessing; undefined for any other. */
export function knownBrowser(c: Context<AppEnv>, of: string): string | undefined {
  return c.var.guesses.browsers.find(getCookie(c, cookieName(c, "browser")), of);
}

/** Remembers that this browser has succeeded with this: others' guesses then do not keep it out. */
export function rememberBrowser(c: Context<AppEnv>, of: string): void {
  const secret = c.var.guesses.browsers.remember(getCookie(c, cookieName(c, "browser")), of);
  setOurs(c, "browser", secret, knownFor / 1000);
}

/** Forgets the request's session and all it has unsealed. */
export function endSession(c: Context<AppEnv>): void {
  const secret = sentCookie(c);
  if (secret === undefined) return;
  c.var.sessions.end(secret);
  forgetCookie(c);
  c.set("session", undefined);
}

/** The request's session; without a password one begins when there is first something to remember. */
export function currentSession(c: Context<AppEnv>): Session {
  return c.var.session ?? giveSession(c, c.var.sessions.create(false));
}

/** Who acts, for versions and the audit. */
export function actorOf(c: Context<AppEnv>): Actor {
  const { address, requestId } = c.var;
  return { id: `session:${currentSession(c).id}`, address, requestId };
}

/** More than one page should begin with: a script that posts forms never reads any. */
const maxFlashes = 5;

/** Leaves a message for the session's next page. */
export function tell(c: Context<AppEnv>, kind: Flash["kind"], text: string, link?: Flash["link"]): void {
  const { flashes } = currentSession(c);
  flashes.push({ kind, text, ...(link && { link }) });
  flashes.splice(0, flashes.length - maxFlashes);
}

/** A page that needs a key which this session does not hold: it leads to the project, to unseal it. */
export class SealedProjectError extends SecretsflyError {
  constructor(
    readonly projectId: number,
    readonly rootId: number,
  ) {
    super("sealed", sealedNotice);
  }
}

/** How long an unseal still leads to the page that was asked for, in milliseconds: later it would surprise. */
const wantedFor = 10 * 60 * 1000;

/** What makes a page show or send values by itself: nobody is shown any for having typed a master key. */
const unaskedFor = ["decrypt", "format"];

/**
 * Remembers a page of a sealed project, for `takeWanted`. Its address is that of this very request, which a route of
 * ours has answered; it is in the session's memory, and a browser without a session has none.
 */
export function rememberWanted(c: Context<AppEnv>, { projectId, rootId }: SealedProjectError): void {
  const { session, vault } = c.var;
  const { pathname, searchParams } = new URL(c.req.url);
  if (!session || c.req.method !== "GET" || !pathname.startsWith(`${projectPath(projectId)}/`)) return;
  for (const name of unaskedFor) searchParams.delete(name);
  const query = searchParams.size > 0 ? `?${searchParams}` : "";
  session.wanted = { rootId, path: pathname + query, at: vault.clock() };
}

/** The page of this root's tree that was asked for while it was sealed, once. */
export function takeWanted(c: Context<AppEnv>, rootId: number): string | undefined {
  const { session, vault } = c.var;
  const wanted = session?.wanted;
  if (!session || wanted?.rootId !== rootId) return undefined;
  session.wanted = undefined;
  return vault.clock() - wanted.at < wantedFor ? wanted.path : undefined;
}

const nothingSaved = `Nothing was saved. ${sealedNotice}`;

/** Tells the next page that a project is sealed; that of a browser without a session by a cookie that says so. */
export function tellSealed(c: Context<AppEnv>): void {
  const isRefused = c.req.method === "POST";
  if (c.var.session) tell(c, isRefused ? "error" : "info", isRefused ? nothingSaved : sealedNotice);
  else leaveNotice(c, "sealed", isSecure(c));
}

/** What is to be told on this page; each is told once. */
export function takeFlashes(c: Context<AppEnv>): Flash[] {
  const { session, loss } = c.var;
  const notice = takeNotice(c, isSecure(c));
  if (session) return session.flashes.splice(0);
  if (loss) forgetCookie(c);
  return notice ? [notice] : loss ? [noticeOfLoss(loss)] : [];
}

/** The capability that this session holds for a project's tree. Throws SealedProjectError. */
export function requireUnsealed(c: Context<AppEnv>, project: { id: number; rootId: number }): UnlockedRoot {
  const root = c.var.session?.keyring.get(project.rootId);
  if (!root) throw new SealedProjectError(project.id, project.rootId);
  // The key was unsealed by an earlier request; what is done with it now is this one's.
  return actAs(root, actorOf(c));
}

/** All capabilities that this session holds, for what is told of more than one tree. */
export function unsealedRoots(c: Context<AppEnv>): UnlockedRoot[] {
  const keyring = c.var.session?.keyring;
  return keyring?.unsealed().flatMap(({ rootId }) => keyring.get(rootId) ?? []) ?? [];
}
