import { and, eq, inArray, isNotNull, lte, notInArray, or, type SQL, sql } from "drizzle-orm";
import {
  environmentKeys,
  guards,
  projects,
  rootKeys,
  secrets,
  secretVersions,
  serviceTokens,
  stagedSeals,
  views,
} from "../database/schema.ts";
import type { Stage, StagedKind } from "./rotation-stage.ts";
import type { TokenPlan } from "./rotation-tokens.ts";
import { holdsSomething, isLiveAt, type SealedCounts } from "./sealed-rows.ts";
import type { Vault } from "./vault.ts";
import { chunks, type Statement } from "./write.ts";

/** Everything that puts what a rotation has staged in place of what was there, in one write. */
export interface Swap {
  stage: Stage;
  /** How much of each kind was staged, and verified. */
  staged: SealedCounts;
  tokens: TokenPlan;
  rootKey: typeof rootKeys.$inferSelect;
  /** When it was decided which tokens have expired. */
  now: number;
}

/** The statements of the swap, its guards first. By SQL alone: what is sealed does not pass through here again. */
export function swapStatements(vault: Vault, swap: Swap): Statement[] {
  const { db } = vault;
  const { stage } = swap;
  return [
    ...guardStatements(vault, swap),
    db
      .update(environmentKeys)
      .set({ sealedEnvironmentKey: first, generation: sql`${environmentKeys.generation} + 1` })
      .from(stagedSeals)
      .where(isStagedFor(stage, "environment-key")),
    db
      .update(secretVersions)
      .set({ sealedValue: first, sealedNote: second })
      .from(stagedSeals)
      .where(isStagedFor(stage, "version")),
    db
      .update(views)
      .set({ sealedSource: first, sealedBody: second })
      .from(stagedSeals)
      .where(isStagedFor(stage, "view")),
    ...tokenStatements(vault, swap),
    rootKeyStatement(vault, swap),
    db.delete(stagedSeals).where(eq(stagedSeals.rotation, stage.rotation)),
  ];
}

const first = sql`${stagedSeals.sealedFirst}`;
const second = sql`${stagedSeals.sealedSecond}`;

/** What a staged row and the row that it is for have in common. */
const sameRow: Record<StagedKind, SQL | undefined> = {
  "environment-key": and(
    eq(stagedSeals.firstId, environmentKeys.projectId),
    eq(stagedSeals.secondId, environmentKeys.environmentId),
  ),
  version: and(
    eq(stagedSeals.firstId, secretVersions.secretId),
    eq(stagedSeals.secondId, secretVersions.version),
  ),
  view: and(eq(stagedSeals.firstId, views.projectId), eq(stagedSeals.secondId, views.environmentId)),
  "service-token": and(eq(stagedSeals.firstId, serviceTokens.id), eq(stagedSeals.secondId, 0)),
};

function isStagedFor(stage: Stage, kind: StagedKind): SQL | undefined {
  return and(stage.isOf(kind), sameRow[kind]);
}

/**
 * Fails the write unless there is exactly one staged row for each row of the tree, and as many as were verified: whatever
 * another process has added, deleted, revoked or cleaned up meanwhile, there is no half of a rotation.
 */
function guardStatements(vault: Vault, { stage, staged, tokens, rootKey, now }: Swap): Statement[] {
  const { db } = vault;
  const inTree = db.select({ id: projects.id }).from(projects).where(eq(projects.rootId, rootKey.projectId));
  const inSecrets = db.select({ id: secrets.id }).from(secrets).where(inArray(secrets.projectId, inTree));
  const revoked = tokens.revoked.map(({ id }) => id);
  const isCarried = and(
    inArray(serviceTokens.projectId, inTree),
    isLiveAt(now),
    notInArray(serviceTokens.id, revoked),
  );
  return [
    guard(vault, stage, "environment-key", staged.environmentKeys, environmentKeys, {
      rows: inArray(environmentKeys.projectId, inTree),
    }),
    guard(vault, stage, "version", staged.versions, secretVersions, {
      rows: and(inArray(secretVersions.secretId, inSecrets), holdsSomething),
    }),
    guard(vault, stage, "view", staged.views, views, { rows: inArray(views.projectId, inTree) }),
    guard(vault, stage, "service-token", staged.serviceTokens, serviceTokens, { rows: isCarried }),
    db.delete(guards),
  ];
}

type StagedTable = typeof environmentKeys | typeof secretVersions | typeof views | typeof serviceTokens;

function guard(
  { db }: Vault,
  stage: Stage,
  kind: StagedKind,
  count: number,
  table: StagedTable,
  { rows }: { rows: SQL | undefined },
): Statement {
  const inStage = db.select({ count: sql`count(*)` }).from(stagedSeals).where(stage.isOf(kind));
  const matched = db
    .select({ holds: sql`count(*) = ${count} and count(${stagedSeals.rotation}) = ${count}` })
    .from(table)
    .leftJoin(stagedSeals, isStagedFor(stage, kind))
    .where(rows);
  return db.insert(guards).values({ held: sql`(${inStage}) = ${count} and (${matched})` });
}

function tokenStatements({ db }: Vault, { stage, tokens, rootKey, now }: Swap): Statement[] {
  const inTree = db.select({ id: projects.id }).from(projects).where(eq(projects.rootId, rootKey.projectId));
  // The environment keys have their new generation by then.
  const generation = db
    .select({ generation: environmentKeys.generation })
    .from(environmentKeys)
    .where(
      and(
        eq(environmentKeys.projectId, serviceTokens.projectId),
        eq(environmentKeys.environmentId, serviceTokens.environmentId),
      ),
    );
  const nothing = { sealedKey: new Uint8Array(0), sealedPublicKey: null };
  const revoked = tokens.revoked.map(({ id }) => id);
  return [
    db
      .update(serviceTokens)
      .set({ sealedKey: first, sealedPublicKey: second, generation: sql`(${generation})` })
      .from(stagedSeals)
      .where(isStagedFor(stage, "service-token")),
    ...chunks(revoked).map((ids) =>
      db
        .update(serviceTokens)
        .set({ ...nothing, revokedAt: now })
        .where(inArray(serviceTokens.id, ids)),
    ),
    // What is over gets no new key, and has no use for the old one.
    db
      .update(serviceTokens)
      .set(nothing)
      .where(
        and(
          inArray(serviceTokens.projectId, inTree),
          or(isNotNull(serviceTokens.revokedAt), lte(serviceTokens.expiresAt, now)),
        ),
      ),
  ];
}

function rootKeyStatement({ db }: Vault, { rootKey }: Swap): Statement {
  // The revision is the guard's.
  const { projectId, revision: _revision, ...columns } = rootKey;
  return db.update(rootKeys).set(columns).where(eq(rootKeys.projectId, projectId));
}
