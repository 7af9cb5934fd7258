import { SecretsflyError } from "../errors.ts";
import { causesOf } from "./causes.ts";

/**
 * What keeps a database from being used though neither the program nor its user did anything wrong:
 *
 * - `full`, `read-only`: the disk takes nothing; what is there can be read.
 * - `missing`: the file is not at its path any more; what is open can be read.
 * - `replaced`: another file is at its path, which cannot be used, or not yet.
 * - `failing`: the disk gives errors.
 * - `unreachable`: the database is on a server that does not answer.
 * - `refused`: its server does not take the token, or has no such database.
 * - `forbidden`: its server lets nobody write, or not with this token; what is there can be read.
 * - `locked`: another program has held the lock for longer than a write waits.
 * - `cut-off`: the primary of a replica does not answer, or refuses the token, or what it has does not come to this machine;
 *   what the replica holds can be read.
 * - `foreign-primary`: the primary is empty, or was wiped; what the replica holds can be read.
 * - `rebuilding`: the replica is filled anew; what it held can be read, unless it was damaged.
 */
export type StorageFaultKind = (typeof storageFaultKinds)[number];

export const storageFaultKinds = [
  "full",
  "read-only",
  "missing",
  "replaced",
  "failing",
  "unreachable",
  "refused",
  "forbidden",
  "locked",
  "cut-off",
  "foreign-primary",
  "rebuilding",
] as const;

export interface StorageFault {
  kind: StorageFaultKind;
  /** Of a write: true where it may be on the disk, or be there once the disk is back. */
  mayBeWritten: boolean;
}

/** A database file that is not at its path any more, or is another one by now; or a replica without its primary. */
export class StorageError extends Error implements StorageFault {
  override readonly name = "StorageError";

  constructor(
    readonly kind: StorageFaultKind,
    readonly mayBeWritten = false,
    options?: ErrorOptions,
  ) {
    super(`the database is ${kind}`, options);
  }
}

/** Codes of SQLite and of what reaches a server, by their beginnings; the first that fits. */
const codes: readonly (readonly [RegExp, StorageFaultKind, mayBeWritten: boolean])[] = [
  [/^SQLITE_FULL/, "full", false],
  [/^SQLITE_READONLY_DBMOVED/, "missing", false],
  [/^SQLITE_READONLY/, "read-only", false],
  // The commit was in the file before it was found that nobody can tell whether it is on the disk.
  [/^SQLITE_IOERR.*FSYNC/, "failing", true],
  [/^SQLITE_(?:IOERR|CANTOPEN)/, "failing", false],
  // Nobody was there to be sent anything.
  [/^(?:ConnectionRefused|ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EPROTO)$/, "unreachable", false],
  [/^(?:Connection|Timeout|ECONN|ETIMEDOUT|EPIPE|FailedToOpenSocket)/, "unreachable", true],
  // Somebody has told the server to.
  [/^BLOCKED$/, "forbidden", false],
];

/** What a server says instead of doing something, by its HTTP status. */
const answers: Readonly<Record<string, StorageFault>> = {
  401: { kind: "refused", mayBeWritten: false },
  403: { kind: "forbidden", mayBeWritten: false },
  404: { kind: "refused", mayBeWritten: false },
  429: { kind: "unreachable", mayBeWritten: false },
  // A proxy, for a server that it does not reach, or has not heard of since.
  502: { kind: "unreachable", mayBeWritten: true },
  503: { kind: "unreachable", mayBeWritten: true },
  504: { kind: "unreachable", mayBeWritten: true },
};

/** The HTTP status with which a server answered instead of telling of SQL; undefined for any other error. */
export function serverStatus(error: unknown): string | undefined {
  for (const current of causesOf(error)) {
    if ("code" in current && current.code === "SERVER_ERROR")
      return /HTTP status (\d{3})$/.exec(current.message)?.[1];
  }
  return undefined;
}

/** Which fault of the storage an error tells of; undefined for any other error. Drizzle has the cause inside of its own. */
export function storageFault(error: unknown): StorageFault | undefined {
  for (const current of causesOf(error)) {
    if (current instanceof StorageError) return current;
    const code = "code" in current && typeof current.code === "string" ? current.code : current.name;
    const answered = answers[serverStatus(current) ?? ""];
    if (answered) return answered;
    const known = codes.find(([beginning]) => beginning.test(code));
    if (known) return { kind: known[1], mayBeWritten: known[2] };
  }
  return undefined;
}

const sentences: Readonly<Record<StorageFaultKind, string>> = {
  full: "The database cannot be written: its disk is full.",
  "read-only": "The database cannot be written: its disk is read-only.",
  missing: "The database cannot be written: its file was moved or removed.",
  replaced: "The database cannot be used: another file is in the place of its own.",
  failing: "The database cannot be written: its disk is read-only, or gives errors.",
  unreachable: "The database server does not answer.",
  refused: "The database server refuses the token, or has no such database.",
  forbidden: "The database cannot be written: its server does not allow it.",
  locked: "The database cannot be written: another program keeps it locked.",
  "cut-off": "The database cannot be written: its primary does not answer, or refuses the token.",
  "foreign-primary":
    "The database cannot be written: its primary is empty, where this machine's replica is not.",
  rebuilding: "The database cannot be used: this machine's replica is being filled anew.",
};

/** Whether what is there can be read meanwhile, so that only a write tells when it is over. */
export function isFaultOfWrites(kind: StorageFaultKind): boolean {
  return faultsOfWrites.has(kind);
}

/** Whether it is a replica's, which knows by itself when its primary is back. */
export function isFaultOfPrimary(kind: StorageFaultKind): boolean {
  return faultsOfPrimary.has(kind);
}

const faultsOfPrimary: ReadonlySet<StorageFaultKind> = new Set(["cut-off", "foreign-primary", "rebuilding"]);

const faultsOfWrites: ReadonlySet<StorageFaultKind> = new Set([
  ...(["full", "read-only", "failing", "locked", "forbidden"] as const),
  ...faultsOfPrimary,
]);

/** A fault in one sentence, for people. */
export function storageSentence({ kind }: Pick<StorageFault, "kind">): string {
  return sentences[kind];
}

/** How long whatever it is may take, for those who try again by themselves. Seconds. */
const tryAgainAfter = 5;

/** A fault as it is told to whoever asked for something. */
export function unavailable(fault: StorageFault, doing: "reading" | "writing"): SecretsflyError {
  const known = fault.mayBeWritten
    ? "Whether this was written is not known: look before you try again."
    : "Nothing was written; try again when that is mended.";
  const rest = doing === "writing" ? known : "Try again when that is mended.";
  const isUnread = fault.kind === "failing" && doing === "reading";
  const sentence = isUnread ? "The database cannot be read: its disk gives errors." : storageSentence(fault);
  return new SecretsflyError("unavailable", `${sentence} ${rest}`, {}, tryAgainAfter);
}
