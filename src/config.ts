import { z } from "zod";

const text = z.string();
/** A whole number in a range, written in one way only. What was typed is not repeated. */
const whole = (min: number, max: number) => {
  const message = `must be a whole number from ${min} to ${max}`;
  const isInRange = (number: number) => number >= min && number <= max;
  return z
    .string()
    .regex(/^(?:0|[1-9]\d{0,11})$/, message)
    .transform(Number)
    .refine(isInRange, message);
};
const flag = z
  .enum(["true", "false", "1", "0", "yes", "no"], "must be true or false")
  .transform((value) => value === "true" || value === "1" || value === "yes");

const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
const minutes = "must be a number of minutes above 0, up to 1440";

const environmentName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/,
    "a name has letters, digits, _ and -, begins with a letter or digit, and has at most 63 characters",
  );

const environmentNames = text
  .transform((list) =>
    list
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
  )
  .pipe(
    z
      .array(environmentName)
      .min(1, "names no environment")
      .refine((names) => new Set(names).size === names.length, "names an environment twice"),
  );

const databaseUrl = text
  .refine(
    (value) => /^file:./.test(value) || (/^(?:libsql|https?):\/\//.test(value) && URL.canParse(value)),
    "must be file:PATH, or a libsql://, https:// or http:// address",
  )
  .refine(
    (value) => value.startsWith("file:") || !URL.canParse(value) || isPlain(new URL(value)),
    "has a host, a port and a path; a libsql:// address with a port may end in ?tls=0. A token belongs into DATABASE_AUTH_TOKEN",
  );

/** An address is told to people and to logs, so nothing in it may be a secret. */
function isPlain({ protocol, username, password, port, search, hash }: URL): boolean {
  const withoutTls = search === "?tls=0" && ((protocol === "libsql:" && port !== "") || protocol === "http:");
  const withTls = search === "?tls=1" && protocol !== "http:";
  return username + password + hash === "" && (search === "" || withoutTls || withTls);
}

const databaseToken = text.regex(/^[\x21-\x7e]+$/, "a token has no white space and only ASCII characters");

const origin = text.refine(
  (value) => URL.canParse(value) && new URL(value).origin === value && /^https?:/.test(value),
  {
    error: "must be an origin such as https://secrets.example.com, without a path",
  },
);

/** A name that can stand in a cookie and in a header, as Fly's names of machines can. */
const machineName = text.regex(
  /^[A-Za-z0-9-]{1,63}$/,
  "a machine's name (FLY_MACHINE_ID unless MACHINE_ID is set) has letters, digits and -, and at most 63 characters",
);

/** The settings by the names of their environment variables; each has a default that is safe on one machine. */
const schema = z.object({
  AVAILABLE_ENVIRONMENTS: environmentNames.default(["prod"]),
  ADMIN_MASTER_KEY_EXPIRATION: whole(1, 86_400).default(300),
  NB_MINUTES_DECRYPTED_BEFORE_REDIRECT: z
    .string()
    .regex(/^(?:0|[1-9]\d{0,3})(?:\.\d{1,6})?$/, minutes)
    .transform(Number)
    .refine((number) => number > 0 && number <= 1440, minutes)
    .default(5),
  ADMIN_SESSION_EXPIRATION: whole(1, 2_592_000).default(3600),
  ADMIN_PASSWORD: z.string().optional(),
  DATABASE_URL: databaseUrl.default("file:data/secretsfly.db"),
  DATABASE_AUTH_TOKEN: databaseToken.optional(),
  DATABASE_REPLICA_PATH: text.transform((path) => path.replace(/^file:/, "")).optional(),
  DATABASE_SYNC_MILLISECONDS: whole(50, 60_000).default(500),
  HOST: text.default("127.0.0.1"),
  PORT: whole(0, 65_535).default(3000),
  PUBLIC_ORIGIN: origin.optional(),
  CLIENT_IP_HEADER: text
    .regex(/^[A-Za-z0-9-]+$/, "must be the name of a header")
    .toLowerCase()
    .optional(),
  MACHINE_ID: machineName.optional(),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(", ")}`).default("info"),
  VERSIONED_SECRET_VALUES: flag.default(true),
  MAX_SECRET_BYTES: whole(1, 16 * 1024 * 1024).default(1_048_576),
  METRICS: flag.default(false),
});

/** What the program is told from outside. Durations are in the unit that the name or the README says. */
export type Config = z.output<typeof schema>;

/** Settings that cannot be; the message names every fault at once, and no value. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(readonly faults: readonly string[]) {
    super(`these settings cannot be used:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
  }
}

/** Reads the settings from environment variables. Throws ConfigError. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = present({ ...env, MACHINE_ID: env.MACHINE_ID?.trim() || env.FLY_MACHINE_ID });
  const parsed = schema.safeParse(given);
  const faults = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${String(path[0])}: ${message}`);
  // What the schema cannot say of one field alone; looked at even when another field is at fault.
  if (!isLoopback(given.HOST ?? "127.0.0.1") && given.ADMIN_PASSWORD === undefined) {
    faults.push("HOST: it can be reached from other machines, so ADMIN_PASSWORD must be set too");
  }
  if (given.DATABASE_REPLICA_PATH !== undefined && (given.DATABASE_URL ?? "file:").startsWith("file:")) {
    faults.push(
      "DATABASE_REPLICA_PATH: DATABASE_URL is a file, and only of a libSQL server is there a replica",
    );
  }
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  return parsed.data;
}

/** The settings that are given: one that is absent and one that is empty are the same. A password is taken as it is. */
function present(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const names = Object.keys(schema.shape).filter((name) => env[name]?.trim());
  return Object.fromEntries(
    names.map((name) => [name, (name === "ADMIN_PASSWORD" ? env[name] : env[name]?.trim()) ?? ""]),
  );
}

/** Whether a host name or address stays on this machine. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
