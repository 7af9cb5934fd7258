import { chownSync, closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileFault } from "../database/connect.ts";
import { NotWrittenError } from "./maintenance-error.ts";

/** A file that is being made beside its place, so that it appears there complete or not at all. `using` removes it. */
export class Draft implements Disposable {
  /** Beside its place: only within a folder it can be put there at once. */
  readonly path: string;

  constructor(private readonly target: string) {
    this.path = join(dirname(target), `.secretsfly-${crypto.randomUUID()}`);
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
      throw new NotWrittenError(`${this.target} cannot be written: ${fileFault(error)}`);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { force: true });
    // SQLite's own, of a copy that it did not finish.
    rmSync(`${this.path}-journal`, { force: true });
  }
}

/** Renames a file unless there is one of the new name. */
function moveToFree(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!hasNoLinks(error)) throw error;
    if (statSync(to, { throwIfNoEntry: false })) throw Object.assign(new Error("exists"), { code: "EEXIST" });
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
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } catch (error) {
    // Some file systems do not know this of folders.
    if ((error as { code?: string }).code !== "EINVAL") throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Gives a file to whom another one belongs, where root does this for the server's user. */
export function giveToOwnerOf(other: string, file: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(other);
  chownSync(file, uid, gid);
}
