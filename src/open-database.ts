import type { Config } from "./config.ts";
import { BusyError } from "./database/busy.ts";
import { connect, type Database, DatabaseError } from "./database/connect.ts";
import { MigrationError, migrate, refuseNewer } from "./database/migrate.ts";
import { migrations } from "./database/migrations.ts";
import { connectReplica } from "./database/replica/connect-replica.ts";
import { type RebuildReason, type ReplicaNews, troubleSentence } from "./database/replica/news.ts";
import { serverFault } from "./database/server-fault.ts";
import { StorageError, storageSentence } from "./database/storage-fault.ts";
import { type Logger, loggable } from "./logger.ts";

type Client = Database["$client"];

/**
 * The database that the settings name, up to date with this program. Throws DatabaseError, MigrationError, BusyError; then
 * nothing is left open.
 */
export async function openDatabase(config: Config, logger: Logger, clock: () => number): Promise<Database> {
  const update = async (client: Client) => {
    const applied = await migrateOrExplain(client, config, clock());
    if (applied.length > 0) logger.info({ applied }, "migrated the database");
  };
  const db = await connectAs(config, update, (news) => logReplica(logger, news));
  try {
    await update(db.$client);
    return db;
  } catch (error) {
    db.$client.close();
    throw error;
  }
}

async function connectAs(
  config: Config,
  update: (primary: Client) => Promise<void>,
  tell: (news: ReplicaNews) => void,
): Promise<Database> {
  const settings = { databaseUrl: config.DATABASE_URL, databaseAuthToken: config.DATABASE_AUTH_TOKEN };
  const { DATABASE_REPLICA_PATH: replicaPath, DATABASE_SYNC_MILLISECONDS: syncEvery } = config;
  if (replicaPath !== undefined) return connectReplica({ ...settings, replicaPath, syncEvery }, update, tell);
  await refuseNewer(settings, migrations);
  return connect(settings);
}

function logReplica(logger: Logger, news: ReplicaNews): void {
  if ("rebuilt" in news)
    logger[news.rebuilt === "missing" ? "info" : "warn"](
      "the replica is filled, and holds what the primary holds",
    );
  else if ("trouble" in news) logger.error({ ...news.trouble }, troubleSentence(news.trouble));
  else if (news.rebuilding === "missing")
    logger.info("there is no replica yet: it is filled from the primary");
  else logger.error({ reason: news.rebuilding }, rebuildSentences[news.rebuilding]);
}

const rebuildSentences: Readonly<Record<Exclude<RebuildReason, "missing">, string>> = {
  incomplete: "the replica was never filled: it is filled anew from the primary",
  damaged: "the replica is damaged: it is filled anew from the primary",
  parted:
    "the primary has another past than the replica, such as a backup: the replica is filled anew from it",
  other: "the primary is another database than the replica is of: the replica is filled anew from it",
};

/** A database server that does not answer is told by its address, and why. Throws DatabaseError, MigrationError, BusyError. */
async function migrateOrExplain(
  client: Client,
  { DATABASE_URL, DATABASE_AUTH_TOKEN }: Config,
  now: number,
): Promise<string[]> {
  try {
    return await migrate(client, migrations, now);
  } catch (error) {
    if (error instanceof MigrationError || error instanceof BusyError || DATABASE_URL.startsWith("file:"))
      throw error;
    if (error instanceof StorageError)
      throw new DatabaseError(`cannot migrate the database: ${storageSentence(error)}`);
    const { code, error: kind } = loggable(error);
    const why = serverFault(error, DATABASE_AUTH_TOKEN !== undefined) ?? code ?? kind;
    throw new DatabaseError(`cannot use the database at ${new URL(DATABASE_URL).host}: ${why}`);
  }
}
