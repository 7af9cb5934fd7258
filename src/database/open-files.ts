import { type BigIntStats, rmSync, statSync } from "node:fs";

/** How the files of a connection are: at their paths, away, or others are there. */
export type FilesState = "there" | "missing" | "replaced";

/** Of a database file, its WAL and the WAL's index, in this order; undefined for one that is not there. Plain data. */
export type FileIdentities = readonly (string | undefined)[];

type SideFile = readonly [path: string, identity: string | undefined];

/**
 * Which files a connection has open, so that it is noticed when they are moved, removed or replaced: SQLite would go on
 * writing into what nobody finds any more.
 */
export class OpenFiles {
  readonly #main: string | undefined;
  readonly #side: readonly SideFile[];
  /** The database and what was beside it when they were left, as they can be told apart from then on. */
  #former: FileIdentities = [];

  /** The files that are at a database's path now: to be asked right after it was opened. */
  constructor(readonly file: string) {
    this.#main = identityOf(file);
    this.#side = [`${file}-wal`, `${file}-shm`].map((path) => [path, identityOf(path)] as const);
  }

  get identities(): FileIdentities {
    return [this.#main, ...this.#side.map(([, identity]) => identity)];
  }

  /** A few microseconds. */
  state(): FilesState {
    const now = identityOf(this.file);
    if (now === undefined) return "missing";
    const areSame = this.#side.every(([path, identity]) => identityOf(path) === identity);
    return now === this.#main && areSame ? "there" : "replaced";
  }

  /** Whether the WAL or its index at these paths are somebody else's, who must not lose them. */
  areForeign(): boolean {
    return this.#side.some(([path, identity]) => {
      const now = identityOf(path);
      return now !== undefined && now !== identity;
    });
  }

  /**
   * To be called before the connection is closed: until then no other file can have the numbers of these. Takes the WAL
   * and its index away from beside a file that is not theirs. Others who have them open go on with them, and notice it
   * before they write.
   *
   * @param alone - does something while nobody else who has them open does the same: whoever came first has gone over to
   *   the new file, and has a WAL of it at this path
   * @returns whether the database is still at its path: then what is in its WAL has to get into it
   */
  leave(alone: (clear: () => void) => void): boolean {
    this.#former = [];
    const main = identityOf(this.file);
    if (main === undefined) return false;
    const isOurs = ([path, identity]: SideFile) => identity !== undefined && identityOf(path) === identity;
    if (main === this.#main) {
      const beside = this.#side.map((side) => (isOurs(side) ? lastingIdentityOf(side[0]) : undefined));
      this.#former = [lastingIdentityOf(this.file), ...beside];
      return true;
    }
    if (this.#side.some(isOurs)) {
      alone(() => {
        for (const side of this.#side) if (isOurs(side)) rmSync(side[0], { force: true });
      });
    }
    return false;
  }

  /**
   * Once the connection is closed: whether what is at the paths belongs together, since a WAL is played into whatever file
   * it lies beside. Where only one of the WAL and its index is still there, others may have both open.
   */
  belongTogether(): boolean {
    const [, ...beside] = this.#former;
    const areThere = this.#side.map(
      ([path], i) => beside[i] !== undefined && lastingIdentityOf(path) === beside[i],
    );
    return !areThere.includes(true) || (!areThere.includes(false) && this.isFormerInPlace);
  }

  /** Whether the database that was left is at its path. */
  get isFormerInPlace(): boolean {
    const [main] = this.#former;
    return main !== undefined && lastingIdentityOf(this.file) === main;
  }
}

/** What tells a file from any other, as long as somebody has it open; undefined where there is none to be found. */
export function identityOf(path: string): string | undefined {
  const found = look(path);
  return found && `${found.dev}:${found.ino}`;
}

/** A number is given again once nobody has a file open: then the moment tells files apart at which they were made. */
function lastingIdentityOf(path: string): string | undefined {
  const found = look(path);
  return found && `${found.dev}:${found.ino}:${found.birthtimeNs}`;
}

function look(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // A part of the path is no folder, or the disk does not answer.
    return undefined;
  }
}
