import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A package as `bun.lock` has it, once for each name and version. */
export interface LockedPackage {
  name: string;
  version: string;
  /** Subresource integrity, such as `sha512-…` in base64. */
  integrity: string;
  /** True for one that is only for some system or processor: it is installed on that alone. */
  isOfOnePlatform: boolean;
  /** Where it is, below the root of the repository, once all is installed. */
  folder: string;
  /** Names and versions (`name@version`) of what it needs. */
  needs: string[];
}

/** What is locked: all packages by `name@version`, and which of them the program and its development ask for. */
export interface LockFile {
  packages: Map<string, LockedPackage>;
  runtime: string[];
  development: string[];
}

type Packages = ReadonlyMap<string, Bun.BunLockFilePackageArray>;
type Needs = Pick<
  Bun.BunLockFilePackageInfo,
  "dependencies" | "optionalDependencies" | "peerDependencies" | "optionalPeers"
>;

/** Reads the `bun.lock` of a folder. Throws where a package is none of the registry's, or needs what is not locked. */
export function readLockFile(root: string): LockFile {
  const lock = Bun.JSONC.parse(readFileSync(join(root, "bun.lock"), "utf8")) as Bun.BunLockFile;
  const places = new Map(Object.entries(lock.packages));
  const packages = new Map<string, LockedPackage>();
  for (const [place, entry] of places) {
    const [id, , info, integrity] = entry;
    if (typeof info !== "object" || typeof integrity !== "string" || !integrity)
      throw new Error(`${id} is not from the registry`);
    const at = id.lastIndexOf("@");
    const known = packages.get(id);
    packages.set(id, {
      name: id.slice(0, at),
      version: id.slice(at + 1),
      integrity,
      isOfOnePlatform: "os" in info || "cpu" in info,
      folder: known?.folder ?? folderOf(place),
      // In two places it may be given two versions of what it needs.
      needs: [...new Set([...(known?.needs ?? []), ...needsOf(place, info, places)])].sort(),
    });
  }
  const { dependencies, devDependencies = {} } = lock.workspaces[""] ?? {};
  return {
    packages,
    runtime: needsOf("", { dependencies: dependencies ?? {} }, places),
    development: needsOf("", { dependencies: devDependencies }, places),
  };
}

/** The packages that are reached from some, those included. */
export function reachedFrom(ids: readonly string[], { packages }: LockFile): Set<string> {
  const reached = new Set(ids);
  // What is added meanwhile is walked through as well.
  for (const id of reached) for (const need of packages.get(id)?.needs ?? []) reached.add(need);
  return reached;
}

/** The same, but only what is installed on every system and processor. */
export function installedEverywhere(ids: readonly string[], { packages }: LockFile): Set<string> {
  const anywhere = [...packages].filter(([, { isOfOnePlatform }]) => !isOfOnePlatform);
  const lock = { packages: new Map(anywhere), runtime: [], development: [] };
  return reachedFrom(ids, lock).intersection(lock.packages);
}

function needsOf(place: string, info: Needs, places: Packages): string[] {
  const { dependencies, optionalDependencies, peerDependencies, optionalPeers = [] } = info;
  const mayLack = new Set([...Object.keys(optionalDependencies ?? {}), ...optionalPeers]);
  const peers = Object.keys(peerDependencies ?? {}).filter((name) => !optionalPeers.includes(name));
  const names = [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers];
  return names.flatMap((name) => {
    const found = resolve(place, name, places);
    if (found === undefined && !mayLack.has(name))
      throw new Error(`${place} needs ${name}, which is not locked`);
    return found ?? [];
  });
}

/** As a program finds it: beside it, or beside one of those that it is below. */
function resolve(place: string, name: string, places: Packages): string | undefined {
  for (let above = namesIn(place); ; above = above.slice(0, -1)) {
    const found = places.get([...above, name].join("/"));
    if (found) return found[0];
    if (above.length === 0) return undefined;
  }
}

/** `tsx/@scope/name` → `tsx`, `@scope/name`. */
function namesIn(place: string): string[] {
  return place.match(/@[^/]+\/[^/]+|[^/]+/g) ?? [];
}

function folderOf(place: string): string {
  return namesIn(place)
    .map((name) => `node_modules/${name}`)
    .join("/");
}
