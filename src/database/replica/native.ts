// biome-ignore-all lint/correctness/noUndeclaredDependencies: `libsql` brings them, which @libsql/client brings.

/** How many frames were new, and the number of the last; undefined where the primary has none yet. */
interface SyncResult {
  frame_no: number | undefined;
  frames_synced: number;
}

/** What is used of libSQL's library: a handle to a replica, and how it is brought up to date. */
interface Library {
  /** Holds the thread until the primary has answered, or was asked three times in vain. */
  databaseOpenWithSync(
    file: string,
    url: string,
    authToken: string,
    cipher: string,
    encryptionKey: string,
    period: number,
    readsOwnWrites: boolean,
    isOffline: boolean,
    remoteEncryptionKey: string,
  ): object;
  databaseSyncAsync(this: object): Promise<SyncResult>;
}

/** A replica of a database on a server, open to be brought up to date. */
export interface NativeReplica {
  sync(): Promise<SyncResult>;
}

/**
 * Opens a replica, or makes it where there is none, with the library of this system; undefined where there is none.
 * Throws what the library throws.
 */
export function openReplica(file: string, url: string, authToken: string): NativeReplica | undefined {
  const library = load();
  if (!library) return undefined;
  const handle = library.databaseOpenWithSync(file, url, authToken, "aes256cbc", "", 0, true, false, "");
  return { sync: () => library.databaseSyncAsync.call(handle) };
}

/**
 * Each system has a package of its own, of which only its own is installed. Named one by one, so that the executable
 * carries the one of the system that it is built for: what `libsql` computes its name from is not found in there.
 */
function load(): Library | undefined {
  const ofSystem: Readonly<Record<string, readonly (() => Library)[]>> = {
    "linux-x64": [() => require("@libsql/linux-x64-gnu"), () => require("@libsql/linux-x64-musl")],
    "linux-arm64": [() => require("@libsql/linux-arm64-gnu"), () => require("@libsql/linux-arm64-musl")],
    "darwin-x64": [() => require("@libsql/darwin-x64")],
    "darwin-arm64": [() => require("@libsql/darwin-arm64")],
    "win32-x64": [() => require("@libsql/win32-x64-msvc")],
  };
  for (const require of ofSystem[`${process.platform}-${process.arch}`] ?? []) {
    try {
      return require();
    } catch {
      // Not installed, or made for another C library.
    }
  }
  return undefined;
}
