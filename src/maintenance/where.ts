import { resolve } from "node:path";
import { ConfigError, parseConfig } from "../config.ts";
import {
  connect,
  type Database,
  type DatabaseSettings,
  databaseFile,
  fileFault,
  isFileFault,
} from "../database/connect.ts";
import { serverFault } from "../database/server-fault.ts";
import { MaintenanceError } from "./maintenance-error.ts";

/** Where the database is: a file, or what the environment says, which is the same that the server is given. */
export interface Where {
  file: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
}

/** What is known of a place without asking it. */
interface PlaceBase {
  /** What messages call it: the path of the file, or the host of the server. */
  place: string;
  /** Why something that was asked of it failed, in words that quote no row; undefined for an error that is not its own. */
  fault(error: unknown): string | undefined;
}

/** A database file; `place` is its path. */
export interface FilePlace extends PlaceBase {
  kind: "file";
}

/** A database server. */
export interface Server extends PlaceBase {
  kind: "server";
  /** To write to it. Asks it nothing yet. */
  connect(): Database;
}

/**
 * Only where the database is: what else the server needs may be missing here.
 *
 * @throws MaintenanceError for settings that say no place
 */
export function settingsOf({ file, env }: Where): DatabaseSettings {
  if (file !== undefined) return { databaseUrl: `file:${resolve(file)}`, databaseAuthToken: undefined };
  const { DATABASE_URL, DATABASE_AUTH_TOKEN } = env;
  try {
    const config = parseConfig({ DATABASE_URL, DATABASE_AUTH_TOKEN });
    return { databaseUrl: config.DATABASE_URL, databaseAuthToken: config.DATABASE_AUTH_TOKEN };
  } catch (error) {
    if (error instanceof ConfigError) throw new MaintenanceError(error.message);
    throw error;
  }
}

/** The place that settings name. */
export function placeIn(settings: DatabaseSettings): FilePlace | Server {
  const { databaseUrl, databaseAuthToken } = settings;
  const file = databaseFile(databaseUrl);
  if (file !== undefined) {
    const fault = (error: unknown) => (isFileFault(error) ? fileFault(error) : undefined);
    return { kind: "file", place: file, fault };
  }
  return {
    kind: "server",
    place: new URL(databaseUrl).host,
    fault: (error) => serverFault(error, databaseAuthToken !== undefined),
    connect: () => connect(settings),
  };
}

/** The place that is meant. Throws MaintenanceError for settings that say none. */
export function placeOf(where: Where): FilePlace | Server {
  return placeIn(settingsOf(where));
}
