import { and, eq, inArray } from "drizzle-orm";
import { type Context, sealText } from "../cryptography/aead.ts";
import { secrets, secretVersions } from "../database/schema.ts";
import { notFound, SecretsflyError } from "../errors.ts";
import { giveOthersATurn } from "../turns.ts";
import type { AuditEntry } from "./audit.ts";
import { refuseNewProblems } from "./new-problems.ts";
import { checkPrecondition, type Precondition } from "./precondition.ts";
import { checkChanges, checkTotal, type SecretChange } from "./secret-input.ts";
import { getProject, nextId, type Project, projectIn, type Tree } from "./tree.ts";
import { unlessRotated, type WritableEnvironment } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import {
  buildView,
  byName,
  openSource,
  type RawSecret,
  readView,
  rebuildDescendants,
  replaceViews,
  resolveVisible,
  type ViewSource,
  visibleSecrets,
} from "./views.ts";
import { chunks, type Statement, unchanged, type Write, writeTree } from "./write.ts";

/** What became of one change. */
export interface ChangedSecret {
  id: number;
  name: string;
  version: number;
  outcome: "created" | "changed" | "deleted" | "unchanged";
}

type SecretRow = typeof secrets.$inferSelect;

/** The context that a version's value or note is sealed for. */
export function versionContext(
  purpose: "secret-value" | "secret-note",
  place: { projectId: number; environment: { name: string }; generation: number },
  name: string,
  version: number,
): Context {
  return {
    purpose,
    project: place.projectId,
    environment: place.environment.name,
    name,
    version,
    generation: place.generation,
  };
}

/**
 * Changes that depend on what is there: decided inside of the write, from the tree and the view's source as they
 * are then, and again where somebody else was faster.
 */
type DecideChanges = (tree: Tree, source: ViewSource) => Promise<readonly SecretChange[]>;

/** How a write is to be done. */
export interface WriteOptions {
  /** Asked inside of the write. */
  precondition?: Precondition;
  /** The secret that the precondition is about; the whole list unless told. */
  about?: string;
  /** Everything is checked and computed as for a write, and nothing is written. */
  dryRun?: boolean;
}

/** What a write did, or a dry run would do, and what apps get from then on. */
export interface WrittenSecrets {
  secrets: ChangedSecret[];
  /** `bodyId` of the view, after the write; of a dry run, the one that it started from. */
  revision: string;
}

/**
 * Sets and deletes secrets of a project × environment, all or none: every change is a new version, the
 * view and those of all descendants are rebuilt, and each change is audited, in one batch.
 * A set that changes nothing makes no version. Throws SecretsflyError: `invalid` for names, values, and
 * references that would not resolve; `not-found` for the deletion of a secret that is not there; `too-large`.
 */
export async function changeSecrets(
  vault: Vault,
  place: WritableEnvironment,
  changes: readonly SecretChange[] | DecideChanges,
): Promise<ChangedSecret[]> {
  return (await writeSecrets(vault, place, changes)).secrets;
}

/**
 * The same, for who wants to write only under a condition, or to know the revision that the write made.
 * Throws what `changeSecrets` throws, and SecretsflyError `precondition-failed`.
 */
export async function writeSecrets(
  vault: Vault,
  place: WritableEnvironment,
  changes: readonly SecretChange[] | DecideChanges,
  { precondition = {}, about, dryRun = false }: WriteOptions = {},
): Promise<WrittenSecrets> {
  const { maxSecretBytes } = vault.settings;
  if (typeof changes !== "function") checkChanges(changes, maxSecretBytes);
  return writeItsTree(vault, place, async (tree) => {
    const project = projectIn(tree, place.projectId);
    const view = await readView(vault, place.projectId, place.environment);
    if (!view) throw notFound("environment in this project");
    const source = await openSource(place, view).catch(unlessRotated(vault, place));
    const visible = visibleSecrets(source);
    const exists = about === undefined || visible.some(({ name }) => name === about);
    checkPrecondition(precondition, { revision: view.bodyId, exists });
    const asked = typeof changes === "function" ? await changes(tree, source) : changes;
    if (asked !== changes) checkChanges(asked, maxSecretBytes);
    const plan = await planChanges(vault, place, source, asked);
    const asItIs = unchanged({ secrets: plan.outcomes, revision: view.bodyId });
    if (plan.rows.length === 0) return asItIs;
    checkTotal(source.own, plan.source.own, maxSecretBytes);
    const built = await buildView(vault, place, plan.source, view);
    refuseNewProblems(built, resolveVisible(visible).problems);
    if (dryRun) return asItIs;
    const descendants = await rebuildDescendants(vault, tree, place, built.source);
    const statements = [
      ...(await versionStatements(vault, place, plan.rows)),
      ...replaceViews(vault, [built.row, ...descendants]),
    ];
    return {
      statements,
      events: auditEntries(project, place, plan.outcomes),
      result: { secrets: plan.outcomes, revision: built.row.bodyId },
    };
  });
}

/**
 * A write to the tree that a place is in. Its keys are the same in every tree, so what was under way while the project
 * moved to another root is written there.
 */
async function writeItsTree<T>(
  vault: Vault,
  { projectId, rootId, actor }: WritableEnvironment,
  attempt: (tree: Tree) => Promise<Write<T>>,
): Promise<T> {
  for (let root = rootId; ; ) {
    try {
      return await writeTree(vault, root, actor, attempt);
    } catch (error) {
      if (!(error instanceof SecretsflyError) || error.code !== "not-found") throw error;
      const { rootId: now } = await getProject(vault.db, projectId);
      if (now === root) throw error;
      root = now;
    }
  }
}

/** A row of `secrets` as it will be, with what its new version holds; null is a deletion. */
interface PlannedRow {
  row: SecretRow;
  isNew: boolean;
  content: { value: string; note: string } | null;
}

interface Plan {
  rows: PlannedRow[];
  outcomes: ChangedSecret[];
  source: ViewSource;
}

async function planChanges(
  vault: Vault,
  place: WritableEnvironment,
  source: ViewSource,
  changes: readonly SecretChange[],
): Promise<Plan> {
  const known = await secretRows(
    vault,
    place,
    changes.map(({ name }) => name),
  );
  const own = new Map(source.own.map((secret) => [secret.name, secret]));
  let newId = await nextId(vault.db, "secrets");
  const rows: PlannedRow[] = [];
  const outcomes: ChangedSecret[] = [];
  for (const change of changes) {
    const { name } = change;
    const current = own.get(name);
    const before = known.get(name);
    if (current && isSame(change, current)) {
      outcomes.push({ id: current.id, name, version: current.version, outcome: "unchanged" });
      continue;
    }
    if (change.kind === "delete" && !current) throw notOwn(name);
    const version = (before?.version ?? 0) + 1;
    const id = before?.id ?? newId++;
    const { projectId, environment } = place;
    const row: SecretRow = {
      id,
      projectId,
      environmentId: environment.id,
      name,
      version,
      deleted: change.kind === "delete",
    };
    if (change.kind === "delete") {
      own.delete(name);
      rows.push({ row, isNew: false, content: null });
      outcomes.push({ id, name, version, outcome: "deleted" });
    } else {
      const content = { value: change.value, note: change.note ?? current?.note ?? "" };
      own.set(name, { id, name, ...content, version, projectId });
      rows.push({ row, isNew: !before, content });
      outcomes.push({ id, name, version, outcome: current ? "changed" : "created" });
    }
  }
  const sorted = [...own.values()].sort(byName);
  return { rows, outcomes, source: { inherited: source.inherited, own: sorted } };
}

function notOwn(name: string): SecretsflyError {
  const message = `There is no secret ${name} of this project itself. An inherited one is deleted where it comes from.`;
  return new SecretsflyError("not-found", message);
}

function isSame(change: SecretChange, current: RawSecret): boolean {
  if (change.kind === "delete") return false;
  return change.value === current.value && (change.note === undefined || change.note === current.note);
}

async function secretRows(
  vault: Vault,
  place: WritableEnvironment,
  names: readonly string[],
): Promise<Map<string, SecretRow>> {
  const found: SecretRow[] = [];
  for (const portion of chunks(names)) {
    await giveOthersATurn();
    const here = and(
      eq(secrets.projectId, place.projectId),
      eq(secrets.environmentId, place.environment.id),
      inArray(secrets.name, portion),
    );
    found.push(...(await vault.db.select().from(secrets).where(here)));
  }
  return new Map(found.map((row) => [row.name, row]));
}

/** Versions that are sealed between two turns of others. */
const sealedAtOnce = 50;

async function versionStatements(
  vault: Vault,
  place: WritableEnvironment,
  planned: readonly PlannedRow[],
): Promise<Statement[]> {
  const { db } = vault;
  const versions: (typeof secretVersions.$inferInsert)[] = [];
  for (const portion of chunks(planned, sealedAtOnce)) {
    await giveOthersATurn();
    versions.push(...(await Promise.all(portion.map((plan) => sealVersion(vault, place, plan)))));
  }
  const added = planned.filter(({ isNew }) => isNew).map(({ row }) => row);
  const raised = planned.filter(({ isNew }) => !isNew).map(({ row }) => row);
  const statements: Statement[] = [
    ...chunks(added).map((portion) => db.insert(secrets).values(portion)),
    ...raisedAlike(raised).map(([{ version, deleted }, ids]) =>
      db.update(secrets).set({ version, deleted }).where(inArray(secrets.id, ids)),
    ),
  ];
  if (!vault.settings.versionedSecretValues) {
    const ids = raised.map(({ id }) => id);
    statements.push(
      ...chunks(ids).map((portion) =>
        db.delete(secretVersions).where(inArray(secretVersions.secretId, portion)),
      ),
    );
  }
  statements.push(...chunks(versions).map((portion) => db.insert(secretVersions).values(portion)));
  return statements;
}

/** Rows that become the same but for their ids, with those: one statement is far less than one for each. */
function raisedAlike(rows: readonly SecretRow[]): [SecretRow, number[]][] {
  const alike = Map.groupBy(rows, ({ version, deleted }) => `${version} ${deleted}`);
  return [...alike.values()]
    .flatMap((same) => chunks(same))
    .flatMap((portion) => {
      const [first] = portion;
      return first ? [[first, portion.map(({ id }) => id)] satisfies [SecretRow, number[]]] : [];
    });
}

async function sealVersion(
  vault: Vault,
  place: WritableEnvironment,
  { row, content }: PlannedRow,
): Promise<typeof secretVersions.$inferInsert> {
  const sealed = (purpose: "secret-value" | "secret-note", text: string) =>
    sealText(place.keys.valueKey, text, versionContext(purpose, place, row.name, row.version), vault.random);
  return {
    secretId: row.id,
    version: row.version,
    sealedValue: content && (await sealed("secret-value", content.value)),
    sealedNote: content && content.note !== "" ? await sealed("secret-note", content.note) : null,
    createdAt: vault.clock(),
    createdBy: place.actor.id,
  };
}

function auditEntries(
  project: Project,
  place: WritableEnvironment,
  outcomes: readonly ChangedSecret[],
): AuditEntry[] {
  return outcomes
    .filter(({ outcome }) => outcome !== "unchanged")
    .map(({ name, outcome }) => ({
      action: outcome === "deleted" ? "secret.delete" : "secret.set",
      project,
      environment: place.environment.name,
      name,
    }));
}
