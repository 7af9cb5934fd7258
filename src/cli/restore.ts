import { Command } from "commander";
import type { CopyOptions } from "./command-options.ts";

/** `secretsfly restore`: what it takes and says. What it does is loaded when it is used. */
export function restoreCommand(): Command {
  return new Command("restore")
    .summary("put a backup in the place of the database")
    .description(
      "Checks a backup and puts it where DATABASE_URL says: a file, or an empty database on a server. Stop secretsfly's server before.",
    )
    .argument("<FILE>", "the backup")
    .option("--force", "replace a database with projects, and take a backup with faults")
    .option("--json", "print {file, former, older, head, faultCount, faults}")
    .addHelpText("after", help)
    .action(async (file: string, options: CopyOptions) => {
      const { restore } = await import("./restore-action.ts");
      await restore(file, options);
    });
}

const help = `
A database that is there is never lost: it is kept beside the restored one, as
NAME-before-restore-TIME; remove it when you are sure. Whatever happens, the one
or the other is in the place, whole. FILE stays what it is.

On a database server nothing is replaced, with --force neither: the database
there has to be empty. All rows are copied in portions, and read again; a
terminal is told how far that is. Until it is done, no version of secretsfly
takes for a database what is there. Where it was interrupted, the same command
clears it and begins anew. DATABASE_AUTH_TOKEN has to permit writing.

Who was unsealed is not: start the server, sign in and unseal with the master
key that was valid when the backup was made. Service tokens work as they did
then; one that was revoked since is to be revoked again.

Exit codes:
  0  restored
  1  the database cannot be written; a server's is left for the next restore
  2  FILE is no backup, the database is in use or may not be replaced, or a
     setting is wrong: nothing was changed

Examples:
  secretsfly restore /backups/secretsfly-2026-01-31.db
  DATABASE_URL=file:/srv/secretsfly.db secretsfly restore --force backup.db
  DATABASE_URL=libsql://db.example.com secretsfly restore backup.db
`;
