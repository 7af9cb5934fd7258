import { chownSync, existsSync, lstatSync, mkdirSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { syncFolder } from "./new-file.ts";

/** Whether there is a folder of this path. */
export function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

/**
 * Where a path leads: what is written there has to go where a symbolic link says, also where that is empty yet, as a
 * disk that is new.
 */
export function placeBehind(path: string, hops = 40): string {
  if (existsSync(path)) return realpathSync(path);
  if (hops === 0 || !isLink(path)) return path;
  return placeBehind(resolve(dirname(path), readlinkSync(path)), hops - 1);
}

function isLink(path: string): boolean {
  return isFolder(dirname(path)) && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** Makes a folder with all that is above it, for their owner alone (0700), and lasting. Throws what the file system does. */
export function makeFolder(folder: string): void {
  const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const above = dirname(first);
  for (let made = folder; made !== above; made = dirname(made)) giveToOwnerOf(above, made);
  syncFolder(above);
}

/** Gives a file to whom another one belongs, where root does this for the server's user. */
export function giveToOwnerOf(other: string, file: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(other);
  chownSync(file, uid, gid);
}
