import { readFileSync } from "node:fs";
import { CliError } from "./cli-error.ts";
import type { Environment } from "./environment.ts";
import { errorCode } from "./error-code.ts";
import { exitCodes } from "./exit-codes.ts";

/** More than the server takes in one request, and little enough to hold. */
const maxInputBytes = 64 * 1024 * 1024;

/**
 * Reads a text from a file, or from stdin for `-`.
 *
 * @param env what says whether stdin holds the service token already
 * @throws CliError (2) for a file that cannot be read, and for what is not text in UTF-8; it repeats nothing of it
 */
export async function readInput(path: string, env: Environment): Promise<string> {
  return path === "-" ? await readStdin(env) : toText(readFile(path), path);
}

/** Reads stdin to its end, as text. Throws what `readInput` throws. */
export async function readStdin(env: Environment): Promise<string> {
  if (env.SECRETSFLY_TOKEN_FILE === "-" || env.SECRETSFLY_TOKEN_FD === "0") {
    throw new CliError("stdin cannot be read twice: the service token comes from there", exitCodes.usage);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of Bun.stdin.stream()) {
    size += chunk.byteLength;
    if (size > maxInputBytes) throw tooLarge("stdin");
    chunks.push(chunk);
  }
  return toText(Buffer.concat(chunks), "stdin");
}

function readFile(path: string): Uint8Array {
  try {
    const bytes = readFileSync(path);
    if (bytes.byteLength > maxInputBytes) throw tooLarge(path);
    return bytes;
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`${fileName(path)} cannot be read: ${fileFailure(error)}`, exitCodes.usage);
  }
}

/** What a message calls a file. A variable that is not set leaves the empty name. */
export function fileName(path: string): string {
  return path || '""';
}

/** Why something with a file failed, in words, from the code of the error alone. */
export function fileFailure(error: unknown): string {
  const code = errorCode(error);
  return reasons[code] ?? code;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  ENOTDIR: "there is no such file or folder",
  EISDIR: "it is a folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EBUSY: "it is in use, or mounted by itself",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
};

function tooLarge(source: string): CliError {
  return new CliError(`${source} is larger than ${maxInputBytes / 1024 ** 2} MiB`, exitCodes.usage);
}

/** A byte order mark is part of a text; whoever reads a format knows what to do with it. */
function toText(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CliError(`${source} is not text in UTF-8`, exitCodes.usage);
  }
}
