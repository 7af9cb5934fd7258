import { eq, isNull } from "drizzle-orm";
import { generateMasterKey, type TypedMasterKey, wipeMasterKey } from "../cryptography/master-key.ts";
import { environmentKeys, environments, projects, rootKeys } from "../database/schema.ts";
import { invalid } from "../errors.ts";
import { type Environment, listEnvironments } from "./environments.ts";
import { createPlace } from "./new-place.ts";
import { createRootKey, readMasterKey } from "./root-keys.ts";
import { childrenOf, nextId, type Project, projectIn } from "./tree.ts";
import { requireCurrent, type UnlockedRoot, unlockEnvironment } from "./unlock.ts";
import type { Actor, Vault } from "./vault.ts";
import { inheritedFrom } from "./views.ts";
import { type Statement, write, writeTree } from "./write.ts";

/** What people say of a project. */
export interface ProjectInput {
  name: string;
  description: string;
}

const maxNameLength = 100;
const maxDescriptionLength = 1000;

/** Throws SecretsflyError `invalid` for `name` or `description`. */
export function checkProjectInput(input: ProjectInput): ProjectInput {
  const name = input.name.trim();
  const description = input.description.trim();
  if (name === "") throw invalid("name", "A project needs a name.");
  if (name.length > maxNameLength)
    throw invalid("name", `A project's name has at most ${maxNameLength} characters.`);
  if (/\p{C}/u.test(name)) throw invalid("name", "A project's name must not contain control characters.");
  if (description.length > maxDescriptionLength) {
    throw invalid("description", `A description has at most ${maxDescriptionLength} characters.`);
  }
  return { name, description };
}

/** Names are told apart without regard to case, among the children of one parent. Throws SecretsflyError `invalid`. */
export function refuseTakenName(siblings: Iterable<Project>, name: string, self?: number): void {
  for (const sibling of siblings) {
    if (sibling.id !== self && sibling.name.toLowerCase() === name.toLowerCase()) {
      throw invalid("name", "There is already a project of this name here.");
    }
  }
}

/** All projects; who builds trees of them sorts. */
export async function listProjects(vault: Vault): Promise<Project[]> {
  return vault.db.select().from(projects);
}

export interface CreatedRoot {
  project: Project;
  root: UnlockedRoot;
  /** The generated master key, to be shown once; undefined where a passphrase was chosen. */
  generatedMasterKey: string | undefined;
}

/**
 * Creates a root project with its root key and an environment key in every environment.
 * `typedMasterKey` empty: one is generated. Throws SecretsflyError `invalid`.
 */
export async function createRootProject(
  vault: Vault,
  input: ProjectInput,
  typedMasterKey: TypedMasterKey,
  actor: Actor,
): Promise<CreatedRoot> {
  const { name, description } = checkProjectInput(input);
  const generatedMasterKey = typedMasterKey.length === 0 ? generateMasterKey(vault.random) : undefined;
  const masterKey = readMasterKey(generatedMasterKey ?? typedMasterKey, "masterKey");
  const { db } = vault;
  try {
    // Before the attempt, which may be tried again: a passphrase takes its time. Only who loses the id derives anew.
    let prepared = await createRootKey(vault, await nextId(db, "projects"), masterKey, actor);
    return await write(vault, "roots", actor, async () => {
      refuseTakenName(await db.select().from(projects).where(isNull(projects.parentId)), name);
      const id = await nextId(db, "projects");
      const now = vault.clock();
      const project = { id, parentId: null, rootId: id, name, description, createdAt: now, updatedAt: now };
      if (prepared.row.projectId !== id) prepared = await createRootKey(vault, id, masterKey, actor);
      const { row, root } = prepared;
      const statements: Statement[] = [db.insert(projects).values(project), db.insert(rootKeys).values(row)];
      for (const environment of await listEnvironments(vault)) {
        statements.push(...(await createPlace(vault, root.rootKey, id, environment, [])).statements);
      }
      const result = { project, root, generatedMasterKey };
      return { statements, events: [{ action: "project.create", project }], result };
    });
  } finally {
    wipeMasterKey(masterKey);
  }
}

/** Creates a project under another, while its root is unsealed. Throws SecretsflyError `invalid`, `not-found`. */
export async function createChildProject(
  vault: Vault,
  root: UnlockedRoot,
  parentId: number,
  input: ProjectInput,
): Promise<Project> {
  const { name, description } = checkProjectInput(input);
  return writeTree(vault, root.rootId, root.actor, async (tree) => {
    const { db } = vault;
    requireCurrent(root, tree);
    projectIn(tree, parentId);
    refuseTakenName(childrenOf(tree, parentId), name);
    const id = await nextId(db, "projects");
    const now = vault.clock();
    const project: Project = {
      id,
      parentId,
      rootId: root.rootId,
      name,
      description,
      createdAt: now,
      updatedAt: now,
    };
    const statements: Statement[] = [db.insert(projects).values(project)];
    for (const environment of await environmentsWithKeys(vault, root.rootId)) {
      const parent = await unlockEnvironment(vault, root, tree, parentId, environment);
      const inherited = await inheritedFrom(vault, parent);
      const place = await createPlace(vault, parent.keys.childKey, id, environment, inherited);
      statements.push(...place.statements);
    }
    return { statements, events: [{ action: "project.create", project }], result: project };
  });
}

/**
 * The environments in which a tree has keys. Ones that the settings hide are among them: what is done to
 * the tree meanwhile has to hold when they come back.
 */
export async function environmentsWithKeys(vault: Vault, rootId: number): Promise<Environment[]> {
  return vault.db
    .select({ id: environments.id, name: environments.name })
    .from(environmentKeys)
    .innerJoin(environments, eq(environments.id, environmentKeys.environmentId))
    .where(eq(environmentKeys.projectId, rootId));
}
