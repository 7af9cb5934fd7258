import type { Context } from "hono";
import { type TypedMasterKey, wipeMasterKey } from "../../cryptography/master-key.ts";
import { SecretsflyError } from "../../errors.ts";
import type { Admitted, GuessLimit, Refused } from "../../sessions/guess-limit.ts";
import { type FailedAttempts, failedSinceLastSuccess, nameOf, type Tried } from "../../vault/attempts.ts";
import type { AuditEntry } from "../../vault/audit.ts";
import { openRoot, readMasterKey } from "../../vault/root-keys.ts";
import type { Actor } from "../../vault/vault.ts";
import type { AppEnv } from "../app-env.ts";
import { reportRefusal } from "../lock-out.ts";
import { momentText } from "./pages/components.tsx";
import { knownBrowser, rememberBrowser, tell } from "./session.ts";

const signIn: Tried = { what: "sign-in" };

/**
 * Looks whether what was typed is the admin password, where it may be tried now, and does `act` with the outcome.
 * What `act` could not do, such as tell the audit, leaves no trace of the outcome in the limits, either.
 * Throws what `act` throws; SecretsflyError `too-many-attempts` for `field`, with nothing compared.
 */
export async function tryPassword<T>(
  c: Context<AppEnv>,
  field: string,
  isRight: () => boolean,
  act: (right: boolean) => Promise<T>,
): Promise<T> {
  const attempt = await begin(c, c.var.guesses.signIn, signIn);
  if (!attempt.isAdmitted) throw await refusal(c, attempt, field, { action: "session.sign-in-limited" });
  try {
    const right = isRight();
    const result = await act(right);
    attempt.end(right ? "succeeded" : "failed");
    return result;
  } catch (error) {
    attempt.end("undecided");
    throw error;
  }
}

/** Tells who has just signed in of the attempts that failed before, and remembers the browser. */
export async function welcome(c: Context<AppEnv>): Promise<void> {
  rememberBrowser(c, nameOf(signIn));
  await tellFailures(c, c.var.guesses.signIn, signIn, {
    since: "the last sign-in",
    attempts: ["attempt to sign in", "attempts to sign in"],
  });
}

/** A master key as somebody typed it, and into which field. */
interface TypedKey {
  typed: TypedMasterKey;
  field: string;
}

/**
 * Does what needs the master key of a root project, where it may be tried now. A generated master key that opens the
 * root is let in whatever the limits say: nobody guesses 256 bits, and to look costs no Argon2id.
 * Throws what `act` throws; SecretsflyError `too-many-attempts` for the key's field, with `act` not called.
 */
export async function tryMasterKey<T>(
  c: Context<AppEnv>,
  project: { id: number; name: string },
  key: TypedKey,
  act: () => Promise<T>,
): Promise<T> {
  const tried: Tried = { what: "master-key", rootId: project.id };
  const attempt = await begin(c, c.var.guesses.masterKeys, tried);
  let result: T;
  if (attempt.isAdmitted) result = await conclude(attempt, key.field, act);
  else if (await isGeneratedKeyOf(c, project.id, key)) result = await act();
  else {
    const { id, name } = project;
    throw await refusal(c, attempt, key.field, {
      action: "project.unseal-limited",
      project: { id, name },
    });
  }
  rememberBrowser(c, nameOf(tried));
  return result;
}

/** Tells who has just unsealed a root project of the attempts at its master key that failed before. */
export function tellUnsealFailures(c: Context<AppEnv>, project: { id: number; name: string }): Promise<void> {
  const tried: Tried = { what: "master-key", rootId: project.id };
  return tellFailures(c, c.var.guesses.masterKeys, tried, {
    since: `${project.name} was last unsealed`,
    attempts: ["attempt at its master key", "attempts at its master key"],
  });
}

async function begin(c: Context<AppEnv>, limit: GuessLimit, tried: Tried): Promise<Admitted | Refused> {
  const { address, guesses } = c.var;
  const of = nameOf(tried);
  // Only asked where it decides: it is a query.
  const isTrusted = limit.isCrowded(of) && (await guesses.addresses.has(tried, address));
  return limit.begin({ of, address, browser: knownBrowser(c, of), isTrusted });
}

/** Ends an attempt as `act` ends: a fault of the key's own field means that the key was wrong. */
async function conclude<T>(attempt: Admitted, field: string, act: () => Promise<T>): Promise<T> {
  try {
    const result = await act();
    attempt.end("succeeded");
    return result;
  } catch (error) {
    const isWrong = error instanceof SecretsflyError && error.fields[field] !== undefined;
    attempt.end(isWrong ? "failed" : "undecided");
    throw error;
  }
}

async function isGeneratedKeyOf(
  c: Context<AppEnv>,
  rootId: number,
  { typed, field }: TypedKey,
): Promise<boolean> {
  try {
    const masterKey = readMasterKey(typed, field);
    wipeMasterKey(masterKey);
    if (masterKey.kind !== "generated") return false;
    await openRoot(c.var.vault, rootId, typed, field, guesser(c));
    return true;
  } catch (error) {
    if (error instanceof SecretsflyError) return false;
    throw error;
  }
}

/** Without a session of its own: what is refused must not begin one. */
function guesser(c: Context<AppEnv>): Actor {
  const { session, address, requestId } = c.var;
  return { id: session ? `session:${session.id}` : "anonymous", address, requestId };
}

async function refusal(
  c: Context<AppEnv>,
  refused: Refused,
  field: string,
  entry: AuditEntry,
): Promise<SecretsflyError> {
  await reportRefusal(c, refused, guesser(c), entry);
  const message = `Too many attempts have failed. Try again in ${inWords(refused.retryAfter)}.`;
  return new SecretsflyError("too-many-attempts", message, { [field]: message }, refused.retryAfter);
}

function inWords(seconds: number): string {
  if (seconds === 1) return "a second";
  return seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}

interface Words {
  since: string;
  attempts: readonly [one: string, several: string];
}

async function tellFailures(
  c: Context<AppEnv>,
  limit: GuessLimit,
  tried: Tried,
  words: Words,
): Promise<void> {
  const { vault, requestId, address } = c.var;
  const written = await failedSinceLastSuccess(vault.db, tried, requestId);
  const failed = together(written, limit.takeUnwritten(nameOf(tried)));
  if (!failed) return;
  // A slip of one's own is no news.
  const isOwn = failed.count < 3 && [...failed.addresses].every((other) => other === address);
  tell(c, isOwn ? "info" : "error", failureSentence(failed, words));
}

function together(
  written: FailedAttempts | undefined,
  unwritten: FailedAttempts | undefined,
): FailedAttempts | undefined {
  if (!written || !unwritten) return written ?? unwritten;
  const { lastAt, lastAddress } = unwritten.lastAt >= written.lastAt ? unwritten : written;
  const addresses = written.addresses.union(unwritten.addresses);
  return { count: written.count + unwritten.count, lastAt, lastAddress, addresses };
}

function failureSentence({ count, lastAt, lastAddress, addresses }: FailedAttempts, words: Words): string {
  const [one, several] = words.attempts;
  const what = count === 1 ? `1 ${one} failed, on` : `${count} ${several} failed, the last on`;
  const from = lastAddress === "unknown" ? "an unknown address" : lastAddress;
  const others = addresses.size - 1;
  const more = others === 0 ? "" : `, others from ${others} more ${others === 1 ? "address" : "addresses"}`;
  return `Since ${words.since}, ${what} ${momentText(lastAt)} from ${from}${more}.`;
}
