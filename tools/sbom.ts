/**
 * Prints what secretsfly is made of as a CycloneDX 1.6 document: what is locked in `bun.lock`, each with its hash, its
 * licence and what it needs, and Bun, which runs it.
 *
 *     bun run sbom            what the program needs to run
 *     bun run sbom --dev      what its development needs as well, as `excluded`
 *
 * The same lock gives the same document. Licences are those that the installed packages name; one that is for another
 * system or processor is installed nowhere else, so no licence is told of any such.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../package.json";
import {
  installedEverywhere,
  type LockedPackage,
  type LockFile,
  reachedFrom,
  readLockFile,
} from "./lock-file.ts";

const root = join(import.meta.dir, "..");
const self = `${manifest.name}@${manifest.version}`;

if (import.meta.main) {
  const [flag, ...more] = process.argv.slice(2);
  if ((flag !== undefined && flag !== "--dev") || more.length > 0) {
    process.stderr.write("usage: bun run sbom [--dev]\n");
    process.exit(2);
  }
  const document = createSbom(flag === "--dev", process.env.SOURCE_DATE_EPOCH);
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

/**
 * The document.
 *
 * @param epoch when it was made, in seconds since 1970; it tells no time unless told
 */
export function createSbom(withDevelopment: boolean, epoch: string | undefined) {
  const lock = readLockFile(root);
  const runtime = reachedFrom(lock.runtime, lock);
  const asked = withDevelopment ? [...lock.runtime, ...lock.development] : lock.runtime;
  const [told, everywhere] = [reachedFrom(asked, lock), installedEverywhere(asked, lock)];
  const locked = [...lock.packages].filter(([id]) => told.has(id)).sort(([a], [b]) => (a < b ? -1 : 1));
  const components = [
    bun(),
    ...locked.map(([id, one]) =>
      component(one, { isRuntime: runtime.has(id), isEverywhere: everywhere.has(id) }),
    ),
  ];
  const dependencies = [
    { ref: self, dependsOn: [bun()["bom-ref"], ...refs(asked, lock)].sort() },
    { ref: bun()["bom-ref"] },
    ...locked.map(([, one]) => ({ ref: purlOf(one), dependsOn: refs(one.needs, lock) })),
  ];
  const content = JSON.stringify([components, dependencies]);
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(content)}`,
    version: 1,
    metadata: {
      ...(epoch !== undefined && { timestamp: timeOf(epoch) }),
      component: {
        type: "application",
        "bom-ref": self,
        name: manifest.name,
        version: manifest.version,
        description: manifest.description,
        licenses: [{ expression: manifest.license }],
      },
    },
    components,
    dependencies,
  };
}

/** The runtime: it brings HTTP, SQLite and the cryptography. `bun-types` has its version, as the tests make sure. */
function bun() {
  const version = manifest.devDependencies["bun-types"];
  const purl = `pkg:npm/bun@${version}`;
  return {
    type: "platform",
    "bom-ref": purl,
    name: "bun",
    version,
    scope: "required",
    licenses: [{ expression: "MIT" }],
    purl,
  };
}

interface Use {
  isRuntime: boolean;
  /** Not only on some system or processor. */
  isEverywhere: boolean;
}

function component(one: LockedPackage, { isRuntime, isEverywhere }: Use) {
  const [, scope, name] = /^(?:(@[^/]+)\/)?(.+)$/.exec(one.name) ?? [];
  const licenses = isEverywhere ? licencesOf(one) : undefined;
  return {
    type: "library",
    "bom-ref": purlOf(one),
    ...(scope !== undefined && { group: scope }),
    name: name ?? one.name,
    version: one.version,
    scope: !isRuntime ? "excluded" : isEverywhere ? "required" : "optional",
    hashes: [hashOf(one)],
    ...(licenses && { licenses }),
    purl: purlOf(one),
  };
}

function refs(ids: readonly string[], { packages }: LockFile): string[] {
  return ids.flatMap((id) => packages.get(id) ?? []).map(purlOf);
}

/** The package's address (package-url): the `@` of a scope is written as `%40`. */
function purlOf({ name, version }: LockedPackage): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

/** Throws for an integrity that is no SHA-512. */
function hashOf({ name, integrity }: LockedPackage) {
  const hash = Buffer.from(integrity.replace(/^sha512-/, ""), "base64");
  if (!integrity.startsWith("sha512-") || hash.length !== 64) throw new Error(`${name} has no SHA-512`);
  return { alg: "SHA-512", content: hash.toString("hex") };
}

/** Throws where the package is not installed. */
function licencesOf({ folder, name, version }: LockedPackage) {
  const path = join(root, folder, "package.json");
  const installed = JSON.parse(readFileSync(path, "utf8")) as { version?: string; license?: unknown };
  if (installed.version !== version) throw new Error(`${name} is not installed as it is locked: bun install`);
  const { license } = installed;
  if (typeof license !== "string") return undefined;
  const isExpression = /^[\w.+()-]+(?: (?:AND|OR|WITH) [\w.+()-]+)*$/.test(license);
  return isExpression ? [{ expression: license }] : [{ license: { name: license } }];
}

/** A UUID of version 8 (RFC 9562) that is made of what it names. */
function uuidOf(content: string): string {
  const bytes = Buffer.from(new Bun.CryptoHasher("sha256").update(content).digest().subarray(0, 16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Throws for a text that is no number of seconds. */
function timeOf(epoch: string): string {
  if (!/^\d{1,11}$/.test(epoch)) throw new Error("SOURCE_DATE_EPOCH is no number of seconds");
  return new Date(Number(epoch) * 1000).toISOString();
}
