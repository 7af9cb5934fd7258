import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../database/connect.ts";
import type { Faults } from "./faults.ts";

/** What has to be true of the rows, whatever is sealed in them. */
interface Rule {
  /** What is wrong with a row that is found. */
  what: string;
  /** Finds `projectId`, `environmentId`, `name`, `version` of what is wrong, as far as there are such. */
  wrong: SQL;
}

/** How the rows are to be judged. */
export interface StructureOptions {
  /** Whether each secret must have all of its versions, from the first; what the server keeps else is the newest. */
  keepsVersions: boolean;
  /** Milliseconds since the epoch: which service tokens are live. */
  now: number;
}

/** The rules of the tree of projects, and of who has keys. */
const treeRules: readonly Rule[] = [
  {
    what: "a root project without a root key",
    wrong: sql`select id as projectId from projects
      where parent_id is null and id not in (select project_id from root_keys)`,
  },
  {
    what: "has a root key, and is no root project",
    wrong: sql`select p.id as projectId from projects p join root_keys k on k.project_id = p.id
      where p.parent_id is not null`,
  },
  {
    what: "is said to be in another tree than its parent",
    wrong: sql`select p.id as projectId from projects p left join projects above on above.id = p.parent_id
      where p.root_id is not coalesce(above.root_id, p.id)`,
  },
  {
    what: "hangs below no root project",
    wrong: sql`with recursive reached(id) as (
        select id from projects where parent_id is null
        union select p.id from projects p join reached r on p.parent_id = r.id
      ) select id as projectId from projects where id not in reached`,
  },
  {
    what: "has keys and no view",
    wrong: sql`select k.project_id as projectId, k.environment_id as environmentId from environment_keys k
      left join views v on v.project_id = k.project_id and v.environment_id = k.environment_id
      where v.project_id is null`,
  },
  {
    what: "has a view and no keys",
    wrong: sql`select v.project_id as projectId, v.environment_id as environmentId from views v
      left join environment_keys k on k.project_id = v.project_id and k.environment_id = v.environment_id
      where k.project_id is null`,
  },
  {
    what: "has no keys, and the root of its tree has",
    wrong: sql`select p.id as projectId, r.environment_id as environmentId from projects p
      join environment_keys r on r.project_id = p.root_id
      left join environment_keys k on k.project_id = p.id and k.environment_id = r.environment_id
      where k.project_id is null`,
  },
  {
    what: "has keys, and the root of its tree has none",
    wrong: sql`select p.id as projectId, k.environment_id as environmentId from projects p
      join environment_keys k on k.project_id = p.id
      left join environment_keys r on r.project_id = p.root_id and r.environment_id = k.environment_id
      where r.project_id is null`,
  },
];

/** The rules of secrets, versions, and what views say of them without being opened. */
const secretRules: readonly Rule[] = [
  {
    what: "a secret where there are no keys",
    wrong: sql`select s.project_id as projectId, s.environment_id as environmentId, s.name from secrets s
      left join environment_keys k on k.project_id = s.project_id and k.environment_id = s.environment_id
      where k.project_id is null`,
  },
  {
    what: "its newest version is another than its row says",
    wrong: sql`select s.project_id as projectId, s.environment_id as environmentId, s.name, s.version
      from secrets s where s.version is not (select max(version) from secret_versions where secret_id = s.id)`,
  },
  {
    what: "a version between two others is missing",
    wrong: sql`select s.project_id as projectId, s.environment_id as environmentId, s.name, s.version
      from secrets s join secret_versions v on v.secret_id = s.id group by s.id
      having count(*) <> max(v.version) - min(v.version) + 1 or min(v.version) < 1`,
  },
  {
    what: "is marked as deleted or not, and its newest version says the other",
    wrong: sql`select s.project_id as projectId, s.environment_id as environmentId, s.name, s.version
      from secrets s join secret_versions v on v.secret_id = s.id and v.version = s.version
      where s.deleted is not (v.sealed_value is null)`,
  },
  {
    what: "its view counts other secrets of its own than there are",
    wrong: sql`select v.project_id as projectId, v.environment_id as environmentId from views v
      where v.own_count is not (select count(*) from secrets s
        where s.project_id = v.project_id and s.environment_id = v.environment_id and not s.deleted)`,
  },
  {
    what: "its view counts other inherited secrets than there are",
    wrong: sql`with recursive above(project_id, ancestor_id) as (
        select id, parent_id from projects where parent_id is not null
        union select a.project_id, p.parent_id from above a join projects p on p.id = a.ancestor_id
        where p.parent_id is not null
      ) select v.project_id as projectId, v.environment_id as environmentId from views v
      where v.inherited_count is not (
        select count(distinct s.name) from above a
        join secrets s on s.project_id = a.ancestor_id and s.environment_id = v.environment_id and not s.deleted
        where a.project_id = v.project_id and s.name not in (select own.name from secrets own
          where own.project_id = v.project_id and own.environment_id = v.environment_id and not own.deleted))`,
  },
];

const firstVersions: Rule = {
  what: "its first versions are missing (with VERSIONED_SECRET_VALUES=false only the newest is kept: then set that here)",
  wrong: sql`select s.project_id as projectId, s.environment_id as environmentId, s.name, min(v.version) as version
    from secrets s join secret_versions v on v.secret_id = s.id group by s.id having min(v.version) > 1`,
};

/** The rules of what else is there. */
function otherRules(now: number): Rule[] {
  return [
    {
      what: "a live service token where there are no keys, or of former ones",
      wrong: sql`select t.project_id as projectId, t.environment_id as environmentId, t.name from service_tokens t
        left join environment_keys k on k.project_id = t.project_id and k.environment_id = t.environment_id
        where t.revoked_at is null and (t.expires_at is null or t.expires_at > ${now})
        and t.generation is not k.generation`,
    },
    { what: "a write was left half done: there is a guard", wrong: sql`select held as version from guards` },
    {
      what: "ids that were used may be used again: the table's counter is behind its rows",
      wrong: sql`select t.name from (
          select 'projects' as name, max(id) as newest from projects union all
          select 'secrets', max(id) from secrets union all
          select 'environments', max(id) from environments union all
          select 'service_tokens', max(id) from service_tokens) t
        left join sqlite_sequence s on s.name = t.name where t.newest > coalesce(s.seq, 0)`,
    },
  ];
}

interface WrongRow {
  projectId?: number | null;
  environmentId?: number | null;
  name?: string | null;
  version?: number | null;
}

/** Looks for rows that cannot be, without a key: SQLite does, so the memory is bounded. */
export async function checkStructure(db: Database, faults: Faults, options: StructureOptions): Promise<void> {
  const names = await db.all<{ id: number; name: string }>(sql`select id, name from environments`);
  const environments = new Map(names.map(({ id, name }) => [id, name]));
  const rules = [...treeRules, ...secretRules, ...otherRules(options.now)];
  if (options.keepsVersions) rules.push(firstVersions);
  for (const { what, wrong } of rules) {
    const rows = await db.all<WrongRow>(sql`select * from (${wrong}) limit 1000`);
    for (const { projectId, environmentId, name, version } of rows) {
      const environment = environments.get(environmentId ?? 0) ?? null;
      faults.add(what, { projectId, environment, name, version });
    }
  }
}

/** How much of everything there is. */
export interface Contents {
  projects: number;
  roots: number;
  environments: number;
  secrets: number;
  versions: number;
  serviceTokens: number;
}

/** Counts rows: secrets that are not deleted, versions of all, service tokens that are not revoked. */
export async function countContents(db: Database): Promise<Contents> {
  const [row] = await db.all<Contents>(sql`select
    (select count(*) from projects) as projects,
    (select count(*) from projects where parent_id is null) as roots,
    (select count(*) from environments) as environments,
    (select count(*) from secrets where not deleted) as secrets,
    (select count(*) from secret_versions) as versions,
    (select count(*) from service_tokens where revoked_at is null) as serviceTokens`);
  // The driver's rows can be read by position as well.
  const count = (kind: keyof Contents) => row?.[kind] ?? 0;
  return {
    projects: count("projects"),
    roots: count("roots"),
    environments: count("environments"),
    secrets: count("secrets"),
    versions: count("versions"),
    serviceTokens: count("serviceTokens"),
  };
}
