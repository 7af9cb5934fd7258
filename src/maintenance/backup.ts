import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { TellProgress } from "../database/row-copy.ts";
import { copyAndVerify } from "./checked-copy.ts";
import { MaintenanceError, NotWrittenError } from "./maintenance-error.ts";
import { Draft } from "./new-file.ts";
import { openToCopy } from "./open.ts";
import { isFolder, placeBehind } from "./places.ts";
import type { VerifyReport } from "./verify.ts";
import { type FilePlace, placeOf, type Server } from "./where.ts";

/** A backup that was written. */
export interface Backup {
  file: string;
  /** How large it is, in bytes. */
  bytes: number;
  /** What was found of it once it was written. */
  report: VerifyReport;
}

/** How a backup is to be made. */
export interface BackupOptions {
  env: Readonly<Record<string, string | undefined>>;
  /** Whether a file that is there may be replaced. */
  force: boolean;
  clock: () => number;
  /** Told of a backup from a server. */
  progress?: TellProgress;
}

/**
 * Writes the database of DATABASE_URL, a file or on a server, as it is at one moment, into a file for its owner alone
 * (0600), while others read and write; then opens what it wrote and looks whether it is whole. The file appears complete, or not at all.
 * One of a database with faults appears too, since it may be all that there is; but it replaces none.
 *
 * @throws MaintenanceError where the database cannot be read, or the file may not be written; NotWrittenError where it cannot
 */
export async function backUp(target: string, options: BackupOptions): Promise<Backup> {
  const { env, force, clock } = options;
  const database = { file: undefined, env };
  const file = checkedTarget(target, placeOf(database), force);
  const open = await openToCopy(database);
  using draft = new Draft(file, clock());
  try {
    const report = await copyAndVerify(open, draft.path, file, options);
    const { size } = statSync(draft.path);
    if (report.faultCount > 0 && existsSync(file))
      throw new NotWrittenError(
        `${file} is kept: the database has faults, which "secretsfly verify" tells; give the backup another name`,
      );
    draft.put({ onlyNew: !force });
    return { file, bytes: size, report: { ...report, place: file } };
  } finally {
    open.close();
  }
}

/** Where the backup goes. Throws MaintenanceError where it must not. */
function checkedTarget(target: string, database: FilePlace | Server, force: boolean): string {
  if (target === "-" || target === "")
    throw new MaintenanceError("a backup is checked once it is written, so it needs a file: name one");
  const file = placeBehind(resolve(target));
  if (!isFolder(dirname(file))) throw new MaintenanceError(`${dirname(file)}: there is no such folder`);
  if (database.kind === "file") requireOther(file, database.place);
  if (!existsSync(file)) return file;
  const there = statSync(file);
  if (there.isDirectory()) throw new MaintenanceError(`${file} is a folder: name a file in it`);
  if (!there.isFile()) throw new MaintenanceError(`${file} is no ordinary file: name another`);
  if (!force) throw new MaintenanceError(`${file} is there already: name another file, or say --force`);
  return file;
}

function requireOther(file: string, database: string): void {
  const places = [database, placeBehind(database)];
  // Through a folder of another name it is the same file, too.
  const named = join(realpathSync(dirname(file)), basename(file));
  const own = places.flatMap((place) => ["", "-wal", "-shm", "-journal"].map((end) => place + end));
  if ([file, named].some((one) => own.includes(one)))
    throw new MaintenanceError(`${file} belongs to the database itself: name another file`);
}
