import type { Random } from "../cryptography/bytes.ts";
import { sha256 } from "../cryptography/hash.ts";
import { Deadline } from "./deadline.ts";
import { Keyring } from "./keyring.ts";
import { cookieOf } from "./machines.ts";

/** A message for the next page that a session is shown. */
export interface Flash {
  kind: "success" | "error" | "info";
  text: string;
  /** Where the message leads, such as to what takes it back. */
  link?: { href: string; text: string };
}

/** A page that a session asked for while its root project was sealed. */
interface WantedPage {
  rootId: number;
  path: string;
  /** When it was asked for. */
  at: number;
}

/** One admin's browser. All of it is in this process's memory and dies with it. */
export interface Session {
  /** Public: what the audit calls it. Not the cookie's value. */
  readonly id: string;
  readonly deadline: Deadline;
  signedIn: boolean;
  readonly keyring: Keyring;
  flashes: Flash[];
  /** Where an unseal leads; the newest one only. */
  wanted: WantedPage | undefined;
}

/** A session and the value of the cookie that leads to it. */
export interface NewSession {
  session: Session;
  secret: string;
}

export interface SessionSettings {
  /** Lifetime of a session, in seconds. */
  sessionExpiration: number;
  /** What this machine is called among several, which each session's cookie then tells; undefined: there is but one. */
  machine: string | undefined;
}

/** More sessions than any team has; the oldest goes when one more comes, so that nobody can fill the memory. */
const maxSessions = 10_000;

/**
 * The admin sessions of this process. A cookie holds an opaque secret; only its hash is kept.
 *
 * `clock` is the time of day, which somebody may set; `steady` counts milliseconds from whenever and cannot be set.
 */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  #dropped = 0;

  constructor(
    private readonly settings: SessionSettings,
    private readonly clock: () => number,
    private readonly random: Random,
    private readonly steady = clock,
  ) {}

  /** A new session and the value of its cookie: 256 random bits, base64url, behind the name of this machine if it has one. */
  create(signedIn: boolean): NewSession {
    const random = this.random(32).toBase64({ alphabet: "base64url", omitPadding: true });
    const secret = cookieOf(this.settings.machine, random);
    const session: Session = {
      id: this.random(6).toHex(),
      deadline: new Deadline(this.clock() + this.settings.sessionExpiration * 1000, this.clock, this.steady),
      signedIn,
      keyring: new Keyring(this.clock, this.steady, () => {
        this.#dropped += 1;
      }),
      flashes: [],
      wanted: undefined,
    };
    if (this.#sessions.size >= maxSessions) this.#endOldest();
    this.#sessions.set(key(secret), session);
    return { session, secret };
  }

  /** The session of a cookie; undefined where there is none or its hour is over. */
  find(secret: string): Session | undefined {
    const session = this.#sessions.get(key(secret));
    if (!session) return undefined;
    if (!session.deadline.isOver) return session;
    this.#end(key(secret));
    return undefined;
  }

  /** Signs out: the session and its keys are forgotten. */
  end(secret: string): void {
    this.#end(key(secret));
  }

  /** Drops keys and sessions whose time is over. Returns how many keys were dropped. */
  sweep(): number {
    let dropped = 0;
    for (const [hash, session] of this.#sessions) {
      dropped += session.keyring.sweep().length;
      if (session.deadline.isOver) this.#end(hash);
    }
    return dropped;
  }

  /** How many there are. */
  get size(): number {
    return [...this.#sessions.values()].filter(({ deadline }) => !deadline.isOver).length;
  }

  /** The root projects that are unsealed in one session or another. */
  unsealedRoots(): Set<number> {
    const sessions = [...this.#sessions.values()];
    return new Set(sessions.flatMap(({ keyring }) => keyring.unsealed().map(({ rootId }) => rootId)));
  }

  /** How many root keys were forgotten since this was last asked, in whatever way. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** Forgets a root key in every session: its project is gone. */
  forgetRoot(rootId: number): void {
    for (const { keyring } of this.#sessions.values()) keyring.seal(rootId);
  }

  /** Forgets every root key. The sessions stay. */
  sealAll(): void {
    for (const { keyring } of this.#sessions.values()) keyring.sealAll();
  }

  /** Forgets every session and every key: the server stops. */
  clear(): void {
    for (const hash of this.#sessions.keys()) this.#end(hash);
  }

  /** Sessions that hold no key go first: their owners lose the least. */
  #endOldest(): void {
    const hashes = [...this.#sessions.keys()];
    const idle = hashes.find((hash) => this.#sessions.get(hash)?.keyring.unsealed().length === 0);
    const oldest = idle ?? hashes[0];
    if (oldest !== undefined) this.#end(oldest);
  }

  #end(hash: string): void {
    this.#sessions.get(hash)?.keyring.sealAll();
    this.#sessions.delete(hash);
  }
}

function key(secret: string): string {
  return sha256(secret).toHex();
}
