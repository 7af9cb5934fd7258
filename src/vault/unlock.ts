import { and, eq, inArray } from "drizzle-orm";
import { type AeadKey, type Context, importAeadKey, open, seal } from "../cryptography/aead.ts";
import type { Bytes } from "../cryptography/bytes.ts";
import { deriveEnvironmentKeys, type EnvironmentKeys } from "../cryptography/environment-key.ts";
import { openWithServiceToken, type SealFormat, type ServiceToken } from "../cryptography/service-token.ts";
import { environmentKeys } from "../database/schema.ts";
import { notFound, SecretsflyError } from "../errors.ts";
import type { Environment } from "./environments.ts";
import { type Project, pathTo, type Tree } from "./tree.ts";
import type { Actor, Vault } from "./vault.ts";

/**
 * Capabilities. What reads or writes a value takes one of these, and only the functions of this file
 * make them: from a root key that a session holds, or from a service token that opened its key. Who
 * forgets to ask for permission has no key to read with.
 */
declare const capability: unique symbol;

/** A root project whose root key is held. */
export interface UnlockedRoot {
  readonly [capability]: "root";
  readonly rootId: number;
  readonly generation: number;
  readonly rootKey: AeadKey;
  readonly actor: Actor;
}

/** Opens the view that apps get of a project × environment, and nothing else. */
export interface ReadableEnvironment {
  readonly [capability]: "read" | "write";
  readonly projectId: number;
  readonly rootId: number;
  readonly environment: Environment;
  readonly viewKey: AeadKey;
  readonly generation: number;
  readonly actor: Actor;
}

/** Opens and writes everything of a project × environment, and with it of its descendants. */
export interface WritableEnvironment extends ReadableEnvironment {
  readonly [capability]: "write";
  readonly keys: EnvironmentKeys;
}

/** Wraps a raw root key as the capability that a session's keyring holds. `src/vault/root-keys.ts` opens it first. */
export function unlockedRoot(
  rootId: number,
  generation: number,
  rootKey: AeadKey,
  actor: Actor,
): UnlockedRoot {
  return { rootId, generation, rootKey, actor } as UnlockedRoot;
}

/** The same capability in another's hands: what is done with it is then `actor`'s. */
export function actAs(root: UnlockedRoot, actor: Actor): UnlockedRoot {
  return { ...root, actor };
}

/**
 * What is done to a tree by a root key is done by the one that it has now: whoever only holds a former one may no
 * longer rename or delete, either, for which no key is opened. Throws RotatedRootError, and SecretsflyError `busy` for
 * another root's tree, to which a project moved meanwhile.
 */
export function requireCurrent(root: UnlockedRoot, tree: Tree): void {
  if (tree.rootId !== root.rootId)
    throw new SecretsflyError("busy", "This project was moved to another root just now. Try again.");
  if (tree.generation !== root.generation) throw new RotatedRootError(root.rootId);
}

/** The keys of one project × environment by way of the root key, down the path that leads to it. */
export async function unlockEnvironment(
  vault: Vault,
  root: UnlockedRoot,
  tree: Tree,
  projectId: number,
  environment: Environment,
): Promise<WritableEnvironment> {
  const { raw, generation } = await openEnvironmentKey(vault, root, tree, projectId, environment);
  const keys = await deriveEnvironmentKeys(raw);
  const { rootId, actor } = root;
  return {
    projectId,
    rootId,
    environment,
    generation,
    keys,
    viewKey: keys.viewKey,
    actor,
  } as WritableEnvironment;
}

/** A wrapped environment key as it is stored. */
export type EnvironmentKeyRow = typeof environmentKeys.$inferSelect;

/** The context that an environment key is wrapped for. */
export function environmentKeyContext(projectId: number, environment: string, generation: number): Context {
  return { purpose: "environment-key", project: projectId, environment, generation };
}

/**
 * The raw environment key (32 bytes) of a project × environment; the caller wipes it.
 * Throws SecretsflyError `sealed` where the root key was rotated meanwhile, `busy` where the tree is another root's,
 * `not-found` where the environment has no keys yet, and OpenError for rows that were tampered with.
 */
export async function openEnvironmentKey(
  vault: Vault,
  root: UnlockedRoot,
  tree: Tree,
  projectId: number,
  environment: Environment,
): Promise<{ raw: Bytes; generation: number }> {
  requireCurrent(root, tree);
  const path = pathTo(tree, projectId);
  if (path.length === 0) throw notFound("project");
  const rows = await environmentKeyRows(vault, path, environment);
  let wrapping = root.rootKey;
  for (const [depth, project] of path.entries()) {
    const row = rows.get(project.id);
    if (!row) throw notFound("environment in this project");
    const context = environmentKeyContext(project.id, environment.name, row.generation);
    const raw = await open(wrapping, row.sealedEnvironmentKey, context);
    if (depth === path.length - 1) return { raw, generation: row.generation };
    wrapping = (await deriveEnvironmentKeys(raw)).childKey;
  }
  throw notFound("project");
}

/** The wrapped keys of some projects in one environment, by project id. */
export async function environmentKeyRows(
  vault: Vault,
  projects: readonly Project[],
  environment: Environment,
): Promise<Map<number, EnvironmentKeyRow>> {
  const ids = projects.map(({ id }) => id);
  const rows = await vault.db
    .select()
    .from(environmentKeys)
    .where(and(inArray(environmentKeys.projectId, ids), eq(environmentKeys.environmentId, environment.id)));
  return new Map(rows.map((row) => [row.projectId, row]));
}

/** The keys of a child project × environment, by way of its parent's. */
export async function unlockChild(
  parent: EnvironmentKeys,
  row: EnvironmentKeyRow,
  environment: Environment,
): Promise<EnvironmentKeys> {
  const context = environmentKeyContext(row.projectId, environment.name, row.generation);
  return deriveEnvironmentKeys(await open(parent.childKey, row.sealedEnvironmentKey, context));
}

/** A new environment key, wrapped by the parent's child key or by the root key, and opened. */
export async function createEnvironmentKey(
  vault: Vault,
  wrapping: AeadKey,
  projectId: number,
  environment: Environment,
): Promise<{ row: EnvironmentKeyRow; keys: EnvironmentKeys }> {
  const generation = 1;
  const raw = vault.random(32);
  const context = environmentKeyContext(projectId, environment.name, generation);
  const sealedEnvironmentKey = await seal(wrapping, raw, context, vault.random);
  const row = { projectId, environmentId: environment.id, generation, sealedEnvironmentKey };
  return { row, keys: await deriveEnvironmentKeys(raw) };
}

/** What a service token's row says of it. */
export interface ServiceTokenGrant {
  projectId: number;
  rootId: number;
  environment: Environment;
  rights: "read" | "write";
  sealedKey: Bytes;
  generation: number;
}

/** The context that a token's key is sealed for: rights are part of it, so an edited row grants nothing. */
export function serviceTokenContext(
  publicId: string,
  grant: Omit<ServiceTokenGrant, "sealedKey" | "rootId">,
): Context {
  return {
    purpose: grant.rights === "write" ? "service-token-environment-key" : "service-token-view-key",
    project: grant.projectId,
    environment: grant.environment.name,
    name: publicId,
    generation: grant.generation,
  };
}

/**
 * The context that a token's public key is sealed for, under the environment's value key. Rights are part of it: a row
 * that was edited from read to write gets no key when a rotation seals to it anew.
 */
export function publicKeyContext(
  publicId: string,
  grant: Omit<ServiceTokenGrant, "sealedKey" | "rootId">,
): Context {
  return {
    ...serviceTokenContext(publicId, grant),
    purpose: grant.rights === "write" ? "service-token-write-public-key" : "service-token-read-public-key",
  };
}

/** What a service token opens: a read token the view, a write token the whole environment. Throws OpenError. */
export async function unlockWithServiceToken(
  token: ServiceToken,
  format: SealFormat,
  grant: ServiceTokenGrant,
  actor: Actor,
): Promise<ReadableEnvironment | WritableEnvironment> {
  const context = serviceTokenContext(token.id, grant);
  const raw = await openWithServiceToken(token, grant.sealedKey, context, format);
  const { projectId, rootId, environment, generation } = grant;
  const base = { projectId, rootId, environment, generation, actor };
  if (grant.rights === "read") return { ...base, viewKey: await importAeadKey(raw) } as ReadableEnvironment;
  const keys = await deriveEnvironmentKeys(raw);
  return { ...base, viewKey: keys.viewKey, keys } as WritableEnvironment;
}

/** The same environment in another's hands: what is done with it is then `actor`'s. */
export function actIn<E extends ReadableEnvironment>(environment: E, actor: Actor): E {
  return { ...environment, actor };
}

/** Whether this capability may write: it then holds the keys for it. */
export function isWritable(environment: ReadableEnvironment): environment is WritableEnvironment {
  return "keys" in environment;
}

/** A root key that is held and no longer the project's: whoever holds it forgets it. */
export class RotatedRootError extends SecretsflyError {
  constructor(readonly rootId: number) {
    super("sealed", "The master key of this project has been rotated. Unseal it with the new one.");
  }
}

/**
 * To catch with, where a place opens what it was unlocked for a moment ago: what does not open because a rotation has
 * replaced the keys since is told as that and not as damage. Throws SecretsflyError `busy`, or the error itself.
 */
export function unlessRotated(vault: Vault, place: ReadableEnvironment): (error: unknown) => Promise<never> {
  return async (error) => {
    const { projectId, environment, generation } = place;
    const rows = await vault.db
      .select({ generation: environmentKeys.generation })
      .from(environmentKeys)
      .where(
        and(eq(environmentKeys.projectId, projectId), eq(environmentKeys.environmentId, environment.id)),
      );
    if (!rows.some((row) => row.generation !== generation)) throw error;
    throw new SecretsflyError("busy", "The keys of this project were replaced just now. Try again.");
  };
}
