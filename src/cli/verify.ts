import { Command } from "commander";
import { databaseArgument } from "./audit.ts";
import type { VerifyCommandOptions } from "./command-options.ts";

/** `secretsfly verify`: what it takes and says. What it does is loaded when it is used. */
export function verifyCommand(): Command {
  return new Command("verify")
    .summary("find out whether a database or a backup is whole")
    .description(
      "Looks whether a database is whole. With the master keys it opens all that is sealed, and rebuilds each view.",
    )
    .addArgument(databaseArgument())
    .option("--master-key-stdin", "open what is sealed: a master key a line on stdin, or asked for")
    .option("--json", "print {whole, file, ..., audit, opened, faultCount, faults}")
    .addHelpText("after", help)
    .action(async (file: string | undefined, options: VerifyCommandOptions) => {
      const { verify } = await import("./verify-action.ts");
      await verify(file, options);
    });
}

const help = `
Without a key: SQLite's own checks, the schema, the tree of projects, the
versions of each secret, what views and service tokens say without being opened,
and the chain of the audit ("secretsfly audit verify --head" finds more). With
master keys, of the root projects that they open: every version and every view,
compared with what the versions say. Faults are told by their place, never with
a value.

It only reads, also while servers have the database open, and looks at one
moment of it; on a database server in one transaction. A file of an older
version is looked at in a copy below TMPDIR, and no head is told of it where
that version had none. A server with
VERSIONED_SECRET_VALUES=false keeps the newest version of a secret alone: set
that here too, or the others are missed.

Exit codes:
  0  whole
  1  broken, or a master key opens no root project
  2  an option or a setting is wrong, or the database cannot be read

Examples:
  secretsfly verify
  secretsfly verify /backups/secretsfly-2026-01-31.db
  pass show shop/master-key | secretsfly verify backup.db --master-key-stdin
  DATABASE_URL=libsql://db.example.com secretsfly verify
`;
