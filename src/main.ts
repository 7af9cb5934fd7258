import { type Config, ConfigError, parseConfig } from "./config.ts";
import { type Bytes, concat, type Random, systemRandom, toBytes } from "./cryptography/bytes.ts";
import { BusyError, whenNotBusy } from "./database/busy.ts";
import { type Database, DatabaseError, databaseFile, serverPatience } from "./database/connect.ts";
import { foreignWrites } from "./database/foreign-writes.ts";
import { Freshness } from "./database/freshness.ts";
import { localClient } from "./database/local-client.ts";
import { MigrationError } from "./database/migrate.ts";
import { ReplicaClient } from "./database/replica/replica-client.ts";
import { isFaultOfPrimary } from "./database/storage-fault.ts";
import { StorageHealth } from "./database/storage-health.ts";
import { SecretsflyError } from "./errors.ts";
import { createHandler } from "./http/app.ts";
import type { AppDeps } from "./http/app-env.ts";
import { createLogger, type Logger, loggable } from "./logger.ts";
import { openDatabase } from "./open-database.ts";
import { Guesses } from "./sessions/guesses.ts";
import { Rotations } from "./sessions/rotations.ts";
import { Sessions } from "./sessions/sessions.ts";
import { system, Upkeep } from "./upkeep.ts";
import { readBlinding } from "./vault/audit-head.ts";
import { ChangeFeed } from "./vault/change-feed.ts";
import { createEnvironments } from "./vault/environments.ts";
import { HeadLog } from "./vault/head-log.ts";
import { KnownTokens } from "./vault/known-tokens.ts";
import { TokenUsage } from "./vault/token-usage.ts";
import type { Vault } from "./vault/vault.ts";
import { WriteQueue } from "./vault/write-queue.ts";

/** How often the sweeper seals what is over, the counters are written and listeners are looked after, in milliseconds. */
const tick = 1000;
/** How long requests may take to end after SIGTERM, in milliseconds; all must be over within five seconds. */
const drain = 3000;
/** How long the last counts may take, in milliseconds. */
const lastFlush = 1000;

/** A server that listens. */
export interface RunningServer {
  /** Where it listens, such as `http://127.0.0.1:3000`. */
  url: string;
  /** Stops accepting, lets requests end, forgets every key, writes what was counted, closes the database. */
  stop(): Promise<void>;
}

/**
 * Config → database → services → app → socket. Throws DatabaseError, MigrationError, BusyError, SecretsflyError `busy`, or what
 * `Bun.serve` throws for a port that is taken; then nothing is left open.
 */
export async function start(config: Config, logger: Logger): Promise<RunningServer> {
  const clock = Date.now;
  const db = await openDatabase(config, logger, clock);
  try {
    const services = await createServices(config, db, clock, systemRandom, () => performance.now());
    const heads = new HeadLog(db, clock, (head) => logHead(logger, head));
    await heads.tick();
    const server = Bun.serve({
      hostname: config.HOST,
      port: config.PORT,
      // The app has limits of its own, and answers what is larger as it answers any other fault.
      maxRequestBodySize: 2 ** 40,
      idleTimeout: idleTimeoutOf(config),
      development: false,
      // Outside of development Bun would share a port that is taken, with half of the requests going to each.
      reusePort: false,
      fetch: createHandler({ config, logger, ...services }).handle,
      error: (error) => {
        logger.error(loggable(error), "request failed outside of the app");
        return new Response("Internal error\n", { status: 500 });
      },
    });
    const upkeep = new Upkeep({ ...services, heads, logger });
    const sweeper = setInterval(() => upkeep.tick(), tick);
    return {
      url: urlOf(config, server.port),
      stop: () => stop({ server, services, heads, upkeep, logger }, sweeper),
    };
  } catch (error) {
    db.$client.close();
    throw error;
  }
}

type Services = Pick<
  AppDeps,
  "vault" | "sessions" | "rotations" | "guesses" | "knownTokens" | "usage" | "changes"
>;

/**
 * What the app stands on, over a migrated database. Adds the environments that the settings name.
 *
 * @param steady - milliseconds from whenever, which nobody can set as they can set the clock
 */
export async function createServices(
  config: Config,
  db: Database,
  clock: () => number,
  random: Random,
  steady = clock,
): Promise<Services> {
  const file = databaseFile(config.DATABASE_URL);
  const freshness = new Freshness(localClient(db.$client), steady);
  if (db.$client instanceof ReplicaClient) db.$client.onChange(() => freshness.changed());
  const changes = new ChangeFeed(db, clock, foreignWrites(file, db.$client), () => freshness.changed());
  const vault: Vault = {
    db,
    clock,
    random,
    writes: new WriteQueue(),
    storage: new StorageHealth(),
    written(rootIds) {
      freshness.changed(rootIds);
      changes.poke();
    },
    settings: {
      availableEnvironments: config.AVAILABLE_ENVIRONMENTS,
      maxSecretBytes: config.MAX_SECRET_BYTES,
      versionedSecretValues: config.VERSIONED_SECRET_VALUES,
    },
  };
  await createEnvironments(vault, system).catch((error: unknown) => {
    const { fault } = vault.storage;
    // Without its primary a replica is read all the same; they are added once that is back.
    if (!fault || !isFaultOfPrimary(fault)) throw error;
  });
  const sessions = new Sessions(
    { sessionExpiration: config.ADMIN_SESSION_EXPIRATION, machine: config.MACHINE_ID },
    clock,
    random,
    steady,
  );
  const guesses = new Guesses(vault, await browserMaterial(config, vault));
  const knownTokens = new KnownTokens(freshness, steady);
  const [rotations, usage] = [new Rotations(), new TokenUsage(db, clock)];
  return { vault, sessions, rotations, guesses, knownTokens, usage, changes };
}

/**
 * What the cookies of known browsers are made with: of the database and of the password, so that neither alone makes
 * one, and a new password makes every browser a stranger.
 */
async function browserMaterial({ ADMIN_PASSWORD }: Config, { db, random }: Vault): Promise<Bytes> {
  return concat((await readBlinding(db)) ?? random(32), toBytes(ADMIN_PASSWORD ?? ""));
}

/**
 * How long nothing may be sent on a connection, in seconds; the bytes of a request that does not end are no activity. What
 * may take longer says so (keepConnection). Who writes to a database server that takes the write and does not answer is
 * to hear that nobody knows what became of it, and not to be cut off before.
 */
export function idleTimeoutOf({ DATABASE_URL }: Pick<Config, "DATABASE_URL">): number {
  const [usual, afterServer] = [10, 10];
  return databaseFile(DATABASE_URL) === undefined ? serverPatience / 1000 + afterServer : usual;
}

function urlOf({ HOST }: Config, port: number | undefined): string {
  return `http://${HOST.includes(":") && !HOST.startsWith("[") ? `[${HOST}]` : HOST}:${port}`;
}

function logHead(logger: Logger, head: string | undefined): void {
  if (head !== undefined) logger.info({ head }, "the head of the audit");
  else logger.warn("the head of the audit cannot be told: what blinds it was removed from the database");
}

/** What a server that listens is made of. */
interface Running {
  server: Bun.Server<undefined>;
  services: Services;
  heads: HeadLog;
  upkeep: Upkeep;
  logger: Logger;
}

async function stop({ server, services, heads, upkeep, logger }: Running, sweeper: Timer): Promise<void> {
  const { vault, sessions, usage, changes } = services;
  const end = performance.now() + drain + lastFlush;
  clearInterval(sweeper);
  const stopped = server.stop();
  // They would never end by themselves.
  changes.close();
  server.closeIdleConnections();
  await Promise.race([stopped, Bun.sleep(drain)]);
  await server.stop(true);
  // Not before: what somebody has just sent needs the keys of its session.
  sessions.clear();
  // Counts are worth a moment and not a late end: what cannot be written by then is lost.
  const flushed = whenNotBusy(lastFlush, () => usage.flush()).catch((error: unknown) => {
    logger.warn(loggable(error), "the last reads of service tokens could not be written");
  });
  const told = heads.now().catch((error: unknown) => {
    logger.warn(loggable(error), "the head of the audit could not be read");
  });
  const forgotten = upkeep.forgetSealed();
  await Promise.race([Promise.all([flushed, told]), Bun.sleep(lastFlush)]);
  // A slow machine takes longer than that to overwrite them, and has what the requests have left of the time.
  await Promise.race([forgotten, Bun.sleep(Math.max(0, end - performance.now()))]);
  vault.db.$client.close();
}

/** Runs the server until SIGTERM or SIGINT, as `secretsfly serve` and `bun start` do. Ends the process. */
export async function serve(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  // What this process creates is its owner's alone, SQLite's side files included.
  process.umask(0o077);
  try {
    const config = parseConfig(env);
    const logger = createLogger(config.LOG_LEVEL);
    const server = await start(config, logger);
    let isStopping = false;
    const end = (signal: string) => {
      // A terminal signals all that runs in it, and some of those pass it on. It is over soon anyway.
      if (isStopping) return;
      isStopping = true;
      logger.info({ signal }, "stopping");
      server.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          logger.error(loggable(error), "could not stop cleanly");
          process.exit(1);
        },
      );
    };
    process.on("SIGTERM", () => end("SIGTERM"));
    process.on("SIGINT", () => end("SIGINT"));
    // Not before: whoever reads it may ask for the end at once.
    process.stdout.write(greeting(server.url, config));
  } catch (error) {
    process.stderr.write(`secretsfly: ${startFault(error, env)}\n`);
    process.exit(1);
  }
}

function greeting(url: string, config: Config): string {
  const pages = config.PUBLIC_ORIGIN ?? url;
  const who = config.ADMIN_PASSWORD
    ? "sign in with ADMIN_PASSWORD"
    : "open to this machine only: no ADMIN_PASSWORD is set";
  return [
    `secretsfly is listening on ${url}`,
    "",
    `  Next: open ${pages} in a browser`,
    `  (${who}).`,
    "  Create a root project, add a secret, create a service token, and start your",
    "  app with its secrets (`bun run build` makes dist/secretsfly):",
    "",
    "  read -rs SECRETSFLY_TOKEN && export SECRETSFLY_TOKEN    # paste the token",
    `  export SECRETSFLY_API_BASE_URL=${pages}/api`,
    "  secretsfly run -- your-command",
    "",
    "",
  ].join("\n");
}

/** Why it did not start, in words that say what to mend. */
function startFault(error: unknown, env: Readonly<Record<string, string | undefined>>): string {
  if (
    error instanceof ConfigError ||
    error instanceof DatabaseError ||
    error instanceof MigrationError ||
    error instanceof BusyError ||
    error instanceof SecretsflyError
  )
    return error.message;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const place = `${env.HOST || "127.0.0.1"}:${env.PORT || 3000}`;
  if (code === "EADDRINUSE")
    return `the port is in use: something listens on ${place} already; set PORT to another`;
  if (code === "EACCES") return `not allowed to listen on ${place}; choose a PORT above 1023`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND" || code === "EINVAL")
    return `cannot listen on ${place}: HOST is no address of this machine`;
  return `could not start: ${JSON.stringify(loggable(error), null, 2)}`;
}

if (import.meta.main) await serve(process.env);
