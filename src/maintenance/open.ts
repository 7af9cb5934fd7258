import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { sql } from "drizzle-orm";
import { ConfigError, parseConfig } from "../config.ts";
import {
  connect,
  connectToRead,
  type Database,
  DatabaseError,
  type DatabaseSettings,
  databaseFile,
  fileFault,
} from "../database/connect.ts";
import { copyDatabase } from "../database/copy-database.ts";
import { migrate } from "../database/migrate.ts";
import { migrations } from "../database/migrations.ts";
import { MaintenanceError } from "./maintenance-error.ts";

/** A database that is open to be looked at. */
export interface OpenDatabase {
  db: Database;
  /** What messages call it: the path of its file, or the host of its server. */
  place: string;
  close(): void;
}

/** One moment of a database. */
interface Snapshot extends OpenDatabase {
  /** False where what blinds the heads of its audit is not its own: nobody would find such a head again. */
  tellsHead: boolean;
}

/** Where the database is: a file, or what the environment says, which is the same that the server is given. */
export interface Where {
  file: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
}

/**
 * Opens a database to look at it, also while a server has it open: a file, or what DATABASE_URL says.
 *
 * @throws MaintenanceError where there is none, it is none of ours, or another version has written it
 */
export async function openToRead(where: Where): Promise<OpenDatabase> {
  const open = await openAnyVersion(settingsOf(where));
  if (!open.isOlder) return open;
  open.close();
  throw new MaintenanceError(
    `${open.place} was written by an older secretsfly; start this version's server on it once, or on a copy of it`,
  );
}

/**
 * Opens a database file as it is at this moment: whatever others write meanwhile, the same is read until it is closed.
 * One that an older version has written is looked at as it will be once it was brought up to this one, in a copy.
 *
 * @throws MaintenanceError where there is none, it is none of ours, or a newer version has written it
 */
export async function openSnapshot(where: Where): Promise<Snapshot> {
  const open = await openFile(where);
  try {
    if (open.isOlder) return await migratedCopy(open);
    await open.db.$client.execute("BEGIN");
    // A transaction begins with what it reads first.
    await open.db.get(sql`select count(*) from sqlite_master`);
    return { ...open, tellsHead: true };
  } catch (error) {
    open.close();
    throw error;
  }
}

/**
 * Opens a database file to copy it: of this version, or of an older one.
 *
 * @throws MaintenanceError as `openSnapshot` does
 */
export function openFile(where: Where): Promise<OpenDatabase & { isOlder: boolean }> {
  return openAnyVersion({ databaseUrl: `file:${fileOf(where)}`, databaseAuthToken: undefined });
}

/**
 * The path of the file that is meant.
 *
 * @throws MaintenanceError for a database that is on a server
 */
export function fileOf(where: Where): string {
  const file = databaseFile(settingsOf(where).databaseUrl);
  if (file !== undefined) return file;
  throw new MaintenanceError(
    "DATABASE_URL names a database server, and this works on a database file: make one with your server's own tools, and name it",
  );
}

async function openAnyVersion(settings: DatabaseSettings): Promise<OpenDatabase & { isOlder: boolean }> {
  const { databaseUrl } = settings;
  const place = databaseFile(databaseUrl) ?? new URL(databaseUrl).host;
  const db = connected(settings);
  try {
    const isOlder = await isOlderThanThis(db, place);
    return { db, place, isOlder, close: () => db.$client.close() };
  } catch (error) {
    db.$client.close();
    throw error;
  }
}

/** An open copy in this version's schema, which is gone once it is closed. Closes what it was made of. */
async function migratedCopy(open: OpenDatabase): Promise<Snapshot> {
  const folder = mkdtempSync(join(tmpdir(), "secretsfly-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const file = join(folder, "copy.db");
    const blinding = sql`select 1 from sqlite_master where name = 'audit_blinding'`;
    const tellsHead = (await open.db.all(blinding)).length > 0;
    await copyDatabase(open.db.$client, file);
    open.close();
    const settings = { databaseUrl: `file:${file}`, databaseAuthToken: undefined };
    const writable = connect(settings);
    try {
      await migrate(writable.$client, migrations, Date.now());
    } finally {
      writable.$client.close();
    }
    const copy = await openAnyVersion(settings);
    const close = () => {
      copy.close();
      remove();
    };
    return { db: copy.db, place: open.place, close, tellsHead };
  } catch (error) {
    remove();
    if (error instanceof MaintenanceError) throw error;
    throw new MaintenanceError(`${open.place} cannot be brought up to this version: ${fileFault(error)}`, {
      cause: error,
    });
  }
}

/** Only where the database is: what else the server needs may be missing here. */
function settingsOf({ file, env }: Where): DatabaseSettings {
  if (file !== undefined) return { databaseUrl: `file:${resolve(file)}`, databaseAuthToken: undefined };
  const { DATABASE_URL, DATABASE_AUTH_TOKEN } = env;
  try {
    const config = parseConfig({ DATABASE_URL, DATABASE_AUTH_TOKEN });
    return { databaseUrl: config.DATABASE_URL, databaseAuthToken: config.DATABASE_AUTH_TOKEN };
  } catch (error) {
    if (error instanceof ConfigError) throw new MaintenanceError(error.message);
    throw error;
  }
}

function connected(settings: DatabaseSettings): Database {
  try {
    return connectToRead(settings);
  } catch (error) {
    if (error instanceof DatabaseError) throw new MaintenanceError(error.message);
    throw error;
  }
}

/** Throws MaintenanceError for what is no database of secretsfly's, and for one of a newer version. */
async function isOlderThanThis(db: Database, place: string): Promise<boolean> {
  let tags: unknown[];
  try {
    const rows = await db.all<{ tag: unknown }>(sql`select tag from migrations order by position`);
    tags = rows.map(({ tag }) => tag);
  } catch (error) {
    throw new MaintenanceError(`${place} ${notOurs(error)}`);
  }
  if (tags.some((tag) => typeof tag !== "string"))
    throw new MaintenanceError(`${place} is damaged; restore a backup`);
  const unknown = tags.find((tag, position) => migrations[position]?.tag !== tag);
  if (unknown !== undefined)
    throw new MaintenanceError(
      `${place} was written by a newer secretsfly (it has the migration ${unknown}); use that version`,
    );
  if (tags.length === 0) throw new MaintenanceError(`${place} is no database of secretsfly`);
  return tags.length < migrations.length;
}

function notOurs(error: unknown): string {
  const { message, cause } = error instanceof Error ? error : { message: "", cause: undefined };
  const told = `${message} ${cause instanceof Error ? cause.message : ""}`;
  if (told.includes("no such table")) return "is no database of secretsfly";
  if (told.includes("malformed")) return "is damaged; restore a backup";
  return "cannot be read: it does not answer, or refuses";
}
