/**
 * Fills a fresh database with an invented company, to try the program on: `bun run demo`.
 *
 *     DATABASE_URL=file:data/demo.db bun run demo
 */

import { ConfigError } from "../src/config.ts";
import { BusyError } from "../src/database/busy.ts";
import { DatabaseError } from "../src/database/connect.ts";
import { MigrationError } from "../src/database/migrate.ts";
import { type Demo, demoSettings, fillDemo, NotEmptyError } from "./fill.ts";

/** How to start a server on it, as it is typed into a shell. */
function startCommand(databaseUrl: string | undefined): string {
  const settings = [
    ...Object.entries(demoSettings),
    ...(databaseUrl ? [["DATABASE_URL", `'${databaseUrl.replaceAll("'", "'\\''")}'`]] : []),
  ];
  return [...settings.map(([name, value]) => `${name}=${value}`), "bun start"].join(" ");
}

function report({ masterKeys, serviceToken }: Demo, databaseUrl: string | undefined): string {
  const keys = [...masterKeys].map(([name, key]) => `    ${name.padEnd(16)} ${key}`);
  return [
    "The database is filled with an invented company: three months of secrets, tokens and audit.",
    "",
    "  Start a server on it:",
    `    ${startCommand(databaseUrl)}`,
    "",
    "  Master keys, shown this once:",
    ...keys,
    "",
    "  A service token that reads the production secrets of Fernhill Books / api, shown this once:",
    `    ${serviceToken}`,
    "",
    "",
  ].join("\n");
}

const notEmpty = (databaseUrl: string | undefined) =>
  [
    `${databaseUrl || "the database"} has projects already, and the demo is for a fresh one. Nothing was changed.`,
    "  DATABASE_URL=file:data/demo.db bun run demo",
  ].join("\n");

/** Why it was not filled, in words that say what to mend; undefined for what is a fault of the program's. */
function faultOf(error: unknown, databaseUrl: string | undefined): string | undefined {
  if (error instanceof NotEmptyError) return notEmpty(databaseUrl);
  const isTold = [ConfigError, DatabaseError, MigrationError, BusyError].some(
    (kind) => error instanceof kind,
  );
  return isTold ? (error as Error).message : undefined;
}

// What this process creates is its owner's alone, SQLite's side files included.
process.umask(0o077);
const { DATABASE_URL } = process.env;
try {
  process.stdout.write(report(await fillDemo(process.env, Date.now()), DATABASE_URL));
} catch (error) {
  const fault = faultOf(error, DATABASE_URL);
  if (fault === undefined) throw error;
  process.stderr.write(`demo: ${fault}\n`);
  process.exitCode = 1;
}
