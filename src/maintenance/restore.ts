import { constants, copyFileSync, existsSync, linkSync, renameSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileFault } from "../database/connect.ts";
import { type ExclusiveDatabase, InUseError, takeAlone } from "../database/exclusive.ts";
import { copyAndVerify } from "./checked-copy.ts";
import { MaintenanceError, NotWrittenError } from "./maintenance-error.ts";
import { Draft, hasNoLinks, syncFile, syncFolder } from "./new-file.ts";
import { openToCopy } from "./open.ts";
import { giveToOwnerOf, isFolder, makeFolder, placeBehind } from "./places.ts";
import { restoreToServer } from "./restore-to-server.ts";
import { type Restored, type RestoreOptions, refuseFaults } from "./restored.ts";
import { placeOf } from "./where.ts";

/**
 * Puts a backup where DATABASE_URL says, once it was found whole: in the place of a file, or into an empty database on a
 * server.
 *
 * @throws MaintenanceError for what is no backup, and for a database that is in use or may not be replaced;
 *   NotWrittenError where it cannot be written
 */
export async function restore(backup: string, options: RestoreOptions): Promise<Restored> {
  const place = placeOf({ file: undefined, env: options.env });
  return place.kind === "server"
    ? restoreToServer(backup, place, options)
    : restoreFile(resolve(backup), placeBehind(place.place), options);
}

/** A database that is there is kept beside it. Killed at any moment, either the one or the other is in the place, whole. */
async function restoreFile(backup: string, file: string, options: RestoreOptions): Promise<Restored> {
  const { env, force, clock } = options;
  if (isSame(backup, file)) throw new MaintenanceError(`${file} is the database itself, and no backup`);
  const open = await openToCopy({ file: backup, env });
  try {
    using former = takeFormer(file, force);
    explained(file, () => makeFolder(dirname(file)));
    using draft = new Draft(file, clock());
    const report = await copyAndVerify(open, draft.path, file, options);
    refuseFaults({ ...report, place: open.place }, force);
    const kept = explained(file, () => {
      giveToOwnerOf(former ? file : dirname(file), draft.path);
      return keepFormer(file, former, clock());
    });
    // What is there was taken; what was made meanwhile, where nothing was, is somebody's.
    draft.put({ onlyNew: !former });
    return {
      file,
      former: kept,
      isOnServer: false,
      isOlder: open.isOlder,
      report: { ...report, place: file },
    };
  } finally {
    open.close();
  }
}

/** Also by another name, or another way. */
function isSame(one: string, other: string): boolean {
  if (!existsSync(one) || !existsSync(other)) return resolve(one) === other;
  const [a, b] = [statSync(one), statSync(other)];
  return a.ino === b.ino && a.dev === b.dev;
}

/** The database that is there, for this process alone; "damaged" where SQLite cannot open it. */
type Former = (ExclusiveDatabase & { isDamaged: false }) | ({ isDamaged: true } & Disposable);

/** Throws MaintenanceError where it is in use, or may not be replaced. */
function takeFormer(file: string, force: boolean): Former | undefined {
  if (!existsSync(file)) return undefined;
  if (isFolder(file)) throw new MaintenanceError(`${file} is a folder`);
  const former = takeOrDamaged(file);
  if (force) return former;
  const reason = former.isDamaged ? "it is damaged, or no database" : projectsIn(former);
  if (reason === undefined) return former;
  former[Symbol.dispose]();
  throw new MaintenanceError(
    `there is a database at ${file} already (${reason}): with --force it is kept under another name`,
  );
}

function takeOrDamaged(file: string): Former {
  try {
    return Object.assign(takeAlone(file), { isDamaged: false as const });
  } catch (error) {
    if (error instanceof InUseError)
      throw new MaintenanceError(`${file} is in use: stop the server first, and whatever else has it open`);
    const code = String((error as { code?: string }).code);
    if (code.startsWith("SQLITE_NOTADB") || code.startsWith("SQLITE_CORRUPT"))
      return { isDamaged: true, [Symbol.dispose]: () => {} };
    throw new MaintenanceError(`${file} cannot be replaced: ${fileFault(error)}`);
  }
}

/** Why it is worth keeping: it has projects. */
function projectsIn(database: ExclusiveDatabase): string | undefined {
  const has = database.get("select 1 from sqlite_master where type = 'table' and name = 'projects'");
  if (!has) return database.get("select 1 from sqlite_master") && "with tables that are not secretsfly's";
  return database.get("select 1 from projects") && "with projects";
}

/** Gives what is there another name as well, or moves it away where it is damaged. Returns that name. */
function keepFormer(file: string, former: Former | undefined, now: number): string | undefined {
  const name = `${file}-before-restore-${new Date(now).toISOString().replaceAll(":", "-")}`;
  // A database that was taken is one file. What lies beside any other would be read as a part of what is put there.
  if (!former || former.isDamaged) {
    for (const end of ["-wal", "-shm", "-journal"])
      if (existsSync(file + end)) renameSync(file + end, name + end);
  }
  if (!former) return undefined;
  try {
    linkSync(file, name);
  } catch (error) {
    if (!hasNoLinks(error)) throw error;
    // Closing it gives up the lock, which is of no use any more: the copy is what the file will never be again.
    copyFileSync(file, name, constants.COPYFILE_EXCL);
    syncFile(name);
  }
  syncFolder(dirname(file));
  return name;
}

function explained<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new NotWrittenError(`${file} cannot be written: ${fileFault(error)}`);
  }
}
