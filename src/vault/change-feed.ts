import { and, eq, inArray, isNull } from "drizzle-orm";
import type { Database } from "../database/connect.ts";
import type { ForeignWatch, ForeignWrites } from "../database/foreign-writes.ts";
import { serviceTokens, views } from "../database/schema.ts";
import { SecretsflyError } from "../errors.ts";
import { isExpired } from "./expiring-tokens.ts";
import type { TokenAccess } from "./token-access.ts";
import { chunks } from "./write.ts";

/** Who wants to know when what a service token's apps get has changed. Nothing that is called may throw. */
export interface Listener {
  /** What apps get is of another revision now: this one. */
  onRevision(revision: string): void;
  /** Nothing has happened, and whoever listens is still heard. */
  onPing(): void;
  /** The token is no longer good, or the server stops. Nothing is called afterwards. */
  onEnd(): void;
}

interface Listening {
  publicId: string;
  expiresAt: number | null;
  revision: string;
  listener: Listener;
  /** When it was told something to keep its connection open. */
  pingedAt: number;
}

/** How often a listener is pinged, in milliseconds: less than proxies wait for a byte. */
const pingEvery = 15_000;
/** The shortest time between two looks into the database, in milliseconds: a burst of writes is few looks. */
const betweenLooks = 50;
/** How many may listen at once, since each holds a connection: so that one token cannot take all of them, and in all. */
const [mostOfToken, mostInAll] = [2000, 10_000] as const;

/**
 * Tells the listeners of this process what has changed. Writes of this process and of others only say that something
 * was written; one look into the database for all listeners together then finds what it is to whom. It knows public ids
 * and revisions, and never a key. Without listeners it does nothing.
 */
export class ChangeFeed {
  readonly #byToken = new Map<string, Set<Listening>>();
  #count = 0;
  #watch: ForeignWatch | undefined;
  #isClosed = false;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  /** Something was written since the last look began. */
  #isDue = false;
  #failed = false;
  /** By the clock that is passed in, for what is due without a write; and by the machine's, for bursts. */
  #lookedAt = 0;
  #nextLookFrom = 0;

  constructor(
    private readonly db: Database,
    private readonly clock: () => number,
    private readonly foreignWrites: ForeignWrites,
    /** Called before listeners are told: who fetches at once must not be given what was known before. */
    private readonly found: () => void,
  ) {}

  /** How many listen. */
  get size(): number {
    return this.#count;
  }

  /**
   * Tells `listener` of everything that changes from what `access` has read, until the function that is returned is
   * called. Throws SecretsflyError `busy` where too many listen, or the server stops.
   */
  listen({ token, view }: Pick<TokenAccess, "token" | "view">, listener: Listener): () => void {
    const { publicId, expiresAt } = token;
    const others = this.#byToken.get(publicId) ?? new Set();
    if (this.#isClosed) throw new SecretsflyError("busy", "The server is stopping; try again.");
    if (this.#count >= mostInAll || others.size >= mostOfToken) {
      throw new SecretsflyError("busy", "Too many listen to changes already; try again later.");
    }
    const listening = { publicId, expiresAt, revision: view.bodyId, listener, pingedAt: this.clock() };
    this.#byToken.set(publicId, others.add(listening));
    this.#count++;
    this.#watch ??= this.foreignWrites.watch(() => this.poke());
    // Something may have been written between the read and now.
    this.poke();
    return () => this.#forget(listening);
  }

  /** Something was written, whatever it is: there will be a look soon. */
  poke(): void {
    if (this.#count === 0) return;
    this.#isDue = true;
    if (this.#looking || this.#timer) return;
    const wait = Math.max(0, this.#nextLookFrom - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // What went wrong is tried again, and thrown, by the next tick.
      this.#look().catch(() => {});
    }, wait);
  }

  /**
   * What is due by the clock: expired tokens, pings, and a look for what nobody told. To be called about once a second.
   * Throws what the database throws.
   */
  async tick(): Promise<void> {
    const now = this.clock();
    for (const listening of this.#all()) {
      if (isExpired(listening, now)) this.#end(listening);
      else if (hasPassed(pingEvery, listening.pingedAt, now)) {
        listening.pingedAt = now;
        listening.listener.onPing();
      }
    }
    if (!this.#watch) return;
    if (this.#failed || hasPassed(this.#watch.lookEvery, this.#lookedAt, now)) await this.#look();
  }

  /** Ends every listener, and takes no more. */
  close(): void {
    this.#isClosed = true;
    for (const listening of this.#all()) this.#end(listening);
  }

  #all(): Listening[] {
    return [...this.#byToken.values()].flatMap((listeners) => [...listeners]);
  }

  /** One look at a time. */
  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce().then(
      () => this.#looked(false),
      (error: unknown) => {
        this.#looked(true);
        throw error;
      },
    );
    return this.#looking;
  }

  #looked(failed: boolean): void {
    this.#looking = undefined;
    this.#failed = failed;
    this.#nextLookFrom = performance.now() + betweenLooks;
    if (this.#isDue) this.poke();
  }

  async #lookOnce(): Promise<void> {
    // Who comes while the database answers has read something newer, and has poked.
    const asked = this.#all();
    this.#isDue = false;
    const revisions = await this.#revisions([...this.#byToken.keys()]);
    const now = this.clock();
    this.#lookedAt = now;
    if (asked.some(({ publicId, revision }) => revisions.get(publicId) !== revision)) this.found();
    for (const listening of asked) {
      if (!this.#isListening(listening)) continue;
      const revision = revisions.get(listening.publicId);
      if (revision === undefined || isExpired(listening, now)) this.#end(listening);
      else if (revision !== listening.revision) {
        listening.revision = revision;
        listening.listener.onRevision(revision);
      }
    }
  }

  /** Public id → the revision of what it reads, for those that are still good. */
  async #revisions(publicIds: readonly string[]): Promise<Map<string, string>> {
    const isItsView = and(
      eq(views.projectId, serviceTokens.projectId),
      eq(views.environmentId, serviceTokens.environmentId),
    );
    const portions = chunks(publicIds).map((portion) =>
      this.db
        .select({ publicId: serviceTokens.publicId, revision: views.bodyId })
        .from(serviceTokens)
        .innerJoin(views, isItsView)
        .where(and(inArray(serviceTokens.publicId, portion), isNull(serviceTokens.revokedAt))),
    );
    const rows = (await Promise.all(portions)).flat();
    return new Map(rows.map(({ publicId, revision }) => [publicId, revision]));
  }

  #isListening(listening: Listening): boolean {
    return this.#byToken.get(listening.publicId)?.has(listening) === true;
  }

  #end(listening: Listening): void {
    this.#forget(listening);
    listening.listener.onEnd();
  }

  #forget(listening: Listening): void {
    const listeners = this.#byToken.get(listening.publicId);
    if (!listeners?.delete(listening)) return;
    this.#count--;
    if (listeners.size === 0) this.#byToken.delete(listening.publicId);
    if (this.#count > 0) return;
    this.#watch?.stop();
    this.#watch = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isDue = false;
    this.#failed = false;
  }
}

/** Also true where the machine's clock was put back, since nobody knows by how much. */
function hasPassed(milliseconds: number, since: number, now: number): boolean {
  return Math.abs(now - since) >= milliseconds;
}
