import { and, asc, desc, eq, gte, lt, lte, sql } from "drizzle-orm";
import { secrets, secretVersions } from "../database/schema.ts";
import type { WritableEnvironment } from "./unlock.ts";
import type { Vault } from "./vault.ts";

/** What somebody changed in a project × environment at one moment, which is one write. */
export interface Moment {
  at: number;
  /** `session:<id>` or `service-token:<id>`. */
  by: string;
  set: NamedSecrets;
  deleted: NamedSecrets;
}

interface NamedSecrets {
  /** The first of them, sorted. */
  names: string[];
  /** How many there are. */
  count: number;
}

/** A part of an environment's history, newest first. */
export interface Timeline {
  moments: Moment[];
  /** Where the older ones begin: what to ask for as `before`; undefined where these are the oldest. */
  olderBefore: number | undefined;
}

/** As many moments as are listed at once, and as many names of one. */
const pageSize = 100;
const namesOfMoment = 10;

/** What changed among the own secrets of a project × environment, before `before` where that is given. */
export async function listMoments(
  vault: Vault,
  place: WritableEnvironment,
  before?: number,
): Promise<Timeline> {
  const { db } = vault;
  const { createdAt, createdBy } = secretVersions;
  const isHere = and(eq(secrets.projectId, place.projectId), eq(secrets.environmentId, place.environment.id));
  const found = await db
    .select({ at: createdAt, by: createdBy })
    .from(secretVersions)
    .innerJoin(secrets, eq(secrets.id, secretVersions.secretId))
    .where(and(isHere, before === undefined ? undefined : lt(createdAt, before)))
    .groupBy(createdAt, createdBy)
    .orderBy(desc(createdAt), desc(createdBy))
    .limit(pageSize + 1);
  const page = wholeMoments(found);
  const [newest, oldest] = [page[0]?.at, page.at(-1)?.at];
  if (newest === undefined || oldest === undefined) return { moments: [], olderBefore: undefined };
  const isDeletion = sql<number>`${secretVersions.sealedValue} is null`;
  const changes = db
    .select({
      at: createdAt,
      by: createdBy,
      name: secrets.name,
      isDeletion: isDeletion.as("is_deletion"),
      place:
        sql<number>`row_number() over (partition by ${createdAt}, ${createdBy}, ${isDeletion} order by ${secrets.name})`.as(
          "place",
        ),
      count: sql<number>`count(*) over (partition by ${createdAt}, ${createdBy}, ${isDeletion})`.as("count"),
    })
    .from(secretVersions)
    .innerJoin(secrets, eq(secrets.id, secretVersions.secretId))
    .where(and(isHere, gte(createdAt, oldest), lte(createdAt, newest)))
    // A secret that was set twice within the millisecond is one.
    .groupBy(createdAt, createdBy, secrets.id, isDeletion)
    .as("changes");
  const rows = await db
    .select()
    .from(changes)
    .where(lte(changes.place, namesOfMoment))
    .orderBy(asc(changes.place));
  const byMoment = Map.groupBy(rows, ({ at, by }) => `${at} ${by}`);
  return {
    moments: page.map(({ at, by }) => {
      const named = byMoment.get(`${at} ${by}`) ?? [];
      return { at, by, set: namesOf(named, 0), deleted: namesOf(named, 1) };
    }),
    olderBefore: page.length < found.length ? oldest : undefined,
  };
}

/** A page of moments that ends between two milliseconds: the next one begins before the last of these. */
function wholeMoments<M extends { at: number }>(found: readonly M[]): readonly M[] {
  if (found.length <= pageSize) return found;
  const next = found.at(-1)?.at;
  const whole = found.filter(({ at }) => at !== next);
  return whole.length > 0 ? whole : found.slice(0, pageSize);
}

function namesOf(
  rows: readonly { name: string; isDeletion: number; count: number }[],
  isDeletion: number,
): NamedSecrets {
  const chosen = rows.filter((row) => row.isDeletion === isDeletion);
  return { names: chosen.map(({ name }) => name), count: chosen[0]?.count ?? 0 };
}
