/** What was asked of the server, and what is known of it. Nothing here has looked into the database. */

/** A project × environment. */
export interface Place {
  project: number;
  environment: string;
}

/** A text that stands for a place in maps. */
export function placeKey({ project, environment }: Place): string {
  return `${project} ${environment}`;
}

/** What a write does if it happens: from this and the state before it follows every event and every value of it. */
export type Effect =
  | { kind: "changes"; place: Place; set: Record<string, string>; note?: string; delete: readonly string[] }
  /** Secrets of the project's own, into another environment that has none of these names. */
  | { kind: "copy"; place: Place; from: string; names: readonly string[] }
  /** Back to what was there at a moment, in milliseconds. */
  | { kind: "moment"; place: Place; at: number }
  /** Anything that is told by its events alone; `project` is what one of them is afterwards. */
  | { kind: "events"; events: readonly string[]; project?: ProjectState; rotated?: Rotated };

/** What is known of a project besides its id. */
export interface ProjectState {
  name: string;
  parentId: number | null;
}

/** A root, and the master key that opens it from then on. */
interface Rotated {
  root: number;
  masterKey: string;
}

/**
 * Whether it was done, as far as the server has said. `unknown`: no answer came, so it is there wholly or not at all.
 * `found` and `lost` is what a look into the database has made of an unknown one.
 */
export type Fate = "unknown" | "acknowledged" | "refused" | "found" | "lost";

/** One request that writes. */
export interface KnownWrite {
  /** In words: `put`, `import`, … */
  what: string;
  writer: WriterIdentity;
  effect: Effect;
  /** By the harness's monotonic clock, in milliseconds; `finishedAt` is infinite while there is no answer. */
  startedAt: number;
  finishedAt: number;
  fate: Fate;
  /** What the answer called the request; the audit's events name it. */
  requestId: string | undefined;
  status: number | undefined;
}

/** Who writes, one request after the other: so at most one of them is unknown. */
export interface WriterIdentity {
  name: string;
  /** As the audit calls it; of a session that is the actor of the event that this request made. */
  actor: { id: string } | { requestId: string };
}

/** All writes of one database's life, over all its crashes. */
export class Ledger {
  readonly writes: KnownWrite[] = [];
  /** Events up to this id are the world's own making. */
  firstEvents = 0;

  begin(what: string, writer: WriterIdentity, effect: Effect): KnownWrite {
    const write: KnownWrite = {
      ...{ what, writer, effect, startedAt: performance.now(), finishedAt: Number.POSITIVE_INFINITY },
      ...{ fate: "unknown", requestId: undefined, status: undefined },
    };
    this.writes.push(write);
    return write;
  }

  /** An answer has come. */
  end(write: KnownWrite, fate: Fate, response: Response): void {
    write.finishedAt = performance.now();
    write.fate = fate;
    write.status = response.status;
    write.requestId = response.headers.get("X-Request-Id") ?? undefined;
  }

  /** Those of which nobody knows whether they were done. */
  get unknown(): KnownWrite[] {
    return this.writes.filter(({ fate }) => fate === "unknown");
  }

  count(fate: Fate): number {
    return this.writes.filter((write) => write.fate === fate).length;
  }
}
