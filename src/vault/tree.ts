import { eq, sql } from "drizzle-orm";
import type { Database } from "../database/connect.ts";
import { projects, rootKeys } from "../database/schema.ts";
import { notFound } from "../errors.ts";

export type Project = typeof projects.$inferSelect;

/** A root project with everything below it, as it was at `revision`. */
export interface Tree {
  rootId: number;
  /** Of the tree; what a write's guard compares. Read before everything else, so that it is never too new. */
  revision: number;
  /** Generation of the root key. */
  generation: number;
  projects: ReadonlyMap<number, Project>;
  /** By the parent's id; the root is under null. */
  children: ReadonlyMap<number | null, readonly Project[]>;
}

/** The tree of a root. Throws SecretsflyError `not-found`. */
export async function readTree(db: Database, rootId: number): Promise<Tree> {
  const [[key], rows] = await db.batch([
    db
      .select({ revision: rootKeys.revision, generation: rootKeys.generation })
      .from(rootKeys)
      .where(eq(rootKeys.projectId, rootId)),
    db.select().from(projects).where(eq(projects.rootId, rootId)),
  ]);
  if (!key) throw notFound("project");
  const children = Map.groupBy(rows, ({ parentId }) => parentId);
  return { rootId, ...key, projects: new Map(rows.map((row) => [row.id, row])), children };
}

/** How often others may change a tree while it is read, before what was read is taken at its word. */
const rereads = 20;

/**
 * Reads something of a tree as it is now. There are several queries to it, so a change by another process
 * may come between them and what was read then does not fit together: it is read again. Throws what `read`
 * throws, if the tree has not changed meanwhile; SecretsflyError `not-found`.
 */
export async function onTree<T>(db: Database, rootId: number, read: (tree: Tree) => Promise<T>): Promise<T> {
  return onTrees(db, [rootId], (trees) => read(treeIn(trees, rootId)));
}

/** Trees by their root's id. */
export type Trees = ReadonlyMap<number, Tree>;

/** The same for several trees: what `read` throws is thrown if none of them has changed meanwhile. */
export async function onTrees<T>(
  db: Database,
  rootIds: readonly number[],
  read: (trees: Trees) => Promise<T>,
): Promise<T> {
  for (let i = 0; ; i++) {
    const trees = await readTrees(db, rootIds);
    try {
      return await read(trees);
    } catch (error) {
      const now = await readTrees(db, rootIds);
      const isTorn = rootIds.some((id) => now.get(id)?.revision !== trees.get(id)?.revision);
      if (!isTorn || i === rereads) throw error;
    }
  }
}

async function readTrees(db: Database, rootIds: readonly number[]): Promise<Trees> {
  const trees = await Promise.all(rootIds.map((id) => readTree(db, id)));
  return new Map(trees.map((tree) => [tree.rootId, tree]));
}

/** One of the trees that were read. Throws SecretsflyError `not-found`. */
export function treeIn(trees: Trees, rootId: number): Tree {
  const tree = trees.get(rootId);
  if (!tree) throw notFound("project");
  return tree;
}

/** A project of a tree. Throws SecretsflyError `not-found` where it is not (or no longer) in it. */
export function projectIn(tree: Tree, id: number): Project {
  const project = tree.projects.get(id);
  if (!project) throw notFound("project");
  return project;
}

/** From the root down to the project itself. */
export function pathTo(tree: Tree, id: number): Project[] {
  const path: Project[] = [];
  for (let project = tree.projects.get(id); project; project = tree.projects.get(project.parentId ?? 0)) {
    path.unshift(project);
  }
  return path;
}

export function childrenOf(tree: Tree, id: number): readonly Project[] {
  return tree.children.get(id) ?? [];
}

/** The project and all below it, parents before their children. */
export function subtreeOf(tree: Tree, id: number): Project[] {
  const subtree = [projectIn(tree, id)];
  for (const project of subtree) subtree.push(...childrenOf(tree, project.id));
  return subtree;
}

/** One project by its id. Throws SecretsflyError `not-found`. */
export async function getProject(db: Database, id: number): Promise<Project> {
  const [project] = await db.select().from(projects).where(eq(projects.id, id));
  if (!project) throw notFound("project");
  return project;
}

/**
 * The id that the next row of an AUTOINCREMENT table would get: needed before it is written, because what
 * is sealed is sealed for that id. Two writers may read the same; one's insert then fails and is tried again.
 */
export async function nextId(db: Database, table: "projects" | "secrets"): Promise<number> {
  const [row] = await db.all<{ seq: number }>(sql`select seq from sqlite_sequence where name = ${table}`);
  return (row?.seq ?? 0) + 1;
}
