import { and, count, desc, eq, gt, inArray, isNull, or, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import { environments, projects, secrets, secretVersions, serviceTokens, views } from "../database/schema.ts";
import { type Environment, listEnvironments } from "./environments.ts";
import { type Project, subtreeOf, type Tree } from "./tree.ts";
import type { Vault } from "./vault.ts";

/**
 * How projects are filled, in numbers that may be read while they are sealed: no name of a secret leaves this
 * file. Names are stored in the clear for their rows' sake; it is the pages' promise not to show them.
 */
export interface EnvironmentSummary {
  environment: string;
  /** Secrets the project has itself, and those it sees from its ancestors and does not override. */
  own: number;
  inherited: number;
  /** Names that the project sees in another environment of the settings, and not in this one. */
  missing: number;
  /** False where the environment was added to the settings after the root was last unsealed. */
  hasKeys: boolean;
}

/** Summaries by project id, in the order of the settings. */
export type ProjectSummaries = ReadonlyMap<number, readonly EnvironmentSummary[]>;

interface Counts {
  own: number;
  inherited: number;
}

/** Summaries of these projects, whose ancestors must be among them. As many queries for a thousand as for one. */
export async function summariseProjects(vault: Vault, wanted: Iterable<Project>): Promise<ProjectSummaries> {
  const known = [...wanted];
  const shown = await listEnvironments(vault);
  const ids = known.map(({ id }) => id);
  const [counts, names] = await Promise.all([viewCounts(vault, ids), ownNames(vault, ids, shown)]);
  const seen = countSeenNames(known, names);
  return new Map(
    ids.map((id) => [
      id,
      shown.map((environment) => {
        const here = counts.get(id)?.get(environment.id);
        const { own, inherited } = here ?? { own: 0, inherited: 0 };
        const missing = here ? Math.max(0, (seen.get(id) ?? 0) - own - inherited) : 0;
        return { environment: environment.name, own, inherited, missing, hasKeys: here !== undefined };
      }),
    ]),
  );
}

/** What the views say of themselves, by project and environment. */
async function viewCounts(vault: Vault, ids: readonly number[]): Promise<Map<number, Map<number, Counts>>> {
  const rows = await vault.db
    .select({
      projectId: views.projectId,
      environmentId: views.environmentId,
      own: views.ownCount,
      inherited: views.inheritedCount,
    })
    .from(views)
    .where(isAmong(views.projectId, ids));
  const found = new Map<number, Map<number, Counts>>();
  for (const { projectId, environmentId, ...counts } of rows) {
    const byEnvironment = found.get(projectId) ?? new Map<number, Counts>();
    found.set(projectId, byEnvironment.set(environmentId, counts));
  }
  return found;
}

/** The names of each project's own secrets, in any of these environments. One row a project: half the time of rows. */
async function ownNames(
  vault: Vault,
  ids: readonly number[],
  shown: readonly Environment[],
): Promise<Map<number, string[]>> {
  const isShown = inArray(
    secrets.environmentId,
    shown.map(({ id }) => id),
  );
  const rows = await vault.db
    .select({ id: secrets.projectId, names: sql<string>`json_group_array(distinct ${secrets.name})` })
    .from(secrets)
    .where(and(isAmong(secrets.projectId, ids), isShown, eq(secrets.deleted, false)))
    .groupBy(secrets.projectId);
  return new Map(rows.map(({ id, names }) => [id, JSON.parse(names) as string[]]));
}

/**
 * How many different names each project sees in all environments together: its own and its ancestors'. One walk
 * down the trees that shares its set: a name goes in where it is first met, and out on the way back up.
 */
function countSeenNames(
  wanted: readonly Project[],
  names: ReadonlyMap<number, string[]>,
): Map<number, number> {
  const children = Map.groupBy(wanted, ({ parentId }) => parentId);
  const counts = new Map<number, number>();
  const seen = new Set<string>();
  const walk = (project: Project) => {
    const met = (names.get(project.id) ?? []).filter((name) => !seen.has(name) && seen.add(name));
    counts.set(project.id, seen.size);
    for (const child of children.get(project.id) ?? []) walk(child);
    for (const name of met) seen.delete(name);
  };
  for (const root of children.get(null) ?? []) walk(root);
  return counts;
}

/** What the deletion of a project takes with it. */
export interface DeletionSummary {
  /** Everything below it, at any depth, parents before their children. */
  projects: readonly Project[];
  /** Only the environments that there is something in; hidden ones too, since they go as well. */
  environments: readonly { name: string; secrets: number; versions: number }[];
  /** Service tokens that work today: how many, and those that were used last. */
  tokens: { count: number; latest: readonly DoomedToken[] };
}

interface DoomedToken {
  name: string;
  project: string;
  environment: string;
  lastUsedAt: number | null;
}

const shownTokens = 10;

/** What goes with a project of this tree. */
export async function summariseDeletion(vault: Vault, tree: Tree, id: number): Promise<DeletionSummary> {
  const subtree = subtreeOf(tree, id);
  const ids = subtree.map((project) => project.id);
  const [filled, tokens] = await Promise.all([versionCounts(vault, ids), liveTokens(vault, ids)]);
  return { projects: subtree.slice(1), environments: filled, tokens };
}

async function versionCounts(vault: Vault, ids: readonly number[]): Promise<DeletionSummary["environments"]> {
  // A deleted secret is none any more, but its versions are still there to go.
  const present = sql<number>`count(distinct case when ${secrets.deleted} then null else ${secrets.id} end)`;
  return vault.db
    .select({ name: environments.name, secrets: present, versions: count() })
    .from(secrets)
    .innerJoin(environments, eq(environments.id, secrets.environmentId))
    .innerJoin(secretVersions, eq(secretVersions.secretId, secrets.id))
    .where(isAmong(secrets.projectId, ids))
    .groupBy(environments.id)
    .orderBy(environments.id);
}

async function liveTokens(vault: Vault, ids: readonly number[]): Promise<DeletionSummary["tokens"]> {
  const { expiresAt, revokedAt, projectId, environmentId, lastUsedAt } = serviceTokens;
  const isLive = and(
    isAmong(projectId, ids),
    isNull(revokedAt),
    or(isNull(expiresAt), gt(expiresAt, vault.clock())),
  );
  const [[total], latest] = await Promise.all([
    vault.db.select({ count: count() }).from(serviceTokens).where(isLive),
    vault.db
      .select({
        name: serviceTokens.name,
        project: projects.name,
        environment: environments.name,
        lastUsedAt,
      })
      .from(serviceTokens)
      .innerJoin(projects, eq(projects.id, projectId))
      .innerJoin(environments, eq(environments.id, environmentId))
      .where(isLive)
      .orderBy(desc(lastUsedAt), desc(serviceTokens.id))
      .limit(shownTokens),
  ]);
  return { count: total?.count ?? 0, latest };
}

/** `column in (ids)` with one variable for all of them: SQLite counts variables, and the ids may be many. */
function isAmong(column: SQLiteColumn, ids: readonly number[]): SQL {
  return sql`${column} in (select value from json_each(${JSON.stringify(ids)}))`;
}
