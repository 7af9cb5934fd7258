import { cpSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs a command of the system; false where it is not there, or refuses. */
function run(...cmd: string[]): boolean {
  try {
    return Bun.spawnSync({ cmd, stdin: "ignore", stdout: "ignore", stderr: "ignore" }).success;
  } catch {
    return false;
  }
}

/** Whether this user may mount a disk in memory here: as root outside of a container, mostly. */
export const canMount = (() => {
  const probe = mkdtempSync(join(tmpdir(), "secretsfly-mount-"));
  try {
    return mountMemory(probe, "64k") && run("umount", probe);
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
})();

/** Whether files can be made immutable here: as root, on ext4 and its like. */
export const canFreeze = (() => {
  const probe = mkdtempSync(join(tmpdir(), "secretsfly-freeze-"));
  const file = join(probe, "file");
  try {
    cpSync(import.meta.path, file);
    return run("chattr", "+i", file) && run("chattr", "-i", file);
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
})();

/** Whether a disk with a file system on it can be made of a file and mounted here. */
export const canFormat = (() => {
  const probe = mkdtempSync(join(tmpdir(), "secretsfly-format-"));
  try {
    formattedDisk(join(probe, "image"), join(probe, "disk")).detach();
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
})();

/** Says why tests are left out where they are: what cannot be done here is not held here. */
export function sayWhatIsLeftOut(can: boolean, what: string): void {
  if (!can) process.stderr.write(`left out, since ${what} is not permitted here\n`);
}

function mountMemory(path: string, size: string): boolean {
  return run("mount", "-t", "tmpfs", "-o", `size=${size},mode=0700`, "secretsfly-test", path);
}

/** A small disk at a path that is made. `using` takes it away, whoever uses it. */
export function smallDisk(path: string, size: string): Disposable {
  mkdirSync(path, { recursive: true });
  if (!mountMemory(path, size)) throw new Error(`cannot mount ${path}`);
  return { [Symbol.dispose]: () => void run("umount", "-l", path) };
}

/** Shows a folder at another path too, as a disk that is there; `detach` takes it away whoever uses it. */
export function attach(folder: string, path: string): { detach(): void } {
  mkdirSync(path, { recursive: true });
  if (!run("mount", "--bind", folder, path)) throw new Error(`cannot mount ${path}`);
  return { detach: () => void run("umount", "-l", path) };
}

/** Makes files immutable, for root too and for who has them open; or lets them be changed again. */
export function setFrozen(isFrozen: boolean, ...files: string[]): void {
  if (!run("chattr", isFrozen ? "+i" : "-i", ...files)) throw new Error("chattr refuses");
}

/** A disk with ext4 on it, in a file. */
export function formattedDisk(image: string, path: string) {
  mkdirSync(path, { recursive: true });
  writeFileSync(image, "");
  truncateSync(image, 16 * 1024 * 1024);
  if (!run("mkfs.ext4", "-q", image)) throw new Error("cannot format a disk");
  const detach = () => void run("umount", path);
  const attachAgain = () => {
    if (!run("mount", "-o", "loop", image, path)) throw new Error(`cannot mount ${path}`);
    return { detach };
  };
  attachAgain();
  /** As the kernel does with a disk that fails: from then on nobody writes, whoever has a file open. */
  const giveUp = () => {
    if (!run("mount", "-o", "remount,abort", path)) throw new Error("the disk goes on");
  };
  return { detach, attachAgain, giveUp };
}
