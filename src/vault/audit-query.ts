import { and, asc, desc, eq, getTableColumns, gt, gte, inArray, lt, lte, type SQL, sql } from "drizzle-orm";
import { auditEvents, environments, projects, rootKeys } from "../database/schema.ts";
import { type AuditAction, type AuditEvent, auditActions } from "./audit.ts";
import type { UnlockedRoot } from "./unlock.ts";
import type { Vault } from "./vault.ts";

/** Which events are asked for. What is not given is not looked at. */
export interface AuditFilter {
  /** Events of these projects. */
  projectIds?: readonly number[];
  environment?: string;
  /** As it is stored: `session:<id>`, `service-token:<public id>` or a word. */
  actor?: string;
  action?: AuditAction;
  /** From this moment on, and before that one; milliseconds since the epoch. */
  from?: number;
  until?: number;
  /** A part of the name, in any case. */
  name?: string;
}

/** An event as it may be shown to a session. */
export interface ToldEvent extends AuditEvent {
  /** The name is a secret's whose root is sealed for the reader: it is null here. */
  hidden: boolean;
  /** Its project is still there. */
  projectExists: boolean;
}

/** The actions whose `name` is a secret's. */
const secretActions = auditActions.filter((action) => action.startsWith("secret."));

/**
 * How many events one request may look at, so that a filter that matches little cannot hold up the server: about
 * 60 ms. The page that finds too few says where to go on.
 */
const window = 200_000;

/**
 * True where an event's name may be told to who holds `roots`: it is no secret's, or that secret's project is in
 * one of their trees. A project that was deleted is in nobody's, and a key that was rotated away opens no tree.
 */
function isTold(roots: readonly UnlockedRoot[]): SQL<number> {
  const held = roots.map(({ rootId, generation }) => sql`(${rootId}, ${generation})`);
  const isHeld =
    held.length === 0
      ? sql`false`
      : sql`(${rootKeys.projectId}, ${rootKeys.generation}) in (values ${sql.join(held, sql`, `)})`;
  const open = sql`select ${projects.id} from ${projects}
    inner join ${rootKeys} on ${rootKeys.projectId} = ${projects.rootId} where ${isHeld}`;
  return sql`(${auditEvents.action} not in ${secretActions} or coalesce(${auditEvents.projectId} in (${open}), 0))`;
}

/**
 * `+` keeps SQLite from an index, where walking along the ids finds the newest sooner. One project's events are
 * few: they have an index in the order of the ids.
 */
function matches(filter: AuditFilter, roots: readonly UnlockedRoot[]): SQL | undefined {
  const { projectIds, environment, actor, action, from, until, name } = filter;
  const [only, ...others] = projectIds ?? [];
  const inProjects = others.length > 0 || only === undefined ? undefined : eq(auditEvents.projectId, only);
  return and(
    inProjects ?? (projectIds && sql`+${inArray(auditEvents.projectId, [...projectIds])}`),
    environment === undefined ? undefined : eq(auditEvents.environment, environment),
    actor === undefined ? undefined : eq(auditEvents.actor, actor),
    action === undefined ? undefined : eq(auditEvents.action, action),
    from === undefined ? undefined : sql`+${auditEvents.at} >= ${from}`,
    until === undefined ? undefined : sql`+${auditEvents.at} < ${until}`,
    // Only among the names that may be told: what is found must not tell of the others.
    name === undefined
      ? undefined
      : and(sql`instr(lower(${auditEvents.name}), lower(${name})) > 0`, isTold(roots)),
  );
}

function selectEvents({ db }: Vault, roots: readonly UnlockedRoot[]) {
  const told = isTold(roots);
  return db
    .select({
      ...getTableColumns(auditEvents),
      name: sql<string | null>`case when ${told} then ${auditEvents.name} end`,
      hidden: sql<number>`${auditEvents.name} is not null and not ${told}`,
      existingId: projects.id,
    })
    .from(auditEvents)
    .leftJoin(projects, eq(projects.id, auditEvents.projectId))
    .$dynamic();
}

type Row = Awaited<ReturnType<typeof selectEvents>>[number];

function toldEvent({ existingId, hidden, ...event }: Row): ToldEvent {
  return { ...event, hidden: hidden === 1, projectExists: existingId !== null };
}

/** One page of events and where the older ones begin. */
interface AuditPage {
  events: ToldEvent[];
  /** Events below this id are the next page; null: there are none. */
  older: number | null;
  /** False where the search ended before the page was full or the events were over. */
  complete: boolean;
}

/**
 * The newest `limit` events that match, below the id `before`. Pages are stable: an event's id never changes, and
 * new ones come before the first page.
 *
 * @param roots - what the reader has unsealed: other secrets' names are neither told nor searched
 */
export async function readAuditPage(
  vault: Vault,
  roots: readonly UnlockedRoot[],
  filter: AuditFilter,
  { before, limit }: { before?: number | undefined; limit: number },
): Promise<AuditPage> {
  const [head] = await vault.db
    .select({ id: sql<number>`coalesce(max(${auditEvents.id}), 0)` })
    .from(auditEvents);
  const end = Math.min(before ?? Number.MAX_SAFE_INTEGER, (head?.id ?? 0) + 1);
  const start = Math.max(1, end - window);
  const inWindow = and(gte(auditEvents.id, start), lt(auditEvents.id, end));
  const rows = await selectEvents(vault, roots)
    .where(and(inWindow, matches(filter, roots)))
    .orderBy(desc(auditEvents.id))
    .limit(limit + 1);
  const events = rows.slice(0, limit).map(toldEvent);
  if (rows.length > limit) return { events, older: events.at(-1)?.id ?? null, complete: true };
  return { events, older: start > 1 ? start : null, complete: start === 1 };
}

/** How many events are read at a time for an export. */
const portion = 1000;

/**
 * All events that match, oldest first, in portions, up to the newest there was at the start. A hash is told only
 * of the events before the first one that hides its name: with it, and the hashes from there on, names could be
 * guessed and the guess be checked. It is null from there on.
 *
 * @param held - asked before each portion: an export takes as long as its reader does, and a key may end meanwhile, or
 * be rotated away
 */
export async function* exportAudit(
  vault: Vault,
  held: () => readonly UnlockedRoot[],
  filter: AuditFilter,
): AsyncGenerator<(Omit<ToldEvent, "hash"> & { hash: ToldEvent["hash"] | null })[]> {
  const { db } = vault;
  let roots = held();
  const [head] = await db.select({ id: sql<number>`coalesce(max(${auditEvents.id}), 0)` }).from(auditEvents);
  const [firstHidden] = await db
    .select({ id: auditEvents.id })
    .from(auditEvents)
    .where(sql`not ${isTold(roots)}`)
    .orderBy(asc(auditEvents.id))
    .limit(1);
  const end = head?.id ?? 0;
  let safeUntil = firstHidden?.id ?? Number.POSITIVE_INFINITY;
  for (let last = 0; last < end; ) {
    const current = await db
      .select({ id: rootKeys.projectId, generation: rootKeys.generation })
      .from(rootKeys);
    const generations = new Map(current.map(({ id, generation }) => [id, generation]));
    const ids = new Set(held().map(({ rootId }) => rootId));
    const left = roots.filter(
      ({ rootId, generation }) => ids.has(rootId) && generations.get(rootId) === generation,
    );
    if (left.length < roots.length) safeUntil = 0;
    roots = left;
    const until = Math.min(end, last + window);
    const rows = await selectEvents(vault, roots)
      .where(and(gt(auditEvents.id, last), lte(auditEvents.id, until), matches(filter, roots)))
      .orderBy(asc(auditEvents.id))
      .limit(portion);
    last = rows.length === portion ? (rows.at(-1)?.id ?? until) : until;
    yield rows.map((row) => ({ ...toldEvent(row), hash: row.id < safeUntil ? row.hash : null }));
  }
}

/** How many of the newest events are searched for who acted, and how many of them are offered. */
const recent = 20_000;
const maxActors = 100;

/** Who acted in these projects (all: undefined) lately, the last first. */
export async function recentActors(
  { db }: Vault,
  projectIds: readonly number[] | undefined,
): Promise<string[]> {
  const newest = db
    .select({ id: auditEvents.id, actor: auditEvents.actor, projectId: auditEvents.projectId })
    .from(auditEvents)
    .orderBy(desc(auditEvents.id))
    .limit(recent)
    .as("newest");
  const rows = await db
    .select({ actor: newest.actor })
    .from(newest)
    .where(projectIds && inArray(newest.projectId, [...projectIds]))
    .groupBy(newest.actor)
    .orderBy(desc(sql`max(${newest.id})`))
    .limit(maxActors);
  return rows.map(({ actor }) => actor);
}

/** A project that the audit tells of and that is gone. */
interface DeletedProject {
  id: number;
  name: string;
}

const maxDeleted = 100;

/** The projects that were deleted last, by the name that they had then. */
export async function deletedProjects({ db }: Vault): Promise<DeletedProject[]> {
  // Along the index from project to project, however many events each has.
  const rows = await db.all<{ id: number; name: string }>(sql`
    with recursive known(id) as (
      select max(project_id) from audit_events
      union all
      select (select max(project_id) from audit_events where project_id < known.id) from known
      where known.id is not null
    )
    select known.id as id,
      (select project_name from audit_events where project_id = known.id order by audit_events.id desc limit 1) as name
    from known
    where known.id is not null and known.id not in (select ${projects.id} from ${projects})
    limit ${maxDeleted}`);
  return rows.map(({ id, name }) => ({ id, name }));
}

/** The names of all environments that there are or were. */
export async function environmentNames({ db }: Vault): Promise<string[]> {
  const rows = await db.select({ name: environments.name }).from(environments).orderBy(environments.id);
  return rows.map(({ name }) => name);
}
