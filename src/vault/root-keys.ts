import { eq } from "drizzle-orm";
import { type AeadKey, type Context, importAeadKey, OpenError, open, seal } from "../cryptography/aead.ts";
import {
  deriveWrappingKey,
  type KeyDerivation,
  KeyDerivationError,
  kdfOf,
  type MasterKey,
  MasterKeyError,
  newKeyDerivation,
  parseMasterKey,
  type TypedMasterKey,
  wipeMasterKey,
} from "../cryptography/master-key.ts";
import { environmentKeys, rootKeys } from "../database/schema.ts";
import { invalid, notFound, SecretsflyError } from "../errors.ts";
import { listEnvironments } from "./environments.ts";
import { createPlace } from "./new-place.ts";
import { getProject, projectIn, subtreeOf, type Tree } from "./tree.ts";
import { requireCurrent, type UnlockedRoot, unlockedRoot } from "./unlock.ts";
import type { Actor, Vault } from "./vault.ts";
import { record, type Statement, unchanged, writeTree } from "./write.ts";

type RootKeyRow = typeof rootKeys.$inferSelect;

function rootKeyContext(rootId: number, generation: number): Context {
  return { purpose: "root-key", project: rootId, generation };
}

/** What a person typed → a master key. Throws SecretsflyError `invalid` for `field`, with the reason. */
export function readMasterKey(typed: TypedMasterKey, field: string): MasterKey {
  try {
    return parseMasterKey(typed);
  } catch (error) {
    if (error instanceof MasterKeyError) throw invalid(field, error.message);
    throw error;
  }
}

/** A new root key for a root project, wrapped by its master key; and the capability of holding it. */
export async function createRootKey(
  vault: Vault,
  rootId: number,
  masterKey: MasterKey,
  actor: Actor,
  generation = 1,
): Promise<{ row: RootKeyRow; root: UnlockedRoot }> {
  const derivation = newKeyDerivation(masterKey, vault.random);
  const wrappingKey = await deriveWrappingKey(masterKey, derivation, rootId);
  const raw = vault.random(32);
  const sealedRootKey = await seal(wrappingKey, raw, rootKeyContext(rootId, generation), vault.random);
  const cost =
    derivation.kdf === "argon2id" ? derivation : { memoryKib: null, passes: null, parallelism: null };
  const row: RootKeyRow = {
    projectId: rootId,
    revision: 1,
    generation,
    kdf: derivation.kdf,
    salt: derivation.salt,
    memoryKib: cost.memoryKib,
    passes: cost.passes,
    parallelism: cost.parallelism,
    sealedRootKey,
    createdAt: vault.clock(),
  };
  return { row, root: unlockedRoot(rootId, generation, await importAeadKey(raw), actor) };
}

/**
 * Opens the root key of a project's root with the master key that somebody typed, and gives keys to
 * environments that were added to the settings since. Both outcomes are audited.
 * Throws SecretsflyError: `invalid` (not a master key), `wrong-master-key`, `not-found`.
 */
export async function unsealRoot(
  vault: Vault,
  rootId: number,
  typed: TypedMasterKey,
  actor: Actor,
): Promise<UnlockedRoot> {
  const project = await getProject(vault.db, rootId);
  const root = await openRoot(vault, rootId, typed, "masterKey", actor).catch(async (error: unknown) => {
    if (error instanceof SecretsflyError)
      await record(vault, actor, { action: "project.unseal-refused", project });
    throw error;
  });
  await record(vault, actor, { action: "project.unseal", project });
  await createMissingKeys(vault, root);
  return root;
}

/**
 * Opens the root key of a root project with what somebody typed into `field`. Tells the audit nothing.
 * Throws SecretsflyError: `invalid` (not a master key), `wrong-master-key`, `not-found`.
 */
export async function openRoot(
  vault: Vault,
  rootId: number,
  typed: TypedMasterKey,
  field: string,
  actor: Actor,
): Promise<UnlockedRoot> {
  const [row] = await vault.db.select().from(rootKeys).where(eq(rootKeys.projectId, rootId));
  if (!row) throw notFound("project");
  return openRootKey(row, typed, field, actor);
}

/** The root key of a row, opened with what somebody typed into `field`. Throws SecretsflyError as `openRoot` does. */
export async function openRootKey(
  row: RootKeyRow,
  typed: TypedMasterKey,
  field: string,
  actor: Actor,
): Promise<UnlockedRoot> {
  const masterKey = readMasterKey(typed, field);
  try {
    // Of the other kind it opens nothing, and not even one run of Argon2id is spent to find that out.
    if (kdfOf(masterKey) !== row.kdf) throw wrongMasterKey(field);
    const wrappingKey = await deriveWrappingKey(masterKey, derivationOf(row), row.projectId);
    const context = rootKeyContext(row.projectId, row.generation);
    const rootKey = await importAeadKey(await open(wrappingKey, row.sealedRootKey, context));
    return unlockedRoot(row.projectId, row.generation, rootKey, actor);
  } catch (error) {
    if (error instanceof OpenError) throw wrongMasterKey(field);
    throw error;
  } finally {
    wipeMasterKey(masterKey);
  }
}

function wrongMasterKey(field: string): SecretsflyError {
  const message = "This is not the master key of this project.";
  return new SecretsflyError("wrong-master-key", message, { [field]: message });
}

/** Throws KeyDerivationError where the row's parameters are none. */
function derivationOf({ kdf, salt, memoryKib, passes, parallelism }: RootKeyRow): KeyDerivation {
  if (kdf === "hkdf-sha256") return { kdf, salt };
  if (memoryKib === null || passes === null || parallelism === null)
    throw new KeyDerivationError("argon2id without its cost");
  return { kdf: "argon2id", salt, memoryKib, passes, parallelism };
}

/** Gives every project of the tree keys and an empty view in the environments that the settings gained. */
async function createMissingKeys(vault: Vault, root: UnlockedRoot): Promise<void> {
  await writeTree(vault, root.rootId, root.actor, async (tree) => {
    // A key that was rotated away while this waited would wrap what the new one cannot open.
    requireCurrent(root, tree);
    const rows = await vault.db
      .select({ environmentId: environmentKeys.environmentId })
      .from(environmentKeys)
      .where(eq(environmentKeys.projectId, root.rootId));
    const known = new Set(rows.map(({ environmentId }) => environmentId));
    const missing = (await listEnvironments(vault)).filter(({ id }) => !known.has(id));
    if (missing.length === 0) return unchanged(undefined);
    const statements: Statement[] = [];
    for (const environment of missing)
      statements.push(...(await keysForTree(vault, root, tree, environment)));
    const project = projectIn(tree, root.rootId);
    const events = missing.map(({ name }) => ({
      action: "environment.add" as const,
      project,
      environment: name,
    }));
    return { statements, events, result: undefined };
  });
}

async function keysForTree(
  vault: Vault,
  root: UnlockedRoot,
  tree: Tree,
  environment: { id: number; name: string },
): Promise<Statement[]> {
  const wrappingKeys = new Map<number, AeadKey>();
  const statements: Statement[] = [];
  for (const project of subtreeOf(tree, root.rootId)) {
    const wrapping = wrappingKeys.get(project.parentId ?? 0) ?? root.rootKey;
    const place = await createPlace(vault, wrapping, project.id, environment, []);
    wrappingKeys.set(project.id, place.keys.childKey);
    statements.push(...place.statements);
  }
  return statements;
}
