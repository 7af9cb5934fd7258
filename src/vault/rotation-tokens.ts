import { asc, eq } from "drizzle-orm";
import { type Bytes, wipe } from "../cryptography/bytes.ts";
import { deriveViewKey } from "../cryptography/environment-key.ts";
import { type SealTarget, sealToServiceToken } from "../cryptography/service-token.ts";
import { environments, projects, serviceTokens } from "../database/schema.ts";
import { invalid, SecretsflyError } from "../errors.ts";
import type { SealedPair, TokenRow } from "./sealed-rows.ts";
import { isFormer, openTokenRecord, sealTokenRecord } from "./token-record.ts";
import { serviceTokenContext } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import type { OpenPlace } from "./views.ts";

/** A service token of a tree that a rotation may carry over. */
export interface LiveToken extends TokenRow {
  projectName: string;
  environment: string;
  lastUsedAt: number | null;
}

/** The tokens of a tree that are neither revoked nor expired at `now`, oldest first. */
export async function liveTokens(vault: Vault, rootId: number, now: number): Promise<LiveToken[]> {
  const rows = await allTokens(vault, rootId);
  return rows
    .filter(({ token }) => isLive(token, now))
    .map(({ token, projectName, environment }) => ({ ...token, projectName, environment }));
}

function isLive({ revokedAt, expiresAt }: typeof serviceTokens.$inferSelect, now: number): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now);
}

function allTokens(vault: Vault, rootId: number) {
  return vault.db
    .select({ token: serviceTokens, projectName: projects.name, environment: environments.name })
    .from(serviceTokens)
    .innerJoin(projects, eq(projects.id, serviceTokens.projectId))
    .innerJoin(environments, eq(environments.id, serviceTokens.environmentId))
    .where(eq(projects.rootId, rootId))
    .orderBy(asc(serviceTokens.id));
}

/** What a rotation does with the tokens of its tree; those that are neither carried over nor revoked have expired. */
export interface TokenPlan {
  carried: TokenRow[];
  /** Chosen, or made before there were records with a pre-shared key. */
  revoked: (TokenRow & { environment: string })[];
  /** Of those, the ones that nobody chose and that have a record of the former kind, if their rows say the truth. */
  former: TokenRow[];
}

/** Throws SecretsflyError `invalid` for `revoke` where it names a token that is not of this tree. */
export async function planTokens(
  vault: Vault,
  rootId: number,
  revoke: readonly number[],
  now: number,
): Promise<TokenPlan> {
  const rows = await allTokens(vault, rootId);
  const chosen = new Set(revoke);
  const known = new Set(rows.map(({ token }) => token.id));
  if (!chosen.isSubsetOf(known))
    throw invalid("revoke", "A service token that was to be revoked is not of this project or one below it.");
  const plan: TokenPlan = { carried: [], revoked: [], former: [] };
  for (const { token, environment } of rows.filter(({ token }) => token.revokedAt === null)) {
    const isChosen = chosen.has(token.id);
    const isLost = !isChosen && isLive(token, now) && isFormer(token);
    if (isChosen || isLost) plan.revoked.push({ ...token, environment });
    else if (isLive(token, now)) plan.carried.push(token);
    if (isLost && token.sealedPublicKey) plan.former.push(token);
  }
  return plan;
}

/**
 * What the new keys of a token are sealed to, as it was sealed when the token was made.
 * Throws SecretsflyError `invalid` where it does not open, or is not what the row says.
 */
export async function openTarget(place: OpenPlace, token: TokenRow): Promise<SealTarget> {
  const record = await openTokenRecord(place, token).catch(() => undefined);
  if (record?.target && !record.differs) return record.target;
  throw editedToken(token);
}

/** Throws SecretsflyError `invalid` for a token that only looks as if it had a record of the former kind. */
export async function requireFormer(place: OpenPlace, token: TokenRow): Promise<void> {
  const record = await openTokenRecord(place, token).catch(() => undefined);
  if (!record || record.target || record.differs) throw editedToken(token);
}

/** A token whose row does not fit what it was made with. */
export function editedToken({ name }: TokenRow): SecretsflyError {
  const message = `The row of the service token ${name} was changed outside of secretsfly: its keys, its rights or its place are not those it was made with. Nothing was changed. Revoke it in the same step to go on without it.`;
  return new SecretsflyError("invalid", message, { revoke: message });
}

/** The new key sealed to the token, and its record sealed under the new value key. `raw` is the new environment key. */
export async function sealForToken(
  vault: Vault,
  fresh: OpenPlace,
  raw: Bytes,
  token: TokenRow,
  target: SealTarget,
): Promise<SealedPair> {
  const key = token.rights === "write" ? raw.slice() : deriveViewKey(raw);
  try {
    const context = serviceTokenContext(token.publicId, { ...fresh, rights: token.rights });
    const sealedKey = await sealToServiceToken(target, key, context);
    return [sealedKey, await sealTokenRecord(vault, fresh, token, target, sealedKey)];
  } finally {
    wipe(key);
  }
}
