import type { ReplicationFault } from "./protocol.ts";

/** What a replica is told to log, since nobody asks for it: why it is filled anew, that it is, and what keeps it back. */
export type ReplicaNews = { rebuilding: RebuildReason } | { rebuilt: RebuildReason } | { trouble: Trouble };

/**
 * Why a replica is filled from the beginning: `missing`, `incomplete` and `damaged` are the file's faults, `parted` and
 * `other` tell what the primary holds by now (see `Relation`).
 */
export type RebuildReason = "missing" | "incomplete" | "damaged" | "parted" | "other";

/** What keeps a replica from being brought up to date though its primary answers. */
export interface Trouble {
  reason: TroubleReason;
  /** The code or the kind of an error: never its words, which may quote what it was given. */
  code?: string;
}

/** `silent`: the process that replicates ended, or did not answer in time. `local`: something failed in the server itself. */
type TroubleReason = Exclude<ReplicationFault, "damaged"> | "silent" | "local";

const sentences: Readonly<Record<TroubleReason, string>> = {
  "in-use": "another server keeps this replica up to date: each needs a DATABASE_REPLICA_PATH of its own",
  unsupported: "there is no replication library for this system: the replica stays as it is",
  disk: "the replica cannot be written on the disk of this machine",
  tls: "what replicates does not trust the certificate of the primary, or meets no TLS there",
  refused: "the primary answers, but refuses the token to what replicates",
  unreachable:
    "the primary answers, but not to what replicates: something between them may let through SQL alone",
  silent: "the primary answers, but nothing is replicated in time",
  failed: "the replica cannot be brought up to date, for a reason that its library does not tell",
  local: "the replica cannot be brought up to date, for a reason of this machine's own",
};

/** A trouble in one sentence, for people. */
export function troubleSentence({ reason }: Trouble): string {
  return sentences[reason];
}

/** Those that a primary which is just going away gives as well. */
const passing: ReadonlySet<TroubleReason> = new Set(["refused", "unreachable", "silent"]);

/** So many in a row are told of those that may be over with the next try. */
const toldAfter = 3;

/** What keeps a replica back: told when it begins, or becomes another, however often it is met. */
export class Troubles {
  #met: Trouble | undefined;
  #told: Trouble | undefined;
  #inARow = 0;

  constructor(private readonly tell: (news: ReplicaNews) => void) {}

  /** The last; undefined: none since it was brought up to date. */
  get last(): Trouble | undefined {
    return this.#met;
  }

  met(trouble: Trouble): void {
    this.#inARow = isSame(this.#met, trouble) ? this.#inARow + 1 : 1;
    this.#met = trouble;
    if (isSame(this.#told, trouble) || (passing.has(trouble.reason) && this.#inARow < toldAfter)) return;
    this.#told = trouble;
    this.tell({ trouble });
  }

  /** The replica was brought up to date. */
  over(): void {
    this.#met = this.#told = undefined;
  }
}

function isSame(one: Trouble | undefined, other: Trouble): boolean {
  return one?.reason === other.reason && one.code === other.code;
}

/** What may be told of an error: its words may quote what it was given. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return "code" in error && typeof error.code === "string" && error.code !== "" ? error.code : error.name;
}
