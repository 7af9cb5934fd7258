import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { CliError } from "./cli-error.ts";
import { exitCodes } from "./exit-codes.ts";
import { fileFailure, fileName } from "./input.ts";

const forTheOwner = 0o600;

/**
 * Puts a text in the place of a file: complete or not at all, readable by its owner alone, whatever was there before.
 * A link stays one, and the file that it leads to is replaced. What is no file, such as a pipe, is written to.
 *
 * @throws CliError (1) with the reason
 */
export function replaceFile(path: string, text: string): void {
  explained(path, () => {
    const target = existing(path);
    if (target && !target.isFile) {
      writeFileSync(path, text);
      return;
    }
    const file = target?.path ?? path;
    const draft = join(dirname(file), `.secretsfly-${crypto.randomUUID()}`);
    try {
      writeSynced(draft, text);
      renameSync(draft, file);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
  });
}

/**
 * The same for a text that is made a part at a time and may be larger than the memory.
 *
 * @throws CliError (1) with the reason, and what `parts` throws
 */
export async function replaceFileWith(path: string, parts: AsyncIterable<string>): Promise<void> {
  const target = explained(path, () => existing(path));
  const file = target?.path ?? path;
  const isDraft = !target || target.isFile;
  const written = isDraft ? join(dirname(file), `.secretsfly-${crypto.randomUUID()}`) : file;
  const descriptor = explained(path, () => openSync(written, isDraft ? "wx" : "w", forTheOwner));
  try {
    try {
      for await (const part of parts) explained(path, () => writeFileSync(descriptor, part));
      if (isDraft) explained(path, () => fsyncSync(descriptor));
    } finally {
      closeSync(descriptor);
    }
    if (isDraft) explained(path, () => renameSync(written, file));
  } catch (error) {
    if (isDraft) rmSync(written, { force: true });
    throw error;
  }
}

/**
 * Adds a text to the end of a file, on a line of its own; the file is made where there is none, for its owner alone.
 * Where not all of it can be written, the file is cut back to what it was.
 *
 * @throws CliError (1) with the reason
 */
export function appendToFile(path: string, text: string): void {
  explained(path, () => {
    const file = openSync(path, "a+", forTheOwner);
    try {
      const { size } = fstatSync(file);
      try {
        writeFileSync(file, endsInLine(file, size) ? text : `\n${text}`);
      } catch (error) {
        ftruncateSync(file, size);
        throw error;
      }
    } finally {
      closeSync(file);
    }
  });
}

function writeSynced(path: string, text: string): void {
  const file = openSync(path, "wx", forTheOwner);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function existing(path: string): { path: string; isFile: boolean } | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return undefined;
  if (found.isDirectory()) throw Object.assign(new Error("a folder"), { code: "EISDIR" });
  return { path: realpathSync(path), isFile: found.isFile() };
}

function endsInLine(file: number, size: number): boolean {
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last[0] === 0x0a;
}

function explained<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new CliError(`${fileName(path)} cannot be written: ${fileFailure(error)}`, exitCodes.failure);
  }
}
