import { rmSync, statSync } from "node:fs";

/** How the files of a connection are: at their paths, away, or others are there. */
export type FilesState = "there" | "missing" | "replaced";

/**
 * Which files a connection has open, so that it is noticed when they are moved, removed or replaced: SQLite would go on
 * writing into what nobody finds any more.
 */
export class OpenFiles {
  readonly #main: string | undefined;
  #side: readonly (readonly [path: string, identity: string | undefined])[];

  /** The files that are at a database's path now: to be asked right after it was opened. */
  constructor(readonly file: string) {
    this.#main = identityOf(file);
    this.#side = [`${file}-wal`, `${file}-shm`].map((path) => [path, identityOf(path)] as const);
  }

  /** A few microseconds. */
  state(): FilesState {
    const now = identityOf(this.file);
    if (now === undefined) return "missing";
    const areSame = this.#side.every(([path, identity]) => identityOf(path) === identity);
    return now === this.#main && areSame ? "there" : "replaced";
  }

  /**
   * Whether what is at the paths belongs together: a WAL is played into whatever file it lies beside. Once the connection
   * is closed, a former one that is still there means that others have it open.
   */
  belongTogether(): boolean {
    const areOurs = this.#side.map(
      ([path, identity]) => identity !== undefined && identityOf(path) === identity,
    );
    if (!areOurs.includes(true)) return true;
    return !areOurs.includes(false) && identityOf(this.file) === this.#main;
  }

  /**
   * Takes a WAL and its index away from beside a file that is not theirs. Others who have them open go on with them, and
   * notice it before they write.
   */
  clearFromBesideAnother(): void {
    const main = identityOf(this.file);
    if (main === undefined || main === this.#main) return;
    for (const [path, identity] of this.#side) {
      if (identity !== undefined && identityOf(path) === identity) rmSync(path, { force: true });
    }
    // Whatever is there from now on belongs to what has come, though a file system may give it the number of a former one.
    this.#side = this.#side.map(([path]) => [path, undefined] as const);
  }

  /** Whether the WAL or its index at these paths are somebody else's, who must not lose them. */
  areForeign(): boolean {
    return this.#side.some(([path, identity]) => {
      const now = identityOf(path);
      return now !== undefined && now !== identity;
    });
  }
}

/** What tells a file from any other that is, or will be, at its path; undefined where there is none to be found. */
function identityOf(path: string): string | undefined {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found && `${found.dev}:${found.ino}`;
  } catch {
    // A part of the path is no folder, or the disk does not answer.
    return undefined;
  }
}
