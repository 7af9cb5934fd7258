import { Argument, Command } from "commander";
import type { AuditExportOptions, AuditVerifyOptions } from "./command-options.ts";

/** `secretsfly audit`: looks at the audit in the database itself, without a server. */
export function auditCommand(): Command {
  return new Command("audit")
    .summary("verify and export the audit of a database")
    .description("Looks at the audit in the database itself. It needs no key, and no server.")
    .addHelpText("after", groupHelp)
    .addCommand(verifyCommand())
    .addCommand(exportCommand());
}

/** `[FILE]`: the database, in a command that looks at one. */
export function databaseArgument(): Argument {
  return new Argument("[FILE]", "a database file, such as a backup; else what DATABASE_URL says");
}

function verifyCommand(): Command {
  return new Command("verify")
    .summary("find events that were changed, removed or put elsewhere")
    .description("Follows the chain of the audit: each event holds the hash of the one before.")
    .addArgument(databaseArgument())
    .option("--head <HEAD>", "a head that you have kept: fail unless it is still in the chain")
    .option("--json", "print {whole, events, firstAt, newestAt, head, hash, fault, missingHead}")
    .addHelpText("after", verifyHelp)
    .action(async (file: string | undefined, options: AuditVerifyOptions) => {
      const { verify } = await import("./audit-action.ts");
      await verify(file, options);
    });
}

function exportCommand(): Command {
  return new Command("export")
    .summary("print all events as JSON lines")
    .description("Prints all events of the audit, oldest first, one JSON object a line.")
    .addArgument(databaseArgument())
    .option(
      "-o, --output <OUTPUT>",
      "write to this file instead of stdout: complete or not at all, for you alone (0600)",
    )
    .addHelpText("after", exportHelp)
    .action(async (file: string | undefined, options: AuditExportOptions) => {
      const { exportEvents } = await import("./audit-action.ts");
      await exportEvents(file, options);
    });
}

const groupHelp = `
Both read the database only, also while a server has it open. Whoever can read
it sees the names of secrets in the audit, and never a value.
`;

const verifyHelp = `
The chain alone does not show that its newest events were cut off, or that all
of it was computed anew. A head does: keep the one that this command prints,
that the page "Audit" shows, or that the server logs at its start, at its stop
and once an hour, where nobody who can write to the database can change it.
HEAD is ID:HASH as it is printed, HASH alone, or the hash of an exported event.

Exit codes:
  0  whole, and HEAD is in it
  1  broken, or HEAD is not in it; the first event at fault is named
  2  an option or a setting is wrong, or the database cannot be read

Examples:
  secretsfly audit verify
  secretsfly audit verify --head 1234:9f86d081... data/secretsfly.db
  DATABASE_URL=libsql://db.example.com secretsfly audit verify --json
`;

const exportHelp = `
A line has id, at (milliseconds since 1970), actor, action, projectId,
projectName, environment, name, address, requestId and hash, which is

  SHA-256(hash of the line before, 32 bytes | the UTF-8 of the JSON array
          [id,at,actor,action,projectId,projectName,environment,name,
          address,requestId], without white space)

in hex; before the first line there are 32 zero bytes. So another program can
check the chain.

Exit codes:
  0  exported
  1  OUTPUT cannot be written
  2  an option or a setting is wrong, or the database cannot be read

Examples:
  secretsfly audit export -o audit.jsonl
  secretsfly audit export backup.db | jq -c 'select(.action == "secret.set")'
`;
