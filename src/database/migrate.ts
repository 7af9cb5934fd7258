import { existsSync } from "node:fs";
import type { Client } from "@libsql/client";
import type { WrittenStatement } from "./batch.ts";
import { whenNotBusy } from "./busy.ts";
import { connectToRead, type DatabaseSettings, databaseFile, fileFault } from "./connect.ts";
import { isUniqueViolation } from "./constraint.ts";
import type { Migration } from "./migrations.ts";
import { isUnfinishedRestore, unfinishedRestore } from "./restore-mark.ts";

/** A database that this program must not touch; the message says why. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/** How long another process may hold the lock at the start, in milliseconds. */
const patience = 10_000;

/**
 * Brings a database up to the newest migration, each in one transaction together with its mark, and
 * returns the tags that were applied. When two processes start at once, the second finds the first's mark.
 * Throws MigrationError for a database that a newer secretsfly has written, and for a migration that fails, which leaves
 * the database as it was before it; BusyError for one that stays locked.
 */
export async function migrate(
  client: Client,
  migrations: readonly Migration[],
  now: number,
): Promise<string[]> {
  await whenNotBusy(patience, () => createTable(client));
  const applied: string[] = [];
  let done = await appliedTags(client);
  for (const [position, migration] of migrations.entries()) {
    refuseForeign(done, migrations);
    if (done.length > position) continue;
    const statements = [markOf(position, migration.tag, now), ...stepsOf(migration)];
    try {
      await whenNotBusy(patience, () => client.migrate(statements));
      applied.push(migration.tag);
    } catch (error) {
      // Another process has set the same mark meanwhile. Rows that a migration itself duplicates are a failure.
      if (!isUniqueViolation(error, "migrations")) throw failed(migration.tag, error);
    }
    done = await appliedTags(client);
  }
  refuseForeign(done, migrations);
  return applied;
}

/** Looks first: a database that is up to date is not written to, and no thread is started that would write. */
async function createTable(client: Client): Promise<void> {
  const { rows } = await client.execute("SELECT name FROM sqlite_master WHERE name = 'migrations'");
  if (rows.length > 0) return;
  await client.execute(createMigrations.replace("TABLE", "TABLE IF NOT EXISTS"));
}

/** The table that says which migrations were done. Fails where there is one. */
export const createMigrations =
  "CREATE TABLE migrations (position INTEGER PRIMARY KEY, tag TEXT NOT NULL UNIQUE, applied_at INTEGER NOT NULL)";

/** Says in that table that something was done, at a time in milliseconds since the epoch. */
export function markOf(position: number, tag: string, appliedAt: number): WrittenStatement {
  return {
    sql: "INSERT INTO migrations (position, tag, applied_at) VALUES (?, ?, ?)",
    args: [position, tag, appliedAt],
  };
}

/** The statements of a migration. */
export function stepsOf({ sql }: Migration): WrittenStatement[] {
  return sql.split("--> statement-breakpoint").map((step) => ({ sql: step, args: [] }));
}

/** A migration is SQL of ours and bound to no value, so that what SQLite says of it quotes none. */
function failed(tag: string, error: unknown): unknown {
  const { code } = error as { code?: unknown };
  // Whether a server that does not answer has done it is not known.
  if (typeof code !== "string" || !code.startsWith("SQLITE_")) return error;
  return new MigrationError(
    `the migration ${tag} failed, and the database is what it was before it: ${fileFault(error)}`,
    { cause: error },
  );
}

/**
 * Refuses a database file that a newer secretsfly has written, before it is opened to be written to, which may change it.
 *
 * @throws MigrationError; any other fault is told by whoever opens it then
 */
export async function refuseNewer(
  settings: DatabaseSettings,
  migrations: readonly Migration[],
): Promise<void> {
  const file = databaseFile(settings.databaseUrl);
  if (file === undefined || !existsSync(file)) return;
  try {
    const { $client } = connectToRead(settings);
    try {
      refuseForeign(await appliedTags($client), migrations);
    } finally {
      $client.close();
    }
  } catch (error) {
    if (error instanceof MigrationError) throw error;
  }
}

async function appliedTags(client: Client): Promise<string[]> {
  const { rows } = await client.execute("SELECT tag FROM migrations ORDER BY position");
  return rows.map((row) => String(row.tag));
}

function refuseForeign(done: string[], migrations: readonly Migration[]): void {
  if (isUnfinishedRestore(done)) throw new MigrationError(`this database ${unfinishedRestore}`);
  const unknown = done.find((tag, position) => migrations[position]?.tag !== tag);
  if (unknown === undefined) return;
  throw new MigrationError(
    `this database was written by a newer secretsfly (it has the migration ${unknown}); start that version, or restore a backup`,
  );
}
