/** A secret as an app gets it: inherited ones included, references expanded. */
export interface Secret {
  id: number;
  name: string;
  value: string;
}

/** A secret with the number of its version, which counts from 1. */
export interface SecretVersion extends Secret {
  version: number;
}

/** What became of one secret of a change. */
export interface ChangedSecret {
  id: number;
  name: string;
  /** The newest version's number after the change. */
  version: number;
  outcome: "created" | "changed" | "deleted" | "unchanged";
}

/** What a service token may do. It holds no secret. */
export interface TokenInfo {
  name: string;
  project: { id: number; name: string };
  environment: string;
  rights: "read" | "write";
  /** ISO 8601, UTC; null: never. */
  expiresAt: string | null;
}

/** What the server says about a failed request (RFC 9457). */
export interface Problem {
  /** Stable, such as `urn:secretsfly:problem:not-found`. */
  type: string;
  title: string;
  detail: string;
  /** By which the server's log knows the request. */
  requestId: string;
  /** One entry for each field at fault. */
  errors?: { field: string; detail: string }[] | undefined;
}

/** All secrets at one moment. It is frozen: several callers may hold the same one. */
export interface SecretList {
  /** To be handed to `ifMatch`. */
  readonly etag: string;
  /** Sorted by name. */
  readonly secrets: readonly Readonly<Secret>[];
}

/** A secret that was read by its name. */
export interface ReadSecret extends SecretVersion {
  /** To be handed to `ifMatch`. */
  etag: string;
}

/** A secret that was written. */
export interface WrittenSecret {
  id: number;
  name: string;
  version: number;
  /** True where there was none of that name of this project's own before. */
  created: boolean;
  /** To be handed to the next `ifMatch`. */
  etag: string;
}

/** What a change of several secrets did, or would do. */
export interface ChangeResult {
  /** One for each name of the change. */
  secrets: ChangedSecret[];
  /** To be handed to the next `ifMatch`. */
  etag: string;
}

/** The runtime's own `AbortSignal`, where its types are loaded. */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer Known } }
  ? Known
  : { readonly aborted: boolean };

/** The runtime's own `Response`, where its types are loaded. */
export type FetchAnswer = typeof globalThis extends { Response: { prototype: infer Known } }
  ? Known
  : { readonly status: number };

/** What the client gives to `fetch`: a part of the standard's `RequestInit`. */
export interface FetchInit {
  method: string;
  headers: Record<string, string>;
  body?: string;
  redirect: "manual";
  signal: Signal;
}

/** How to reach the server, and as whom. */
export interface ClientOptions {
  /** A service token, `sfly_…`. It is sent to `baseUrl` and nowhere else. */
  token: string;
  /** The server, with or without `/api` and a trailing slash: `https://secrets.example.com`. */
  baseUrl: string;
  /** Milliseconds for one attempt's whole answer; 10,000 unless told. */
  timeoutMs?: number | undefined;
  /** Further attempts after a network error, 429 or 5xx; 3 unless told. `Retry-After` is obeyed, up to 30 s. */
  retries?: number | undefined;
  /** In place of the runtime's `fetch`: for its own settings, such as a private CA. */
  fetch?: ((url: string, init: FetchInit) => FetchAnswer | Promise<FetchAnswer>) | undefined;
}

/** What every request takes. */
export interface RequestOptions {
  /** Stops the request and its retries; the promise is then rejected with the signal's reason. */
  signal?: Signal | undefined;
}

/** What a write takes. */
export interface WriteOptions extends RequestOptions {
  /**
   * Write only if what apps get is still this: an ETag of this client's answers, or a revision of `watch`.
   * Otherwise the error's `failure` is `conflict`, and nothing was written.
   */
  ifMatch?: string | undefined;
}

/** How to set one secret. */
export interface SetOptions extends WriteOptions {
  /** Why, in one line: kept with the version, sealed. */
  note?: string | undefined;
  /** Only if there is no secret of that name yet, an inherited one included; otherwise the error's `failure` is `conflict`. */
  create?: boolean | undefined;
}

/** How to change several secrets. */
export interface ChangeOptions extends WriteOptions {
  /** Check everything and tell what would happen, but write nothing. */
  dryRun?: boolean | undefined;
}

/** Several changes that happen all or not at all. */
export interface Changes {
  /** Name → value. */
  set?: Record<string, string> | undefined;
  /** Names. */
  delete?: string[] | undefined;
}

/** What apps get has become another. */
export interface Revision {
  revision: string;
}

/** How `watch` learns of changes: from the server's stream, by asking again and again, or not at the moment. */
export type WatchStatus = "streaming" | "polling" | "reconnecting";

/** How to watch. */
export interface WatchOptions extends RequestOptions {
  /** Seconds between two questions where no stream gets through; 30 unless told. */
  pollSeconds?: number | undefined;
  /** Is told whenever the way has changed. */
  onStatus?: ((status: WatchStatus) => void) | undefined;
}

/** Secrets of the project and environment that a service token is for. Every method throws `RequestError`. */
export interface SecretsflyClient {
  /** All secrets. Asked again, the server only sends them when they have changed. */
  list(options?: RequestOptions): Promise<SecretList>;

  /** All secrets as an object of names and values, the caller's own. */
  values(options?: RequestOptions): Promise<Record<string, string>>;

  /** One secret. */
  get(name: string, options?: RequestOptions): Promise<ReadSecret>;

  /** Creates or changes one secret; needs a write token, as every write. */
  set(name: string, value: string, options?: SetOptions): Promise<WrittenSecret>;

  /** Deletes one secret of this project's own. */
  delete(name: string, options?: WriteOptions): Promise<void>;

  /** Sets and deletes several secrets, all or none. */
  change(changes: Changes, options?: ChangeOptions): Promise<ChangeResult>;

  /** What the token may do. */
  token(options?: RequestOptions): Promise<TokenInfo>;

  /**
   * Yields the present revision first, then another one whenever what apps get has changed; of several that
   * come while the caller is busy, the newest. It listens to the server's stream of events, comes back when that
   * breaks, and asks every `pollSeconds` where a proxy lets no stream through. It ends with the signal, or throws
   * `RequestError` once there is nothing more to wait for: the server says that the token is not valid or lacks the
   * right, or the address is not secretsfly's. Once it has worked, what only a proxy says is waited out.
   */
  watch(options?: WatchOptions): AsyncGenerator<Revision, void, undefined>;
}
