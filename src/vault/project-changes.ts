import { and, eq, inArray } from "drizzle-orm";
import { seal } from "../cryptography/aead.ts";
import { deriveEnvironmentKeys } from "../cryptography/environment-key.ts";
import {
  environmentKeys,
  projects,
  rootKeys,
  secrets,
  secretVersions,
  serviceTokens,
  views,
} from "../database/schema.ts";
import { invalid, notFound } from "../errors.ts";
import type { AuditEntry } from "./audit.ts";
import type { Environment } from "./environments.ts";
import { checkProjectInput, environmentsWithKeys, type ProjectInput, refuseTakenName } from "./projects.ts";
import { childrenOf, type Project, projectIn, subtreeOf, type Tree } from "./tree.ts";
import { environmentKeyContext, openEnvironmentKey, type UnlockedRoot, unlockEnvironment } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import { buildView, inheritedFrom, openSource, readView, rebuildDescendants, replaceViews } from "./views.ts";
import { type Statement, writeTree } from "./write.ts";

/**
 * Renames, describes or moves a project within its tree, while its root is unsealed. A move wraps the
 * project's environment keys for the new parent and rebuilds the views of the whole subtree.
 * `parentId` undefined: it stays where it is. Throws SecretsflyError `invalid`, `not-found`.
 */
export async function editProject(
  vault: Vault,
  root: UnlockedRoot,
  id: number,
  input: ProjectInput & { parentId?: number | undefined },
): Promise<Project> {
  const { name, description } = checkProjectInput(input);
  return writeTree(vault, root.rootId, root.actor, async (tree) => {
    const { db } = vault;
    const project = projectIn(tree, id);
    const parentId = input.parentId ?? project.parentId;
    const moves = parentId !== project.parentId;
    if (moves) checkMove(tree, project, parentId);
    if (parentId === null) {
      refuseTakenName(
        (await db.select().from(projects)).filter((other) => other.parentId === null),
        name,
        id,
      );
    } else {
      refuseTakenName(childrenOf(tree, parentId), name, id);
    }
    const edited: Project = { ...project, name, description, parentId, updatedAt: vault.clock() };
    const statements: Statement[] = [
      db
        .update(projects)
        .set({ name, description, parentId, updatedAt: edited.updatedAt })
        .where(eq(projects.id, id)),
    ];
    const events: AuditEntry[] = [{ action: "project.edit", project: edited }];
    if (moves && parentId !== null) {
      statements.push(...(await moveStatements(vault, root, tree, project, parentId)));
      events.push({ action: "project.move", project: edited });
    }
    return { statements, events, result: edited };
  });
}

function checkMove(tree: Tree, project: Project, parentId: number | null): asserts parentId is number {
  if (project.parentId === null)
    throw invalid("parentId", "A root project has a master key of its own and cannot be moved.");
  if (parentId === null || !tree.projects.has(parentId)) {
    throw invalid("parentId", "A project can only be moved to another parent in the same tree.");
  }
  if (subtreeOf(tree, project.id).some(({ id }) => id === parentId)) {
    throw invalid("parentId", "A project cannot be moved below itself: that would be a circle.");
  }
}

async function moveStatements(
  vault: Vault,
  root: UnlockedRoot,
  tree: Tree,
  project: Project,
  parentId: number,
): Promise<Statement[]> {
  const environments = await environmentsWithKeys(vault, root.rootId);
  const statements = environments.map((environment) =>
    moveInEnvironment(vault, root, tree, project.id, parentId, environment),
  );
  return (await Promise.all(statements)).flat();
}

async function moveInEnvironment(
  vault: Vault,
  root: UnlockedRoot,
  tree: Tree,
  projectId: number,
  parentId: number,
  environment: Environment,
): Promise<Statement[]> {
  const parent = await unlockEnvironment(vault, root, tree, parentId, environment);
  const { raw, generation } = await openEnvironmentKey(vault, root, tree, projectId, environment);
  const context = environmentKeyContext(projectId, environment.name, generation);
  const sealedEnvironmentKey = await seal(parent.keys.childKey, raw, context, vault.random);
  const place = { projectId, environment, generation, keys: await deriveEnvironmentKeys(raw) };
  const view = await readView(vault, projectId, environment);
  if (!view) throw notFound("environment in this project");
  const { own } = await openSource(place, view);
  const inherited = await inheritedFrom(vault, parent);
  const built = await buildView(vault, place, { inherited, own }, view);
  const descendants = await rebuildDescendants(vault, tree, place, built.source);
  const key = and(
    eq(environmentKeys.projectId, projectId),
    eq(environmentKeys.environmentId, environment.id),
  );
  return [
    vault.db.update(environmentKeys).set({ sealedEnvironmentKey }).where(key),
    ...replaceViews(vault, [built.row, ...descendants]),
  ];
}

/**
 * Deletes a project with everything below it, while its root is unsealed.
 * Throws SecretsflyError `invalid` unless `confirmName` is its name; `not-found`.
 */
export async function deleteProject(
  vault: Vault,
  root: UnlockedRoot,
  id: number,
  confirmName: string,
): Promise<void> {
  await writeTree(vault, root.rootId, root.actor, async (tree) => {
    const { db } = vault;
    const project = projectIn(tree, id);
    if (confirmName !== project.name) throw invalid("confirmName", "Type the project's name to delete it.");
    const subtree = subtreeOf(tree, id);
    const ids = subtree.map((member) => member.id);
    const theirSecrets = db.select({ id: secrets.id }).from(secrets).where(inArray(secrets.projectId, ids));
    const statements: Statement[] = [
      db.delete(secretVersions).where(inArray(secretVersions.secretId, theirSecrets)),
      db.delete(secrets).where(inArray(secrets.projectId, ids)),
      db.delete(views).where(inArray(views.projectId, ids)),
      db.delete(environmentKeys).where(inArray(environmentKeys.projectId, ids)),
      db.delete(serviceTokens).where(inArray(serviceTokens.projectId, ids)),
      db.delete(rootKeys).where(inArray(rootKeys.projectId, ids)),
      // Children before their parents, for the foreign key.
      ...subtree.toReversed().map((member) => db.delete(projects).where(eq(projects.id, member.id))),
    ];
    const events = subtree.map((member) => ({ action: "project.delete" as const, project: member }));
    return { statements, events, result: undefined };
  });
}
