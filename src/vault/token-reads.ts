import { and, asc, desc, eq, gte, inArray, lt, or, type SQL, sql } from "drizzle-orm";
import { environments, projects, serviceTokenReads, serviceTokens } from "../database/schema.ts";
import type { AuditFilter } from "./audit-query.ts";
import { dayOf } from "./token-usage.ts";
import type { Vault } from "./vault.ts";

/** Whose reads, where and when: the part of an audit's filter that reads have. Days are whole ones, in UTC. */
type ReadsFilter = Pick<AuditFilter, "projectIds" | "environment" | "actor" | "from" | "until">;

interface ReadsOf {
  publicId: string;
  name: string;
  projectId: number;
  projectName: string;
  environment: string;
  reads: number;
  lastReadAt: number;
  lastAddress: string;
}

/** What one token read in a span. */
interface SummedReads extends ReadsOf {
  firstDay: number;
  lastDay: number;
}

/** What one token read on one day. */
interface ReadsOfDay extends ReadsOf {
  day: number;
}

function matches({ projectIds, environment, actor, from, until }: ReadsFilter): SQL | undefined {
  return and(
    projectIds && inArray(serviceTokens.projectId, [...projectIds]),
    environment === undefined ? undefined : eq(environments.name, environment),
    actor === undefined ? undefined : eq(sql`'service-token:' || ${serviceTokens.publicId}`, actor),
    from === undefined ? undefined : gte(serviceTokenReads.day, dayOf(from)),
    until === undefined ? undefined : lt(serviceTokenReads.day, dayOf(until - 1) + 1),
  );
}

const whose = {
  publicId: serviceTokens.publicId,
  name: serviceTokens.name,
  projectId: projects.id,
  projectName: projects.name,
  environment: environments.name,
};

/** The reads of a span by token, who read last first, and how many more tokens than `limit` have read. */
export async function sumReads(
  { db }: Vault,
  filter: ReadsFilter,
  limit: number,
): Promise<{ tokens: SummedReads[]; more: number }> {
  const lastDay = sql<number>`max(${serviceTokenReads.day})`;
  const rows = await db
    .select({
      ...whose,
      id: serviceTokens.id,
      reads: sql<number>`sum(${serviceTokenReads.reads})`,
      firstDay: sql<number>`min(${serviceTokenReads.day})`,
      lastDay,
      all: sql<number>`count(*) over ()`,
    })
    .from(serviceTokenReads)
    .innerJoin(serviceTokens, eq(serviceTokens.id, serviceTokenReads.serviceTokenId))
    .innerJoin(projects, eq(projects.id, serviceTokens.projectId))
    .innerJoin(environments, eq(environments.id, serviceTokens.environmentId))
    .where(matches(filter))
    .groupBy(serviceTokens.id)
    .orderBy(desc(lastDay), asc(serviceTokens.id))
    .limit(limit);
  const last = await lastReads(db, rows);
  const tokens = rows.map(({ id, all: _all, ...row }) => ({
    ...row,
    lastReadAt: last.get(id)?.lastReadAt ?? 0,
    lastAddress: last.get(id)?.lastAddress ?? "",
  }));
  return {
    tokens: tokens.toSorted((a, b) => b.lastReadAt - a.lastReadAt),
    more: Math.max(0, (rows[0]?.all ?? 0) - limit),
  };
}

/** What is stored of some tokens on a day of each. */
async function lastReads(db: Vault["db"], days: readonly { id: number; lastDay: number }[]) {
  if (days.length === 0) return new Map<number, typeof serviceTokenReads.$inferSelect>();
  const keys = days.map(({ id, lastDay }) =>
    and(eq(serviceTokenReads.serviceTokenId, id), eq(serviceTokenReads.day, lastDay)),
  );
  const rows = await db
    .select()
    .from(serviceTokenReads)
    .where(or(...keys));
  return new Map(rows.map((row) => [row.serviceTokenId, row]));
}

const portion = 1000;

/** The reads by token and day, in portions: all of a token's days, then the next token's. */
export async function* exportReads({ db }: Vault, filter: ReadsFilter): AsyncGenerator<ReadsOfDay[]> {
  let [token, day] = [0, 0];
  for (;;) {
    const rows = await db
      .select({
        ...whose,
        tokenId: serviceTokens.id,
        day: serviceTokenReads.day,
        reads: serviceTokenReads.reads,
        lastReadAt: serviceTokenReads.lastReadAt,
        lastAddress: serviceTokenReads.lastAddress,
      })
      .from(serviceTokenReads)
      .innerJoin(serviceTokens, eq(serviceTokens.id, serviceTokenReads.serviceTokenId))
      .innerJoin(projects, eq(projects.id, serviceTokens.projectId))
      .innerJoin(environments, eq(environments.id, serviceTokens.environmentId))
      .where(
        and(
          matches(filter),
          sql`(${serviceTokenReads.serviceTokenId}, ${serviceTokenReads.day}) > (${token}, ${day})`,
        ),
      )
      .orderBy(asc(serviceTokenReads.serviceTokenId), asc(serviceTokenReads.day))
      .limit(portion);
    yield rows.map(({ tokenId: _tokenId, ...row }) => row);
    const last = rows.at(-1);
    if (rows.length < portion || !last) return;
    [token, day] = [last.tokenId, last.day];
  }
}

/** The reads of each token of a project since a day, by the token's public id; one that read nothing is missing. */
export async function readsSince(
  { db }: Vault,
  projectId: number,
  day: number,
): Promise<Map<string, number>> {
  const rows = await db
    .select({ publicId: serviceTokens.publicId, reads: sql<number>`sum(${serviceTokenReads.reads})` })
    .from(serviceTokenReads)
    .innerJoin(serviceTokens, eq(serviceTokens.id, serviceTokenReads.serviceTokenId))
    .where(and(eq(serviceTokens.projectId, projectId), gte(serviceTokenReads.day, day)))
    .groupBy(serviceTokens.id);
  return new Map(rows.map(({ publicId, reads }) => [publicId, reads]));
}

/** The names of service tokens by their public ids; what is gone is missing. */
export async function tokenNames({ db }: Vault, publicIds: readonly string[]): Promise<Map<string, string>> {
  if (publicIds.length === 0) return new Map();
  const rows = await db
    .select({ publicId: serviceTokens.publicId, name: serviceTokens.name })
    .from(serviceTokens)
    .where(inArray(serviceTokens.publicId, [...publicIds]));
  return new Map(rows.map(({ publicId, name }) => [publicId, name]));
}
