import { z } from "zod";

/** A setting that is absent and one that is empty are the same. */
const text = z.string().trim();
const seconds = (max: number) => z.coerce.number().int().min(1).max(max);
const flag = z
  .enum(["true", "false", "1", "0", "yes", "no"], "must be true or false")
  .transform((value) => value === "true" || value === "1" || value === "yes");

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

const databaseUrl = text.regex(
  /^(?:file:.+|(?:libsql|https?):\/\/.+)$/,
  "must begin with file:, libsql://, https:// or http://",
);

const origin = text.refine(
  (value) => URL.canParse(value) && new URL(value).origin === value && /^https?:/.test(value),
  {
    error: "must be an origin such as https://secrets.example.com, without a path",
  },
);

/** The settings by the names of their environment variables; each has a default that is safe on one machine. */
const schema = z.object({
  AVAILABLE_ENVIRONMENTS: environmentNames.default(["prod"]),
  ADMIN_MASTER_KEY_EXPIRATION: seconds(86_400).default(300),
  NB_MINUTES_DECRYPTED_BEFORE_REDIRECT: z.coerce.number().positive().max(1440).default(5),
  ADMIN_SESSION_EXPIRATION: seconds(2_592_000).default(3600),
  ADMIN_PASSWORD: z.string().optional(),
  DATABASE_URL: databaseUrl.default("file:data/secretsfly.db"),
  DATABASE_AUTH_TOKEN: text.optional(),
  DATABASE_REPLICA_PATH: text.optional(),
  HOST: text.default("127.0.0.1"),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  PUBLIC_ORIGIN: origin.optional(),
  CLIENT_IP_HEADER: text
    .regex(/^[A-Za-z0-9-]+$/, "must be the name of a header")
    .toLowerCase()
    .optional(),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
  VERSIONED_SECRET_VALUES: flag.default(true),
  MAX_SECRET_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .max(16 * 1024 * 1024)
    .default(1_048_576),
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
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((name) => (env[name] ? [[name, env[name]]] : [])),
  );
  const parsed = schema.safeParse(given);
  const faults = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${String(path[0])}: ${message}`);
  // What the schema cannot say of one field alone; looked at even when another field is at fault.
  const host = env.HOST || "127.0.0.1";
  if (!isLoopback(host) && !env.ADMIN_PASSWORD) {
    faults.push(`HOST: ${host} can be reached from other machines, so ADMIN_PASSWORD must be set too`);
  }
  if (env.DATABASE_REPLICA_PATH) faults.push("DATABASE_REPLICA_PATH: this version has no embedded replicas");
  if (parsed.data?.METRICS) faults.push("METRICS: this version has no metrics");
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  return parsed.data;
}

/** Whether a host name or address stays on this machine. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
