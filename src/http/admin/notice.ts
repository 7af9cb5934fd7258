import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { Flash } from "../../sessions/sessions.ts";
import type { AppEnv, Loss } from "../app-env.ts";

/** What a page of a sealed project leads to, in words. */
export const sealedNotice = "This project is sealed. Unseal it with its master key to go on.";
const again = "What you had unsealed was in its memory only. Sign in again, and unseal again what you need.";
const ended = `Your session is over, or the server that held it was restarted. ${again}`;
const gone = `The machine that held your session does not answer: it was stopped or replaced. ${again}`;
const nothingSaved = "Nothing was saved.";

/** What can be told to a browser without a session, by the word that its cookie holds meanwhile. */
const notices = {
  sealed: { kind: "info", text: sealedNotice },
  ended: { kind: "info", text: ended },
  "ended-unsaved": { kind: "error", text: `${nothingSaved} ${ended}` },
  gone: { kind: "info", text: gone },
  "gone-unsaved": { kind: "error", text: `${nothingSaved} ${gone}` },
} as const satisfies Record<string, Flash>;

type Notice = keyof typeof notices;

const noticeCookie = "secretsfly_notice";

/**
 * Leaves a message for the next page of a browser without a session, wherever that page is asked for. The cookie holds a
 * word of ours; a link from elsewhere must neither replace a session nor fill the memory with new ones.
 *
 * @param isSecure - whether the browser comes by https
 */
export function leaveNotice(c: Context<AppEnv>, notice: Notice, isSecure: boolean): void {
  setCookie(c, noticeCookie, notice, {
    ...placeOf(isSecure),
    httpOnly: true,
    sameSite: "Lax",
    maxAge: 60,
  });
}

/** The message that was left, once; undefined where there is none. */
export function takeNotice(c: Context<AppEnv>, isSecure: boolean): Flash | undefined {
  const notice = getCookie(c, noticeCookie);
  if (notice === undefined || !isNotice(notice)) return undefined;
  deleteCookie(c, noticeCookie, placeOf(isSecure));
  return notices[notice];
}

/** Why a session is not here, as a page tells it that is the answer itself. */
export function noticeOfLoss(loss: Loss): Flash {
  return notices[loss];
}

function isNotice(word: string): word is Notice {
  return Object.hasOwn(notices, word);
}

function placeOf(isSecure: boolean): { path: string; secure: boolean } {
  return { path: "/admin", secure: isSecure };
}
