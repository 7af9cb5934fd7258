import { eq, inArray, isNull } from "drizzle-orm";
import {
  environmentKeys,
  projects,
  rootKeys,
  secrets,
  secretVersions,
  serviceTokenReads,
  serviceTokens,
  views,
} from "../database/schema.ts";
import { invalid } from "../errors.ts";
import type { AuditEntry } from "./audit.ts";
import { checkMove, type HeldRoots, type Move, moveStatements, rootOfParent } from "./move.ts";
import { checkProjectInput, type ProjectInput, refuseTakenName } from "./projects.ts";
import { childrenOf, type Project, projectIn, subtreeOf, type Tree, treeIn } from "./tree.ts";
import { requireCurrent, type UnlockedRoot } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import { type Statement, writeTree, writeTrees } from "./write.ts";

/**
 * Renames, describes or moves a project, while its root is unsealed; to another root's tree while that one is
 * `held` too. A move wraps the project's environment keys for the new parent and rebuilds the views of the whole
 * subtree. `parentId` undefined: it stays where it is. Throws SecretsflyError `invalid`, `not-found`, `sealed`.
 */
export async function editProject(
  vault: Vault,
  root: UnlockedRoot,
  id: number,
  input: ProjectInput & { parentId?: number | undefined },
  held: HeldRoots,
): Promise<Project> {
  const { name, description } = checkProjectInput(input);
  const target =
    input.parentId === undefined ? root : await rootOfParent(vault, root, id, input.parentId, held);
  return writeTrees(vault, [root.rootId, target.rootId], root.actor, async (trees) => {
    const from = { root, tree: treeIn(trees, root.rootId) };
    const to = { root: target, tree: treeIn(trees, target.rootId) };
    for (const end of [from, to]) requireCurrent(end.root, end.tree);
    const project = projectIn(from.tree, id);
    const parentId = input.parentId ?? project.parentId;
    const move =
      parentId !== null && parentId !== project.parentId ? { project, parentId, from, to } : undefined;
    if (move) checkMove(move);
    refuseTakenName(await siblingsBelow(vault, to.tree, parentId), name, id);
    const edited = { ...project, name, description, parentId, updatedAt: vault.clock() };
    const statements: Statement[] = [
      vault.db
        .update(projects)
        .set({ name, description, parentId, updatedAt: edited.updatedAt })
        .where(eq(projects.id, id)),
    ];
    const events: AuditEntry[] = [{ action: "project.edit", project: edited }];
    if (move) {
      statements.push(...(await moveStatements(vault, move)));
      events.push(...moveEvents(move, edited));
    }
    return { statements, events, result: { ...edited, rootId: target.rootId } };
  });
}

/** Whoever has this parent, or is a root. */
async function siblingsBelow(vault: Vault, tree: Tree, parentId: number | null): Promise<readonly Project[]> {
  if (parentId !== null) return childrenOf(tree, parentId);
  return vault.db.select().from(projects).where(isNull(projects.parentId));
}

/** A project that leaves a tree is told of at that tree's root too: its own events are the other tree's from then on. */
function moveEvents({ from, to }: Move, edited: Project): AuditEntry[] {
  const move: AuditEntry = { action: "project.move", project: edited };
  if (from.tree === to.tree) return [move];
  return [{ ...move, project: projectIn(from.tree, from.root.rootId), name: edited.name }, move];
}

/**
 * Deletes a project with everything below it, while its root is unsealed.
 * Throws SecretsflyError `invalid` unless `confirmName` is its name; `not-found`, `sealed`.
 */
export async function deleteProject(
  vault: Vault,
  root: UnlockedRoot,
  id: number,
  confirmName: string,
): Promise<void> {
  await writeTree(vault, root.rootId, root.actor, async (tree) => {
    const { db } = vault;
    requireCurrent(root, tree);
    const project = projectIn(tree, id);
    if (confirmName !== project.name) throw invalid("confirmName", "Type the project's name to delete it.");
    const subtree = subtreeOf(tree, id);
    const ids = subtree.map((member) => member.id);
    const theirSecrets = db.select({ id: secrets.id }).from(secrets).where(inArray(secrets.projectId, ids));
    const theirTokens = db
      .select({ id: serviceTokens.id })
      .from(serviceTokens)
      .where(inArray(serviceTokens.projectId, ids));
    const statements: Statement[] = [
      db.delete(serviceTokenReads).where(inArray(serviceTokenReads.serviceTokenId, theirTokens)),
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
