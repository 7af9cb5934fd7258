import { Command } from "commander";
import type { CopyOptions } from "./command-options.ts";

/** `secretsfly backup`: what it takes and says. What it does is loaded when it is used. */
export function backupCommand(): Command {
  return new Command("backup")
    .summary("write the database into one file, while the server runs")
    .description(
      "Writes the database of DATABASE_URL, as it is at one moment, into FILE, and checks what it wrote.",
    )
    .argument("<FILE>", "the backup: a file that is not there yet")
    .option("--force", "replace FILE where it is there")
    .option("--json", "print {file, bytes, whole, head, faultCount, faults}")
    .addHelpText("after", help)
    .action(async (file: string, options: CopyOptions) => {
      const { backup } = await import("./backup-action.ts");
      await backup(file, options);
    });
}

const help = `
Servers go on reading and writing meanwhile. FILE is for you alone (0600), and
appears complete or not at all. It holds all that the database holds, and
nothing that was deleted from it.

Where DATABASE_URL names a database server, all of it is read in one
transaction, for which a token that only reads is enough. FILE is a database
file then, too.

A backup holds no key: whoever has it sees the names of projects and secrets and
the audit, and no value. To read a value takes the master key, so keep that
elsewhere: without it a backup is of no use to you either.

Exit codes:
  0  written, and whole
  1  FILE cannot be written; or it was, and the database has faults
  2  FILE is there already, a setting is wrong, or the database cannot be read

Examples:
  secretsfly backup "/backups/secretsfly-$(date +%F).db"
  secretsfly backup --force /backups/newest.db
`;
