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
 * Each system has a package of its own, of which only its own is installed. Named one by one and each in a `try` of its own,
 * so that the executable carries what is installed where it is built: what `libsql` computes its name from is not found in
 * there.
 */
function load(): Library | undefined {
  const system = `${process.platform}-${process.arch}`;
  try {
    if (system === "linux-x64") return require("@libsql/linux-x64-gnu");
  } catch {}
  try {
    if (system === "linux-x64") return require("@libsql/linux-x64-musl");
  } catch {}
  try {
    if (system === "linux-arm64") return require("@libsql/linux-arm64-gnu");
  } catch {}
  try {
    if (system === "linux-arm64") return require("@libsql/linux-arm64-musl");
  } catch {}
  try {
    if (system === "darwin-arm64") return require("@libsql/darwin-arm64");
  } catch {}
  try {
    if (system === "darwin-x64") return require("@libsql/darwin-x64");
  } catch {}
  try {
    if (system === "win32-x64") return require("@libsql/win32-x64-msvc");
  } catch {}
  return undefined;
}
