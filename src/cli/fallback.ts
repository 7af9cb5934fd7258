import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import type { RequestError, Secret } from "../client/index.ts";
import { CliError } from "./cli-error.ts";
import { describeDuration } from "./duration.ts";
import { errorCode } from "./error-code.ts";
import { exitCodes } from "./exit-codes.ts";
import {
  type FallbackContent,
  type FallbackOwner,
  fallbackMagicLength,
  isFallback,
  openFallback,
  sealFallback,
} from "./fallback-file.ts";

/** A clock that is a little ahead of what it was is no reason to stay down: one that was set back may be. */
const clockToleranceMs = 3_600_000;

/** The secrets that were fetched last, sealed in a file, for when the server cannot be reached. */
export class Fallback {
  /** True when there was a file at the start. It may still not open. */
  readonly exists: boolean;

  /**
   * @param path its folder has to be there already: a mistyped one is better seen than made
   * @param maxAgeMs older secrets are not used
   * @throws CliError when the path names what a fallback must not be written to: a folder, a symbolic link, a
   *   device, or a file that holds something else
   */
  constructor(
    readonly path: string,
    readonly maxAgeMs: number,
    private readonly owner: FallbackOwner,
  ) {
    this.exists = requireOwnFile(path);
  }

  /**
   * Seals the secrets and puts them into the file, mode 0600, as a whole or not at all. When that fails it says so
   * on stderr and nothing else happens: the secrets themselves are there.
   */
  async save(secrets: readonly Readonly<Secret>[]): Promise<void> {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const bytes = await sealFallback({ fetchedAt: Date.now(), secrets }, this.owner, iv);
    try {
      replaceFile(this.path, bytes);
    } catch (error) {
      process.stderr.write(
        `secretsfly: WARNING: the fallback ${this.path} could not be written (${errorCode(error)})\n`,
      );
    }
  }

  /**
   * The secrets of the file, with a loud line on stderr that it is they that are used.
   *
   * @param failure why there are no newer ones
   * @throws CliError with both reasons when the file cannot be used
   */
  async load(failure: RequestError): Promise<readonly Readonly<Secret>[]> {
    const { fetchedAt, secrets } = await this.#read((reason) => {
      const message = `${failure.message}\nsecretsfly: the fallback ${this.path} cannot be used: ${reason}`;
      return new CliError(message, exitCodes.failure);
    });
    const age = describeDuration(Date.now() - fetchedAt);
    process.stderr.write(
      `secretsfly: WARNING: using the secrets fetched ${age} ago from ${this.path}: ${failure.message}\n`,
    );
    return secrets;
  }

  /**
   * Removes the file where the failure is that the server itself calls the token invalid: a revoked token opens
   * nothing any more. A 401 of a proxy in between says nothing about the token, and a file that this token does
   * not open is somebody else's.
   */
  async discardIfInvalid({ failure, problem }: RequestError): Promise<void> {
    if (failure !== "unauthorized" || problem === undefined) return;
    try {
      const content = await openFallback(readRegularFile(this.path), this.owner);
      if (content === undefined) return;
      rmSync(this.path, { force: true });
      process.stderr.write(`secretsfly: the fallback ${this.path} is removed: its token is not valid\n`);
    } catch (error) {
      if (errorCode(error) === "ENOENT") return;
      process.stderr.write(
        `secretsfly: WARNING: the fallback ${this.path} could not be removed (${errorCode(error)})\n`,
      );
    }
  }

  async #read(refuse: (reason: string) => CliError): Promise<FallbackContent> {
    let bytes: Uint8Array;
    try {
      bytes = readRegularFile(this.path);
    } catch (error) {
      const code = errorCode(error);
      throw refuse(code === "ENOENT" ? "there is none yet" : `it cannot be read (${code})`);
    }
    const content = await openFallback(bytes, this.owner);
    if (content === undefined) {
      throw refuse("it was written with another token or for another server, or it is damaged");
    }
    const ageMs = Date.now() - content.fetchedAt;
    if (ageMs > this.maxAgeMs) {
      const most = describeDuration(this.maxAgeMs);
      throw refuse(`its secrets were fetched ${describeDuration(ageMs)} ago, and ${most} is the most`);
    }
    if (ageMs < -clockToleranceMs) throw refuse("it is from the future. Is the clock right?");
    return content;
  }
}

/** @returns whether there is a file */
function requireOwnFile(path: string): boolean {
  const kind = kindOf(path);
  if (kind === "nothing") return false;
  if (kind === "file") return true;
  throw new CliError(`the fallback ${path} ${kind}; it is left as it is`, exitCodes.usage);
}

function kindOf(path: string): string {
  let descriptor: number | undefined;
  try {
    const stats = lstatSync(path);
    if (stats.isSymbolicLink()) return "is a symbolic link";
    if (stats.isDirectory()) return "is a folder";
    if (!stats.isFile()) return "is no regular file";
    if (stats.size === 0) return "file";
    const start = new Uint8Array(fallbackMagicLength);
    descriptor = openSync(path, readFlags);
    readSync(descriptor, start);
    return isFallback(start) ? "file" : "is a file that holds something else";
  } catch (error) {
    // What cannot be looked at shows when it is read or written, where it matters less or more.
    return errorCode(error) === "ENOENT" ? "nothing" : "file";
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** No link is followed and no pipe waited for, whatever has been put in the place since. */
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function readRegularFile(path: string): Uint8Array {
  const descriptor = openSync(path, readFlags);
  try {
    if (!fstatSync(descriptor).isFile()) throw Object.assign(new Error("no file"), { code: "not a file" });
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** On the disk before it is in its place, so that no crash leaves a half-written one there. */
function replaceFile(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    const descriptor = openSync(temporary, "wx", 0o600);
    try {
      writeFileSync(descriptor, bytes);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
