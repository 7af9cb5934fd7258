import { sql } from "drizzle-orm";
import { parseConfig } from "../src/config.ts";
import { systemRandom } from "../src/cryptography/bytes.ts";
import { connect, type Database } from "../src/database/connect.ts";
import { migrate } from "../src/database/migrate.ts";
import { migrations } from "../src/database/migrations.ts";
import { createServices } from "../src/main.ts";
import { fetchDaily, tellStory, tokens } from "./story.ts";
import { environments } from "./values.ts";
import { type DemoClock, day, World } from "./world.ts";

/** The settings under which the demo is written, and under which a server shows all of it. */
export const demoSettings = { AVAILABLE_ENVIRONMENTS: environments.join(",") };

/** What leads into the demo; it is written down nowhere else. */
export interface Demo {
  /** By the name of the root project. */
  masterKeys: ReadonlyMap<string, string>;
  /** Reads the production secrets of the shop's api. */
  serviceToken: string;
  /** The ids of projects, by their path of names. */
  projectId(path: string): number;
}

/** A database that is somebody's already. */
export class NotEmptyError extends Error {
  override readonly name = "NotEmptyError";
}

/**
 * Fills an empty database with a company that has used secretsfly for three months until `present`
 * (milliseconds). Throws NotEmptyError where there is a project already, and what `connect` and `migrate`
 * throw; only an empty database is touched.
 */
export async function fillDemo(
  settings: Readonly<Record<string, string | undefined>>,
  present: number,
): Promise<Demo> {
  const { DATABASE_URL, DATABASE_AUTH_TOKEN } = settings;
  const config = parseConfig({ DATABASE_URL, DATABASE_AUTH_TOKEN, ...demoSettings });
  const db = connect({ databaseUrl: config.DATABASE_URL, databaseAuthToken: config.DATABASE_AUTH_TOKEN });
  try {
    if (await hasProject(db)) throw new NotEmptyError(`${config.DATABASE_URL} has projects already`);
    const clock: DemoClock = { now: present - 92 * day };
    await migrate(db.$client, migrations, clock.now);
    const { vault, usage } = await createServices(config, db, () => clock.now, systemRandom);
    const world = new World(vault, usage, clock, present);
    await tellStory(world);
    await fetchDaily(world);
    return {
      masterKeys: world.masterKeys,
      // Allowed from anywhere, unlike the api's own.
      serviceToken: world.token(tokens.unused),
      projectId: (path) => world.project(path).id,
    };
  } finally {
    db.$client.close();
  }
}

/** Looked at before anything is written, in a database that may have no tables yet. */
async function hasProject(db: Database): Promise<boolean> {
  const tables = await db.all(sql`select name from sqlite_master where type = 'table' and name = 'projects'`);
  if (tables.length === 0) return false;
  return (await db.all(sql`select id from projects limit 1`)).length > 0;
}
