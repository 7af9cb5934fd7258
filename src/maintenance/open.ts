import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import {
  connect,
  connectToRead,
  type Database,
  DatabaseError,
  type DatabaseSettings,
  fileFault,
} from "../database/connect.ts";
import { copyDatabase } from "../database/copy-database.ts";
import { migrate } from "../database/migrate.ts";
import { migrations } from "../database/migrations.ts";
import { isUnfinishedRestore, unfinishedRestore } from "../database/restore-mark.ts";
import { connectToSnapshot } from "../database/server-snapshot.ts";
import { MaintenanceError } from "./maintenance-error.ts";
import { placeIn, settingsOf, type Where } from "./where.ts";

/** A database that is open to be looked at. */
export interface OpenDatabase {
  db: Database;
  /** What messages call it: the path of its file, or the host of its server. */
  place: string;
  /** Why something that was asked of it failed, in words that quote no row; undefined for an error that is not its own. */
  fault(error: unknown): string | undefined;
  close(): void;
}

/** One moment of a database. */
export interface Snapshot extends OpenDatabase {
  /** False where what blinds the heads of its audit is not its own: nobody would find such a head again. */
  tellsHead: boolean;
  /** Whether an older version has written what is looked at as this one would have it. */
  wasOlder: boolean;
}

/**
 * Opens a database to look at it, also while a server has it open: a file, or what DATABASE_URL says.
 *
 * @throws MaintenanceError where there is none, it is none of ours, or another version has written it
 */
export async function openToRead(where: Where): Promise<OpenDatabase> {
  return ofThisVersion(await openAnyVersion(settingsOf(where)));
}

function ofThisVersion(open: AnyVersion): OpenDatabase {
  if (!open.isOlder) return open;
  open.close();
  throw new MaintenanceError(
    `${open.place} was written by an older secretsfly; start this version's server on it once, or on a copy of it`,
  );
}

/**
 * Opens a database as it is at this moment: whatever others write meanwhile, the same is read until it is closed. A file
 * that an older version has written is looked at as it will be once it was brought up to this one, in a copy.
 *
 * @throws MaintenanceError where there is none, it is none of ours, or a newer version has written it; for one on a server
 *   also where an older version has
 */
export async function openSnapshot(where: Where): Promise<Snapshot> {
  const settings = settingsOf(where);
  if (placeIn(settings).kind === "server")
    return { ...ofThisVersion(await openToCopy(where)), tellsHead: true, wasOlder: false };
  const open = await openAnyVersion(settings);
  try {
    if (open.isOlder) return await migratedCopy(open);
    await open.db.$client.execute("BEGIN");
    // A transaction begins with what it reads first.
    await open.db.get(sql`select count(*) from sqlite_master`);
    return { ...open, tellsHead: true, wasOlder: false };
  } catch (error) {
    open.close();
    throw error;
  }
}

/** A database of this version, or of an older one. */
export interface AnyVersion extends OpenDatabase {
  isOlder: boolean;
}

/**
 * Opens a database to copy it: of this version, or of an older one. What is read of one on a server is of one moment.
 *
 * @throws MaintenanceError where there is none, it is none of ours, or a newer version has written it
 */
export function openToCopy(where: Where): Promise<AnyVersion> {
  const settings = settingsOf(where);
  return openAnyVersion(settings, placeIn(settings).kind === "file" ? connected : connectToSnapshot);
}

async function openAnyVersion(
  settings: DatabaseSettings,
  open: (settings: DatabaseSettings) => Database | Promise<Database> = connected,
): Promise<AnyVersion> {
  const { place, fault } = placeIn(settings);
  const db = await open(settings);
  try {
    const isOlder = await isOlderThanThis(db, place, fault);
    return { db, place, fault, isOlder, close: () => db.$client.close() };
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
    return { ...copy, place: open.place, close, tellsHead, wasOlder: true };
  } catch (error) {
    remove();
    if (error instanceof MaintenanceError) throw error;
    throw new MaintenanceError(`${open.place} cannot be brought up to this version: ${fileFault(error)}`, {
      cause: error,
    });
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
async function isOlderThanThis(db: Database, place: string, fault: OpenDatabase["fault"]): Promise<boolean> {
  let tags: unknown[];
  try {
    const rows = await db.all<{ tag: unknown }>(sql`select tag from migrations order by position`);
    tags = rows.map(({ tag }) => tag);
  } catch (error) {
    throw new MaintenanceError(`${place} ${notOurs(error) ?? `cannot be read: ${fault(error) ?? silence}`}`);
  }
  if (isUnfinishedRestore(tags)) throw new MaintenanceError(`${place} ${unfinishedRestore}`);
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

const silence = "it does not answer, or refuses";

function notOurs(error: unknown): string | undefined {
  const { message, cause } = error instanceof Error ? error : { message: "", cause: undefined };
  const told = `${message} ${cause instanceof Error ? cause.message : ""}`;
  if (told.includes("no such table")) return "is no database of secretsfly";
  if (told.includes("malformed")) return "is damaged; restore a backup";
  return undefined;
}
