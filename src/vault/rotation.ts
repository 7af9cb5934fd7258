import { and, eq } from "drizzle-orm";
import type { Context } from "../cryptography/aead.ts";
import {
  generateMasterKey,
  isSameMasterKey,
  type TypedMasterKey,
  wipeMasterKey,
} from "../cryptography/master-key.ts";
import { rootKeys } from "../database/schema.ts";
import { invalid, SecretsflyError } from "../errors.ts";
import type { AuditEntry } from "./audit.ts";
import { createRootKey, openRoot, openRootKey, readMasterKey } from "./root-keys.ts";
import { type Resealing, stageTree, verifyStage } from "./rotation-seals.ts";
import { deleteLeftovers, Stage } from "./rotation-stage.ts";
import { swapStatements } from "./rotation-swap.ts";
import { planTokens, type TokenPlan } from "./rotation-tokens.ts";
import { countSealed, placesOf, type SealedCounts, sumOf } from "./sealed-rows.ts";
import { getProject, type Project, projectIn, type Tree } from "./tree.ts";
import type { UnlockedRoot } from "./unlock.ts";
import type { Actor, Vault } from "./vault.ts";
import { verifyTree } from "./verify-tree.ts";
import { record, type Write, writeTree } from "./write.ts";

/** What a rotation of the master key is asked for. */
export interface RotationInput {
  currentMasterKey: TypedMasterKey;
  /** Empty: one is generated. */
  newMasterKey: TypedMasterKey;
  /** Ids of service tokens that are revoked in the same write. */
  revoke: readonly number[];
}

/** A rotation that is on disk. */
export interface Rotation {
  /** The new root key. */
  root: UnlockedRoot;
  /** To be shown once; undefined where one was typed. */
  generatedMasterKey: string | undefined;
  /** What was sealed anew. */
  sealed: SealedCounts;
  /** Names of the service tokens that were revoked. */
  revoked: string[];
  /**
   * What does not open after all, read again from the database: none, unless the database did not keep what it was
   * given. Told here and not thrown, since a generated key must reach its reader in any case. undefined: it could not
   * be read again.
   */
  faults: readonly Context[] | undefined;
  /** Why it could not be read again: others have changed it, or do not let go of it. For the log. */
  unreadable?: unknown;
}

/** Sealed things that are done: each is sealed, compared with what it replaces, and opened again in its place. */
export type OnProgress = (progress: { done: number; total: number }) => void;

/** How long a rotation is tried while another process writes to the same tree, in milliseconds. */
const patience = 10 * 60 * 1000;

/**
 * Replaces the master key of a root project, and with it every key below: a new root key, new environment keys in the
 * whole tree, every version and view sealed anew with them, and the new keys sealed to the service tokens, which go on
 * working. All of it is staged, read back and compared before one write puts it in place; a failure anywhere before
 * changes nothing. Values, versions, revisions and ETags stay what they are.
 * Throws SecretsflyError: `wrong-master-key` or `invalid` for `currentMasterKey`, `invalid` for `newMasterKey` and
 * `revoke`, `not-found`, `busy`; OpenError where something in the tree does not open.
 */
export async function rotateMasterKey(
  vault: Vault,
  rootId: number,
  input: RotationInput,
  actor: Actor,
  onProgress: OnProgress,
): Promise<Rotation> {
  const project = await getProject(vault.db, rootId);
  if (project.parentId !== null)
    throw invalid("currentMasterKey", "Only a root project has a master key: rotate that one.");
  const current = await openCurrent(vault, project, input.currentMasterKey, actor);
  const generatedMasterKey = input.newMasterKey.length === 0 ? generateMasterKey(vault.random) : undefined;
  const typed = generatedMasterKey ?? input.newMasterKey;
  refuseSameKey(input.currentMasterKey, typed);
  const rootKey = await newRootKey(vault, current, typed, actor);
  // Opened as it will be the next time, from what is typed and what is stored: from here on this key is the one used.
  const root = await openRootKey(rootKey, typed, "newMasterKey", actor);
  const { sealed, revoked } = await writeRotation(vault, { current, root, rootKey }, input, onProgress);
  const total = sumOf(sealed);
  let done = 2 * total;
  const reading = await readAgain(vault, root, (count) => {
    done += count;
    onProgress({ done: Math.min(done, 3 * total), total: 3 * total });
  });
  return { root, generatedMasterKey, sealed, revoked, ...reading };
}

/** The current root key, by the current master key: knowing it is what permits a rotation. A refusal is audited. */
async function openCurrent(
  vault: Vault,
  project: Project,
  typed: TypedMasterKey,
  actor: Actor,
): Promise<UnlockedRoot> {
  return openRoot(vault, project.id, typed, "currentMasterKey", actor).catch(async (error: unknown) => {
    if (error instanceof SecretsflyError)
      await record(vault, actor, { action: "master-key.rotate-refused", project });
    throw error;
  });
}

function refuseSameKey(current: TypedMasterKey, next: TypedMasterKey): void {
  const keys = [readMasterKey(current, "currentMasterKey"), readMasterKey(next, "newMasterKey")] as const;
  const isSame = isSameMasterKey(...keys);
  keys.forEach(wipeMasterKey);
  if (isSame) throw invalid("newMasterKey", "This is the current master key. Choose another one.");
}

async function newRootKey(vault: Vault, current: UnlockedRoot, typed: TypedMasterKey, actor: Actor) {
  const masterKey = readMasterKey(typed, "newMasterKey");
  try {
    const generation = current.generation + 1;
    return (await createRootKey(vault, current.rootId, masterKey, actor, generation)).row;
  } finally {
    wipeMasterKey(masterKey);
  }
}

interface Keys {
  current: UnlockedRoot;
  root: UnlockedRoot;
  rootKey: typeof rootKeys.$inferSelect;
}

interface Written {
  sealed: SealedCounts;
  revoked: string[];
}

async function writeRotation(
  vault: Vault,
  keys: Keys,
  input: RotationInput,
  onProgress: OnProgress,
): Promise<Written> {
  const { current } = keys;
  const stage = new Stage(vault);
  let attempted: Written | undefined;
  try {
    return await writeTree(
      vault,
      current.rootId,
      current.actor,
      async (tree) => {
        if (tree.generation !== current.generation) throw rotatedMeanwhile();
        await deleteLeftovers(vault);
        await stage.clear();
        const rotation = await rotateTree(vault, tree, keys, stage, input, onProgress);
        attempted = rotation.result;
        return rotation;
      },
      patience,
    );
  } catch (error) {
    // The answer of a database server can be lost on its way: what is written stands, and its key must reach its reader.
    if (attempted && (await isInPlace(vault, keys.rootKey))) return attempted;
    // What is left where even this fails is deleted by a rotation of another day.
    await stage.clear().catch(() => undefined);
    throw error;
  }
}

/** Whether this very root key is the one that is stored; false, too, where the database does not tell. */
async function isInPlace({ db }: Vault, { projectId, salt }: Keys["rootKey"]): Promise<boolean> {
  const isIt = and(eq(rootKeys.projectId, projectId), eq(rootKeys.salt, salt));
  const found = await db
    .select({ id: rootKeys.projectId })
    .from(rootKeys)
    .where(isIt)
    .catch(() => []);
  return found.length > 0;
}

function rotatedMeanwhile(): SecretsflyError {
  const message = "Somebody else has rotated the master key just now. Nothing was changed here.";
  return new SecretsflyError("wrong-master-key", message, { currentMasterKey: message });
}

/** One attempt: stages everything, verifies it, and returns the write that puts it in place. */
async function rotateTree(
  vault: Vault,
  tree: Tree,
  { current, root, rootKey }: Keys,
  stage: Stage,
  input: RotationInput,
  onProgress: OnProgress,
): Promise<Write<Written>> {
  const now = vault.clock();
  const tokens = await planTokens(vault, tree.rootId, input.revoke, now);
  const counts = await countSealed(vault, tree.rootId, now);
  const total = 3 * sumOf({ ...counts, serviceTokens: tokens.carried.length });
  let done = 0;
  onProgress({ done, total });
  const resealing: Resealing = {
    vault,
    stage,
    places: await placesOf(vault, tree),
    tokens: tokens.carried,
    former: tokens.former,
    oldRootKey: current.rootKey,
    newRootKey: root.rootKey,
    onDone(count) {
      done += count;
      onProgress({ done, total });
    },
  };
  await stageTree(resealing);
  const sealed = await verifyStage(resealing);
  return {
    statements: swapStatements(vault, { stage, staged: sealed, tokens, rootKey, now }),
    events: auditEntries(tree, tokens),
    result: { sealed, revoked: tokens.revoked.map(({ name }) => name) },
  };
}

function auditEntries(tree: Tree, { revoked }: TokenPlan): AuditEntry[] {
  return [
    { action: "master-key.rotate", project: projectIn(tree, tree.rootId) },
    ...revoked.map(({ projectId, environment, name }) => ({
      action: "service-token.revoke" as const,
      project: projectIn(tree, projectId),
      environment,
      name,
    })),
  ];
}

async function readAgain(
  vault: Vault,
  root: UnlockedRoot,
  onOpened: (count: number) => void,
): Promise<Pick<Rotation, "faults" | "unreadable">> {
  try {
    return { faults: (await verifyTree(vault, root, onOpened)).faults };
  } catch (unreadable) {
    return { faults: undefined, unreadable };
  }
}
