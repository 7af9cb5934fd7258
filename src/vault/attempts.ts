import { and, desc, eq, gt, inArray, ne, type SQL, sql } from "drizzle-orm";
import type { Database } from "../database/connect.ts";
import { auditEvents } from "../database/schema.ts";
import type { AuditAction } from "./audit.ts";

/** What somebody tried: the admin password, or the master key of a root project. */
export type Tried = { what: "sign-in" } | { what: "master-key"; rootId: number };

/** Attempts that failed: how many, when and from where the last one was, and all addresses as far as they were kept. */
export interface FailedAttempts {
  count: number;
  /** In milliseconds since the epoch. */
  lastAt: number;
  lastAddress: string;
  addresses: ReadonlySet<string>;
}

/** What was tried, as one text: `sign-in`, or the id of the root. */
export function nameOf(tried: Tried): string {
  return tried.what === "sign-in" ? tried.what : String(tried.rootId);
}

/** What proves that somebody knows it, what tells of failures to whoever did it, and what is a failure. */
interface Outcomes {
  proof: AuditAction[];
  told: AuditAction;
  failure: AuditAction[];
}

const outcomes: Readonly<Record<Tried["what"], Outcomes>> = {
  "sign-in": { proof: ["session.sign-in"], told: "session.sign-in", failure: ["session.sign-in-refused"] },
  "master-key": {
    proof: ["project.unseal", "project.create", "master-key.rotate"],
    told: "project.unseal",
    failure: ["project.unseal-refused", "master-key.rotate-refused"],
  },
};

/** How many events are looked at, at the most: about 60 ms. */
const window = 200_000;
const mostAddresses = 1000;

/** Events of what was tried, with one of these actions, among the newest. */
function newest(tried: Tried, actions: readonly AuditAction[]): SQL | undefined {
  return and(
    sql`${auditEvents.id} > (select coalesce(max(${auditEvents.id}), 0) from ${auditEvents}) - ${window}`,
    tried.what === "master-key" ? eq(auditEvents.projectId, tried.rootId) : undefined,
    inArray(auditEvents.action, [...actions]),
  );
}

/**
 * The attempts that failed since the success before this one; undefined where there were none.
 *
 * @param requestId the request that has just succeeded: its own event does not count
 */
export async function failedSinceLastSuccess(
  db: Database,
  tried: Tried,
  requestId: string,
): Promise<FailedAttempts | undefined> {
  const { told, failure } = outcomes[tried.what];
  const last = await db
    .select({ id: auditEvents.id })
    .from(auditEvents)
    .where(and(newest(tried, [told]), ne(auditEvents.requestId, requestId)))
    .orderBy(desc(auditEvents.id))
    .limit(1);
  const rows = await db
    .select({
      count: sql<number>`count(*)`,
      lastId: sql<number>`max(${auditEvents.id})`,
      // SQLite takes it from the row that has the highest id.
      lastAt: auditEvents.at,
      address: auditEvents.address,
    })
    .from(auditEvents)
    .where(and(newest(tried, failure), gt(auditEvents.id, last[0]?.id ?? 0)))
    .groupBy(auditEvents.address)
    .orderBy(desc(sql`max(${auditEvents.id})`))
    .limit(mostAddresses);
  const [newestOne] = rows;
  if (!newestOne) return undefined;
  return {
    count: rows.reduce((sum, { count }) => sum + count, 0),
    lastAt: newestOne.lastAt,
    lastAddress: newestOne.address,
    addresses: new Set(rows.map(({ address }) => address)),
  };
}

/** The addresses from which somebody has succeeded since a moment, in milliseconds since the epoch; the newest ones. */
export async function addressesOfSuccess(db: Database, tried: Tried, since: number): Promise<string[]> {
  const rows = await db
    .select({ address: auditEvents.address })
    .from(auditEvents)
    // `+`: by the ids from the newest on, which have an order; the times are an index of their own.
    .where(and(newest(tried, outcomes[tried.what].proof), sql`+${auditEvents.at} > ${since}`))
    .groupBy(auditEvents.address)
    .orderBy(desc(sql`max(${auditEvents.id})`))
    .limit(mostAddresses);
  return rows.map(({ address }) => address);
}
