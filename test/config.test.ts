import { describe, expect, test } from "bun:test";
import { ConfigError, isLoopback, parseConfig } from "../src/config.ts";

const defaults = {
  AVAILABLE_ENVIRONMENTS: ["prod"],
  ADMIN_MASTER_KEY_EXPIRATION: 300,
  NB_MINUTES_DECRYPTED_BEFORE_REDIRECT: 5,
  ADMIN_SESSION_EXPIRATION: 3600,
  DATABASE_URL: "file:data/secretsfly.db",
  DATABASE_SYNC_MILLISECONDS: 500,
  HOST: "127.0.0.1",
  PORT: 3000,
  LOG_LEVEL: "info",
  VERSIONED_SECRET_VALUES: true,
  MAX_SECRET_BYTES: 1_048_576,
  METRICS: false,
} as const;

/** Every setting, one that does not fit: what would be terrible to see in a log among them. */
const wrong = {
  AVAILABLE_ENVIRONMENTS: "dev,can ary",
  ADMIN_MASTER_KEY_EXPIRATION: "canary",
  NB_MINUTES_DECRYPTED_BEFORE_REDIRECT: "canary",
  ADMIN_SESSION_EXPIRATION: "canary",
  DATABASE_URL: "postgres://admin:canary@db/app",
  DATABASE_SYNC_MILLISECONDS: "canary",
  HOST: "canary.example.com",
  PORT: "canary",
  PUBLIC_ORIGIN: "https://canary.example.com/path",
  CLIENT_IP_HEADER: "canary: 1",
  MACHINE_ID: "canary.1",
  LOG_LEVEL: "canary",
  VERSIONED_SECRET_VALUES: "canary",
  MAX_SECRET_BYTES: "canary",
  METRICS: "canary",
};

function faults(env: Record<string, string>): readonly string[] {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

/** The settings that are at fault. */
const atFault = (env: Record<string, string>) => faults(env).map((fault) => fault.split(":")[0] as string);

describe("the settings", () => {
  test("have safe defaults, and take nothing but themselves from the environment", () => {
    expect(parseConfig({}) as object).toEqual(defaults);
    expect(parseConfig({ PATH: "/bin", HOME: "/root", port: "1" }) as object).toEqual(defaults);
  });

  test("that are empty are as if they were absent", () => {
    const empty = Object.fromEntries(
      [...Object.keys(wrong), "ADMIN_PASSWORD", "DATABASE_AUTH_TOKEN"].map((name) => [name, ""]),
    );
    expect(parseConfig(empty) as object).toEqual(defaults);
  });

  test("are read as what they are", () => {
    const config = parseConfig({
      AVAILABLE_ENVIRONMENTS: " dev, staging ,prod,",
      ADMIN_MASTER_KEY_EXPIRATION: "60",
      NB_MINUTES_DECRYPTED_BEFORE_REDIRECT: "0.5",
      ADMIN_PASSWORD: " with spaces ",
      DATABASE_URL: "libsql://db.example.com",
      DATABASE_AUTH_TOKEN: "token",
      DATABASE_REPLICA_PATH: "data/replica.db",
      DATABASE_SYNC_MILLISECONDS: "250",
      HOST: "0.0.0.0",
      PORT: "0",
      PUBLIC_ORIGIN: "https://secrets.example.com",
      CLIENT_IP_HEADER: "Fly-Client-IP",
      MACHINE_ID: " one ",
      LOG_LEVEL: "debug",
      VERSIONED_SECRET_VALUES: "false",
      MAX_SECRET_BYTES: "1000",
    });
    expect(config as object).toEqual({
      ...defaults,
      AVAILABLE_ENVIRONMENTS: ["dev", "staging", "prod"],
      ADMIN_MASTER_KEY_EXPIRATION: 60,
      NB_MINUTES_DECRYPTED_BEFORE_REDIRECT: 0.5,
      ADMIN_PASSWORD: " with spaces ",
      DATABASE_URL: "libsql://db.example.com",
      DATABASE_AUTH_TOKEN: "token",
      DATABASE_REPLICA_PATH: "data/replica.db",
      DATABASE_SYNC_MILLISECONDS: 250,
      HOST: "0.0.0.0",
      PORT: 0,
      PUBLIC_ORIGIN: "https://secrets.example.com",
      CLIENT_IP_HEADER: "fly-client-ip",
      MACHINE_ID: "one",
      LOG_LEVEL: "debug",
      VERSIONED_SECRET_VALUES: false,
      MAX_SECRET_BYTES: 1000,
    });
  });

  test("say yes and no in the usual ways", () => {
    for (const yes of ["true", "1", "yes"])
      expect(parseConfig({ VERSIONED_SECRET_VALUES: yes }).VERSIONED_SECRET_VALUES).toBe(true);
    for (const no of ["false", "0", "no"])
      expect(parseConfig({ VERSIONED_SECRET_VALUES: no }).VERSIONED_SECRET_VALUES).toBe(false);
  });
});

describe("settings that cannot be", () => {
  test("are all told at once, by name and never by value", () => {
    expect(new Set(atFault(wrong))).toEqual(new Set(Object.keys(wrong)));
    let message = "";
    try {
      parseConfig({ ...wrong, ADMIN_PASSWORD: "", DATABASE_AUTH_TOKEN: "canary token" });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain("PORT: ");
    expect(message).not.toMatch(/canary|can ary/);
  });

  test("a replica is of a database on a server", () => {
    const path = { DATABASE_REPLICA_PATH: "data/replica.db" };
    expect(atFault(path)).toEqual(["DATABASE_REPLICA_PATH"]);
    expect(atFault({ ...path, DATABASE_URL: "file:data/secretsfly.db" })).toEqual(["DATABASE_REPLICA_PATH"]);
    expect(atFault({ ...path, DATABASE_URL: "http://127.0.0.1:8080" })).toEqual([]);
  });

  const cases: [name: string, values: readonly string[]][] = [
    ["DATABASE_SYNC_MILLISECONDS", ["0", "49", "60001", "0.5"]],
    ["PORT", ["-1", "65536", "80.5", "http", "3000a"]],
    [
      "AVAILABLE_ENVIRONMENTS",
      [",", "prod,prod", "dev,prod, dev", "a b", "a|b", "a/b", "-a", "é", "x".repeat(64)],
    ],
    [
      "PUBLIC_ORIGIN",
      [
        "secrets.example.com",
        "https://a.example/",
        "https://a.example/path",
        "ftp://a.example",
        "https://user:pass@a.example",
      ],
    ],
    [
      "DATABASE_URL",
      [
        ...["file:", "data/secretsfly.db", "postgres://db", "https://", ":memory:"],
        ...["libsql://db.example.com?authToken=x", "https://user:pass@db.example.com"],
        ...["libsql://db.example.com?tls=0", "http://db.example.com?tls=1", "https://db.example.com?tls=0"],
        ...["libsql://db.example.com?tls=2", "https://db.example.com#a"],
      ],
    ],
    ["DATABASE_AUTH_TOKEN", ["a b", "a\nb", "tökén"]],
    ["ADMIN_MASTER_KEY_EXPIRATION", ["0", "-5", "1.5", "86401", "5m"]],
    ["ADMIN_SESSION_EXPIRATION", ["0", "1h"]],
    ["NB_MINUTES_DECRYPTED_BEFORE_REDIRECT", ["0", "-1", "1441"]],
    ["MAX_SECRET_BYTES", ["0", "1MB", "16777217"]],
    ["LOG_LEVEL", ["verbose", "INFO"]],
    ["VERSIONED_SECRET_VALUES", ["2", "on", "maybe"]],
    ["CLIENT_IP_HEADER", ["a b", "a:b"]],
  ];
  for (const [name, values] of cases) {
    test(`are refused: ${name}`, () => {
      for (const value of values) {
        const found = faults({ [name]: value });
        expect([value, found.length, found[0]?.startsWith(`${name}: `)]).toEqual([value, 1, true]);
      }
    });
  }

  test("are refused: a HOST that others reach without ADMIN_PASSWORD", () => {
    for (const host of [
      "0.0.0.0",
      "::",
      "192.168.1.5",
      "secrets.example.com",
      "127.0.0.1.example.com",
      "localhost.example.com",
    ]) {
      expect(atFault({ HOST: host })).toEqual(["HOST"]);
      expect(atFault({ HOST: host, ADMIN_PASSWORD: "set" })).toEqual([]);
    }
    for (const host of ["127.0.0.1", "127.9.9.9", "localhost", "::1"])
      expect(atFault({ HOST: host })).toEqual([]);
  });

  test("are told in whole sentences on lines of their own", () => {
    let message = "";
    try {
      parseConfig({ PORT: "x", LOG_LEVEL: "x" });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message.split("\n")).toHaveLength(3);
    expect(message).toStartWith("these settings cannot be used:\n  ");
  });
});

test("loopback is this machine by name or by address, and nothing that only looks like it", () => {
  for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
    expect(isLoopback(host)).toBe(true);
  for (const host of ["", "0.0.0.0", "::", "127.0.0.1.nip.io", "localhost.", "128.0.0.1", "127.0.0"]) {
    expect(isLoopback(host)).toBe(false);
  }
});
