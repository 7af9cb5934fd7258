#!/usr/bin/env bun
import { CommanderError } from "commander";
import { RequestError } from "../client/request-error.ts";
import { CliError } from "./cli-error.ts";
import { exitCodes } from "./exit-codes.ts";
import { visibleLines, writeNote } from "./output.ts";
import { createProgram } from "./program.ts";

/** Says what went wrong on stderr, and returns the exit code for it. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // Commander has written the help, the version or the fault itself.
    return error.exitCode === 0 ? 0 : exitCodes.usage;
  }
  if (error instanceof Error && "code" in error && error.code === "EPIPE") return 0;
  if (error instanceof CliError) {
    writeNote(visibleLines(error.message));
    return error.exitCode;
  }
  if (error instanceof RequestError) {
    writeNote(visibleLines(error.message));
    return exitCodes.failure;
  }
  // The message of an error that nobody foresaw may quote what it was given.
  const name = error instanceof Error ? error.name : typeof error;
  process.stderr.write(`secretsfly: unexpected ${name}; this is a fault in secretsfly\n`);
  return exitCodes.failure;
}

try {
  // `replicaCommand` of database/replica/syncer.ts, which the server of this executable starts: nobody types it.
  if (process.argv[2] === "replica-process" && process.send)
    await import("../database/replica/replica-process.ts");
  else await runProgram();
} catch (error) {
  process.exitCode = report(error);
}

async function runProgram(): Promise<void> {
  const program = await createProgram(process.argv[2]);
  await program.parseAsync();
}
