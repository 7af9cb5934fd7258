import {
  type AeadKey,
  type Context,
  importAeadKey,
  open,
  type Purpose,
} from "../../src/cryptography/aead.ts";
import type { Bytes } from "../../src/cryptography/bytes.ts";
import {
  deriveEnvironmentKeys,
  deriveViewKey,
  type EnvironmentKeys,
} from "../../src/cryptography/environment-key.ts";
import { deriveWrappingKey, type KeyDerivation, parseMasterKey } from "../../src/cryptography/master-key.ts";
import type { Stored } from "../stored.ts";
import { type Blob, blobsOf, isSealed } from "./blobs.ts";

/** What the owners of the projects hold. */
export interface Owners {
  /** All that they ever had. */
  masterKeys: readonly string[];
  /** Random bytes that a rotation drew: one of them is the root key of what it has staged. */
  drawn: readonly Bytes[];
}

const purposes: Record<string, Purpose> = {
  sealed_root_key: "root-key",
  sealed_environment_key: "environment-key",
  sealed_value: "secret-value",
  sealed_note: "secret-note",
  sealed_source: "view-source",
  sealed_body: "view-body",
};

function purposeOf(target: string, rights: unknown): Purpose {
  const isWrite = rights === "write";
  if (target === "sealed_key") return isWrite ? "service-token-environment-key" : "service-token-view-key";
  if (target === "sealed_public_key")
    return isWrite ? "service-token-write-public-key" : "service-token-read-public-key";
  const purpose = purposes[target];
  if (!purpose) throw new Error(`what is ${target} sealed for?`);
  return purpose;
}

/** The context that a blob was sealed for, if its row says the truth. */
export function contextOf({ target, row }: Blob): Context {
  const purpose = purposeOf(target, row.rights);
  return {
    purpose,
    project: Number(row.project_id),
    ...(row.environment !== undefined && { environment: String(row.environment) }),
    ...(purpose.startsWith("secret-") && { name: String(row.name) }),
    ...(purpose.startsWith("service-token-") && { name: String(row.public_id) }),
    ...(purpose.startsWith("secret-") && { version: Number(row.version) }),
    ...(purpose.startsWith("view-") && { version: Number(row.revision) }),
    generation: Number(row.generation),
  };
}

/** What the owners find in a database. */
export interface Opened {
  /** Sealed place → what is really in it. */
  contents: Map<string, Bytes>;
  /** Every place with the key that seals it, but those that are sealed to a token. */
  sealedWith: Map<string, AeadKey>;
}

/** Opens all that is sealed in a database, as the people can who own its master keys. Throws where something does not. */
export async function openAsOwners(stored: Stored, owners: Owners): Promise<Opened> {
  const blobs = (await blobsOf(stored)).filter((blob) => isSealed(blob) && blob.bytes.length > 0);
  const opening = new Opening(owners);
  const of = (target: string) => blobs.filter((blob) => blob.target === target);
  for (const blob of of("sealed_root_key")) await opening.root(blob);
  // Ids grow downwards here, so a parent's key is open before its child's.
  for (const blob of of("sealed_environment_key")) await opening.environmentKey(blob);
  for (const blob of blobs) if (!opening.opened.contents.has(blob.place)) await opening.other(blob);
  return opening.opened;
}

class Opening {
  readonly opened: Opened = { contents: new Map(), sealedWith: new Map() };
  readonly #rootKeys = new Map<string, AeadKey>();
  readonly #keys = new Map<string, { raw: Bytes; keys: EnvironmentKeys }>();

  constructor(private readonly owners: Owners) {}

  async root({ place, row, bytes }: Blob): Promise<void> {
    const derivation = {
      kdf: row.kdf,
      salt: new Uint8Array(row.salt as Uint8Array),
      memoryKib: row.memory_kib,
      passes: row.passes,
      parallelism: row.parallelism,
    } as KeyDerivation;
    const [project, generation] = [Number(row.project_id), Number(row.generation)];
    for (const masterKey of this.owners.masterKeys.map(parseMasterKey)) {
      if ((masterKey.kind === "generated") !== (derivation.kdf === "hkdf-sha256")) continue;
      const wrapping = await deriveWrappingKey(masterKey, derivation, project);
      const context = { purpose: "root-key" as const, project, generation };
      const raw = await open(wrapping, bytes, context).catch(() => undefined);
      if (!raw) continue;
      this.#keep(place, raw.slice(), wrapping);
      this.#rootKeys.set(`${project} false`, await importAeadKey(raw));
    }
  }

  async environmentKey(blob: Blob): Promise<void> {
    const { place, row, bytes, isStaged } = blob;
    for (const wrapping of await this.#above(blob)) {
      const raw = await open(wrapping, bytes, contextOf(blob)).catch((error: unknown) => {
        if (isStaged) return undefined;
        throw error;
      });
      if (!raw) continue;
      this.#keep(place, raw.slice(), wrapping);
      const keys = await deriveEnvironmentKeys(raw.slice());
      this.#keys.set(keyOf(row.project_id, row.environment, isStaged), { raw, keys });
      return;
    }
    throw new Error(`no key above ${place}`);
  }

  async #above({ row, isStaged }: Blob): Promise<AeadKey[]> {
    const parent = this.#keys.get(keyOf(row.parent_id, row.environment, isStaged));
    if (parent) return [parent.keys.childKey];
    const root = this.#rootKeys.get(`${row.project_id} ${isStaged}`);
    if (root) return [root];
    return Promise.all(this.owners.drawn.map((raw) => importAeadKey(raw.slice())));
  }

  async other(blob: Blob): Promise<void> {
    const { place, row, bytes, target, isStaged } = blob;
    const known = this.#keys.get(keyOf(row.project_id, row.environment, isStaged));
    if (!known) throw new Error(`nobody knows how to open ${place}`);
    if (target === "sealed_key") {
      this.opened.contents.set(place, row.rights === "write" ? known.raw : deriveViewKey(known.raw));
      return;
    }
    const key = target === "sealed_body" ? known.keys.viewKey : known.keys.valueKey;
    this.#keep(place, await open(key, bytes, contextOf(blob)), key);
  }

  #keep(place: string, content: Bytes, key: AeadKey): void {
    this.opened.contents.set(place, content);
    this.opened.sealedWith.set(place, key);
  }
}

const keyOf = (project: unknown, environment: unknown, isStaged: boolean) =>
  `${project} ${environment} ${isStaged}`;

/** Every context in which something of the same kind, or anything in the same place, is sealed. */
export function plausibleContexts(blob: Blob, all: readonly Blob[]): Context[] {
  const own = contextOf(blob);
  const others = all.filter(({ target }) => target !== "sealed_key").map(contextOf);
  const version = own.version === undefined ? {} : { version: own.version };
  const sameKind = others.flatMap((context): Context[] => [
    { ...context, purpose: own.purpose },
    { ...context, purpose: own.purpose, ...version },
    { ...context, purpose: own.purpose, generation: own.generation },
  ]);
  const kinds = [...Object.keys(purposes), "sealed_public_key"].flatMap((target) =>
    ["read", "write"].map((rights) => purposeOf(target, rights)),
  );
  const samePlace = kinds.map((purpose): Context => ({ ...own, purpose }));
  return [...sameKind, ...samePlace];
}
