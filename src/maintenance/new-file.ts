import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileFault } from "../database/connect.ts";
import { NotWrittenError } from "./maintenance-error.ts";

/** What the names of drafts begin with, and of what SQLite makes beside them. */
const prefix = ".secretsfly-draft-";

/** A draft that nothing was written to for so long is left of a process that was killed, in milliseconds. */
const abandonedAfter = 24 * 60 * 60 * 1000;

/** A file that is being made beside its place, so that it appears there complete or not at all. `using` removes it. */
export class Draft implements Disposable {
  /** Beside its place: only within a folder it can be put there at once. */
  readonly path: string;

  /** @param now - milliseconds since the epoch: what others left here a day before is removed */
  constructor(
    private readonly target: string,
    now: number,
  ) {
    this.path = join(dirname(target), `${prefix}${crypto.randomUUID()}`);
    removeAbandoned(dirname(target), now);
  }

  /**
   * Puts the file in its place, where it is after a power cut too. A file that is there is replaced; with `onlyNew`
   * that is refused.
   *
   * @throws NotWrittenError
   */
  put({ onlyNew }: { onlyNew: boolean }): void {
    try {
      if (onlyNew) moveToFree(this.path, this.target);
      else renameSync(this.path, this.target);
      syncFolder(dirname(this.target));
    } catch (error) {
      const isTaken = (error as { code?: string }).code === "EEXIST";
      const reason = isTaken ? "somebody else has made it meanwhile" : fileFault(error);
      throw new NotWrittenError(`${this.target} cannot be written: ${reason}`);
    }
  }

  [Symbol.dispose](): void {
    // SQLite's own, of a copy that it did not finish. Where nothing can be written, there is nothing to remove either.
    for (const path of [this.path, `${this.path}-journal`]) if (existsSync(path)) rmSync(path);
  }
}

/**
 * A killed process removes nothing, and a backup that is killed each night would fill the disk. What may not be looked at
 * or removed, as another user's, stays: that is no reason to go without a backup.
 */
function removeAbandoned(folder: string, now: number): void {
  try {
    const drafts = readdirSync(folder).filter((name) => name.startsWith(prefix));
    for (const path of drafts.map((name) => join(folder, name)))
      if (statSync(path).mtimeMs < now - abandonedAfter) rmSync(path);
  } catch (error) {
    const { code = "" } = error as { code?: string };
    if (!["EACCES", "EPERM", "EROFS", "ENOENT"].includes(code)) throw error;
  }
}

/** Renames a file unless there is one of the new name. */
function moveToFree(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!hasNoLinks(error)) throw error;
    if (existsSync(to)) throw Object.assign(new Error("exists"), { code: "EEXIST" });
    renameSync(from, to);
    return;
  }
  rmSync(from);
}

/** Some file systems, such as FAT, have no second name for a file. */
export function hasNoLinks(error: unknown): boolean {
  const code = (error as { code?: string }).code ?? "";
  return ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EXDEV"].includes(code);
}

/** Makes the names of a folder last: after a power cut they are what they are now. */
export function syncFolder(folder: string): void {
  try {
    syncFile(folder);
  } catch (error) {
    // Some file systems do not know this of folders.
    if ((error as { code?: string }).code !== "EINVAL") throw error;
  }
}

/** Makes the content of a file last. */
export function syncFile(file: string): void {
  const descriptor = openSync(file, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
