/** What the process that keeps a replica up to date is told first. */
export interface Settings {
  /** The replica's file. */
  file: string;
  /** `http://` or `https://` of the primary. */
  url: string;
  authToken: string | undefined;
}

/**
 * What it is told: its settings, and then each time that it is to look for what is new. `isAnew`: the replica is removed
 * first, and filled from the beginning; only the first `sync` can be that.
 */
export type Message = { settings: Settings } | { sync: number; isAnew: boolean };

/** What it answers to each `sync`. */
export type Answer = { sync: number } & (Synced | Failed);

/** The replica holds what the primary held at a moment after it was asked. */
export interface Synced {
  /** The number of the last frame; undefined: the primary has written nothing yet. */
  frame: number | undefined;
  /** How many are new. */
  frames: number;
}

export interface Failed {
  fault: ReplicationFault;
}

/**
 * Why a replica is not brought up to date:
 *
 * - `in-use`: another process keeps this file up to date.
 * - `unsupported`: there is no replication library for this system.
 * - `damaged`: the file is no use any more.
 * - `disk`: the file, or what is beside it, cannot be read or written.
 * - `tls`: the primary's certificate is not trusted, or it speaks no TLS.
 * - `refused`: the primary does not take the token.
 * - `unreachable`: the primary does not answer.
 * - `failed`: anything else.
 */
export type ReplicationFault =
  | "in-use"
  | "unsupported"
  | "damaged"
  | "disk"
  | "tls"
  | "refused"
  | "unreachable"
  | "failed";
