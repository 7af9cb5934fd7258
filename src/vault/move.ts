import { and, eq, inArray, isNull } from "drizzle-orm";
import { type AeadKey, seal } from "../cryptography/aead.ts";
import { deriveEnvironmentKeys } from "../cryptography/environment-key.ts";
import { environmentKeys, projects, secrets, serviceTokens, views } from "../database/schema.ts";
import { invalid, notFound, SecretsflyError } from "../errors.ts";
import { type Environment, listEnvironments } from "./environments.ts";
import { createPlace } from "./new-place.ts";
import { environmentsWithKeys } from "./projects.ts";
import { childrenOf, getProject, type Project, projectIn, subtreeOf, type Tree } from "./tree.ts";
import { environmentKeyContext, openEnvironmentKey, type UnlockedRoot, unlockEnvironment } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import {
  buildView,
  inheritedFrom,
  openSource,
  type RawSecret,
  readView,
  rebuildDescendants,
  replaceViews,
} from "./views.ts";
import { chunks, type Statement } from "./write.ts";

/**
 * A project with everything below it goes to another parent, in its own tree or in another one. Its environment
 * keys stay what they are: only their wrapping changes hands, so secrets, versions and service tokens keep their
 * sealed bytes, and no token notices but by what it inherits.
 */
export interface Move {
  project: Project;
  /** The new parent, in the tree of `to`. */
  parentId: number;
  from: UnlockedTree;
  to: UnlockedTree;
}

/** A tree and the key to it. */
interface UnlockedTree {
  root: UnlockedRoot;
  tree: Tree;
}

/** The root key that is held of a root; undefined where it is sealed. */
export type HeldRoots = (rootId: number) => UnlockedRoot | undefined;

/**
 * The root that a project of `root` is to live under below this parent. Throws SecretsflyError `invalid` for
 * `parentId` where there is no such parent, where its root is sealed, and for a root.
 */
export async function rootOfParent(
  vault: Vault,
  root: UnlockedRoot,
  projectId: number,
  parentId: number,
  held: HeldRoots,
): Promise<UnlockedRoot> {
  const parent = await getProject(vault.db, parentId).catch((error: unknown) => {
    if (error instanceof SecretsflyError) throw noSuchParent();
    throw error;
  });
  if (parent.rootId === root.rootId) return root;
  if (projectId === root.rootId) throw rootStays();
  const target = held(parent.rootId);
  if (target) return target;
  const { name } = await getProject(vault.db, parent.rootId);
  throw invalid(
    "parentId",
    `${name} is sealed. Unseal ${name} too: a project moves to another root only while both are unsealed.`,
  );
}

function noSuchParent(): SecretsflyError {
  return invalid("parentId", "There is no such parent project.");
}

function rootStays(): SecretsflyError {
  return invalid("parentId", "A root project has a master key of its own and cannot be moved.");
}

/** Throws SecretsflyError `invalid` for `parentId` where the project cannot go there. */
export function checkMove({ project, parentId, from, to }: Move): void {
  if (project.parentId === null) throw rootStays();
  if (!to.tree.projects.has(parentId)) throw noSuchParent();
  if (subtreeOf(from.tree, project.id).some(({ id }) => id === parentId)) {
    throw invalid("parentId", "A project cannot be moved below itself: that would be a circle.");
  }
}

/**
 * What a move writes but for the project's own row: its keys wrapped for the new parent, the views of the
 * whole subtree, and what tells which tree it is in.
 * Throws SecretsflyError `invalid` for `parentId` where the new root has no keys for what it brings along.
 */
export async function moveStatements(vault: Vault, move: Move): Promise<Statement[]> {
  const { from, to } = move;
  const brought = await environmentsWithKeys(vault, from.root.rootId);
  if (from.tree === to.tree) return inEach(brought, (environment) => rewrap(vault, move, environment));
  const expected = await environmentsWithKeys(vault, to.root.rootId);
  const without = (all: Environment[], others: Environment[]) =>
    all.filter(({ id }) => !others.some((other) => other.id === id));
  const kept = expected.filter(({ id }) => brought.some((environment) => environment.id === id));
  return [
    ...(await leave(vault, move, without(brought, expected))),
    ...(await inEach(kept, (environment) => rewrap(vault, move, environment))),
    ...(await inEach(without(expected, brought), (environment) => settle(vault, move, environment))),
    ...chunks(subtreeIds(move)).map((ids) =>
      vault.db.update(projects).set({ rootId: to.root.rootId }).where(inArray(projects.id, ids)),
    ),
  ];
}

async function inEach(
  environments: readonly Environment[],
  write: (environment: Environment) => Promise<Statement[]>,
): Promise<Statement[]> {
  return (await Promise.all(environments.map(write))).flat();
}

function subtreeIds({ project, from }: Move): number[] {
  return subtreeOf(from.tree, project.id).map(({ id }) => id);
}

/** In an environment of both trees: the key's new wrapping, and the views with what is inherited there. */
async function rewrap(vault: Vault, move: Move, environment: Environment): Promise<Statement[]> {
  const { from, to, parentId } = move;
  const projectId = move.project.id;
  const parent = await unlockEnvironment(vault, to.root, to.tree, parentId, environment);
  const { raw, generation } = await openEnvironmentKey(vault, from.root, from.tree, projectId, environment);
  const context = environmentKeyContext(projectId, environment.name, generation);
  const sealedEnvironmentKey = await seal(parent.keys.childKey, raw, context, vault.random);
  const place = { projectId, environment, generation, keys: await deriveEnvironmentKeys(raw) };
  const view = await readView(vault, projectId, environment);
  if (!view) throw notFound("environment in this project");
  const { own } = await openSource(place, view);
  const inherited = await inheritedFrom(vault, parent);
  const built = await buildView(vault, place, { inherited, own }, view);
  const descendants = await rebuildDescendants(vault, from.tree, place, built.source);
  const key = and(
    eq(environmentKeys.projectId, projectId),
    eq(environmentKeys.environmentId, environment.id),
  );
  return [
    vault.db.update(environmentKeys).set({ sealedEnvironmentKey }).where(key),
    ...replaceViews(vault, [built.row, ...descendants]),
  ];
}

/** In an environment that only the new tree has: keys and views for the subtree, as if it had been created there. */
async function settle(vault: Vault, move: Move, environment: Environment): Promise<Statement[]> {
  const { project, parentId, from, to } = move;
  const parent = await unlockEnvironment(vault, to.root, to.tree, parentId, environment);
  const inherited = await inheritedFrom(vault, parent);
  return settleBelow(vault, from.tree, project, parent.keys.childKey, environment, inherited);
}

async function settleBelow(
  vault: Vault,
  tree: Tree,
  project: Project,
  wrapping: AeadKey,
  environment: Environment,
  inherited: readonly RawSecret[],
): Promise<Statement[]> {
  const place = await createPlace(vault, wrapping, project.id, environment, inherited);
  const below = childrenOf(tree, project.id).map((child) =>
    settleBelow(vault, tree, child, place.keys.childKey, environment, inherited),
  );
  return [...place.statements, ...(await Promise.all(below)).flat()];
}

/**
 * In environments that only the old tree has: the subtree's keys are given up there, since a tree has keys in the
 * same environments everywhere. Refused where they are of use to somebody.
 */
async function leave(vault: Vault, move: Move, lost: readonly Environment[]): Promise<Statement[]> {
  if (lost.length === 0) return [];
  const { db } = vault;
  const ids = subtreeIds(move);
  const lostIds = lost.map(({ id }) => id);
  // A deleted secret counts: its history is sealed with the key.
  const inUse = await db
    .selectDistinct({ id: secrets.environmentId })
    .from(secrets)
    .where(and(inArray(secrets.projectId, ids), inArray(secrets.environmentId, lostIds)))
    .union(
      db
        .selectDistinct({ id: serviceTokens.environmentId })
        .from(serviceTokens)
        .where(
          and(
            inArray(serviceTokens.projectId, ids),
            inArray(serviceTokens.environmentId, lostIds),
            isNull(serviceTokens.revokedAt),
          ),
        ),
    );
  const needed = lost.filter(({ id }) => inUse.some((row) => row.id === id));
  if (needed.length > 0) throw await noKeysFor(vault, move, needed);
  return [environmentKeys, views].flatMap((table) =>
    chunks(ids).map((portion) =>
      db.delete(table).where(and(inArray(table.projectId, portion), inArray(table.environmentId, lostIds))),
    ),
  );
}

async function noKeysFor(
  vault: Vault,
  { to }: Move,
  needed: readonly Environment[],
): Promise<SecretsflyError> {
  const { name } = projectIn(to.tree, to.root.rootId);
  const shown = new Set((await listEnvironments(vault)).map(({ id }) => id));
  const list = (environments: readonly Environment[]) => environments.map((one) => one.name).join(", ");
  const hidden = needed.filter(({ id }) => !shown.has(id));
  const first =
    hidden.length > 0
      ? `Name ${list(hidden)} in the setting AVAILABLE_ENVIRONMENTS again, then seal`
      : "Seal";
  return invalid(
    "parentId",
    `There are secrets or service tokens here in ${list(needed)}, for which ${name} has no keys. ${first} and unseal ${name}, so that it gets them.`,
  );
}
