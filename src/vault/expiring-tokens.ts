import { and, count, gt, isNull, lte } from "drizzle-orm";
import { serviceTokens } from "../database/schema.ts";
import type { Vault } from "./vault.ts";

/**
 * How long before its end a service token is warned of, in milliseconds: two weeks, so that who looks once a week
 * sees it in time, and the new token can go out with the next release.
 */
const warningTime = 14 * 24 * 60 * 60 * 1000;

/** Whether a token is over by a moment, in milliseconds since the epoch: it is no longer good in that moment itself. */
export function isExpired({ expiresAt }: { expiresAt: number | null }, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}

/** Whether a token works and ends soon. */
export function endsSoon(
  token: { expiresAt: number | null; revokedAt: number | null },
  now: number,
): boolean {
  const { expiresAt, revokedAt } = token;
  return revokedAt === null && expiresAt !== null && !isExpired(token, now) && expiresAt <= now + warningTime;
}

/** How many service tokens of each project end soon, by the project's id; one without any is missing. */
export async function countExpiringTokens({ db, clock }: Vault): Promise<Map<number, number>> {
  const now = clock();
  const rows = await db
    .select({ projectId: serviceTokens.projectId, count: count() })
    .from(serviceTokens)
    .where(
      and(
        isNull(serviceTokens.revokedAt),
        gt(serviceTokens.expiresAt, now),
        lte(serviceTokens.expiresAt, now + warningTime),
      ),
    )
    .groupBy(serviceTokens.projectId);
  return new Map(rows.map(({ projectId, count: ending }) => [projectId, ending]));
}
