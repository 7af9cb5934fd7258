import { and, asc, eq, lte, max, min, ne, sql } from "drizzle-orm";
import { toBytes } from "../cryptography/bytes.ts";
import { sha256 } from "../cryptography/hash.ts";
import { secrets, secretVersions } from "../database/schema.ts";
import { invalid, notFound } from "../errors.ts";
import { openVersion, type VersionContent } from "./history.ts";
import { describeProblem, isKnownProblem } from "./references.ts";
import type { SecretChange } from "./secret-input.ts";
import { type ChangedSecret, changeSecrets } from "./secrets.ts";
import { unlessRotated, type WritableEnvironment } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import {
  openSource,
  type RawSecret,
  readView,
  resolveVisible,
  type ViewSource,
  visibleSecrets,
} from "./views.ts";

/** A project × environment as it was at a moment: what differs from now, and the way back. */

/** What of a secret would be set back; `add`: it was deleted since; `delete`: it was not there yet. */
type ReturnKind = "value" | "note" | "value-and-note" | "add" | "delete";

/** One secret that going back would change. */
export interface PlannedReturn {
  name: string;
  kind: ReturnKind;
  /** The newest version; where the secret is deleted, its deletion. */
  fromVersion: number;
  /** The version that it had at the moment; null where it was not there. */
  toVersion: number | null;
  /** The project whose secret of that name takes the place of a deleted one. */
  inheritedFrom: number | undefined;
}

/** What going back to a moment would do. It holds no value. */
export interface RollbackPreview {
  at: number;
  /** Of all that this was made from: as long as it is the same, going back does just this. */
  fingerprint: string;
  /** Sorted by name. */
  returns: PlannedReturn[];
  /** Secrets that are as they were. */
  unchanged: number;
  /** Secrets that stay as they are because their versions of that time are not kept. */
  unreachable: string[];
  /** Why it would be refused: references that would no longer resolve, in words. */
  problems: string[];
}

interface RollbackPlan extends RollbackPreview {
  changes: SecretChange[];
}

/** What going back to a moment would do. Throws SecretsflyError `invalid` for a moment that is still to come. */
export async function previewRollback(
  vault: Vault,
  place: WritableEnvironment,
  at: number,
): Promise<RollbackPreview> {
  refuseFuture(vault, at);
  const view = await readView(vault, place.projectId, place.environment);
  if (!view) throw notFound("environment in this project");
  const source = await openSource(place, view).catch(unlessRotated(vault, place));
  const { changes: _changes, ...preview } = await planRollback(vault, place, source, at);
  return preview;
}

/**
 * Makes a project × environment's own secrets what they were at a moment, in one write: as new versions, so that
 * the history is kept and this, too, can be taken back. Returns what changed; undefined, with nothing written, where
 * the preview with this fingerprint is no longer what would happen. Throws SecretsflyError as `changeSecrets`.
 */
export async function rollBackEnvironment(
  vault: Vault,
  place: WritableEnvironment,
  at: number,
  fingerprint?: string,
): Promise<ChangedSecret[] | undefined> {
  refuseFuture(vault, at);
  let isOther = false;
  const changed = await changeSecrets(vault, place, async (_tree, source) => {
    const plan = await planRollback(vault, place, source, at);
    isOther = fingerprint !== undefined && fingerprint !== plan.fingerprint;
    return isOther ? [] : plan.changes;
  });
  return isOther ? undefined : changed;
}

function refuseFuture(vault: Vault, at: number): void {
  if (at > vault.clock()) throw invalid("at", "This moment is still to come. Choose one that is past.");
}

/** The row of a secret, with what is kept of its history. */
interface KeptSecret {
  id: number;
  name: string;
  version: number;
  /** The oldest version that is kept. */
  oldest: number;
  /** The newest version of the moment; null where none is kept. */
  target: number | null;
}

async function planRollback(
  vault: Vault,
  place: WritableEnvironment,
  source: ViewSource,
  at: number,
): Promise<RollbackPlan> {
  const { rows, targets } = await readMoment(vault, place, at);
  const own = new Map(source.own.map((secret) => [secret.name, secret]));
  const inherited = new Map(source.inherited.map((secret) => [secret.name, secret]));
  const after = new Map(own);
  const plan: RollbackPlan = {
    at,
    fingerprint: fingerprintOf(place, source, rows, at),
    ...{ returns: [], unchanged: 0, unreachable: [], problems: [], changes: [] },
  };
  for (const row of rows) {
    const { name } = row;
    if (row.target === null && row.oldest > 1) {
      plan.unreachable.push(name);
      continue;
    }
    const current = own.get(name);
    // A version that is the newest one is what the source holds; the others were opened.
    const target = row.target === row.version ? current : targets.get(row.id);
    const kind = returnKind(current, target);
    if (!kind) {
      if (current) plan.unchanged += 1;
      continue;
    }
    const toVersion = kind === "delete" ? null : row.target;
    const inheritedFrom = kind === "delete" ? inherited.get(name)?.projectId : undefined;
    plan.returns.push({ name, kind, fromVersion: row.version, toVersion, inheritedFrom });
    if (!target || target.value === null) {
      plan.changes.push({ kind: "delete", name });
      after.delete(name);
    } else {
      const { value, note } = target;
      plan.changes.push({ kind: "set", name, value, note });
      after.set(name, { id: row.id, name, value, note, version: row.version, projectId: place.projectId });
    }
  }
  plan.problems = madeProblems(source, { inherited: source.inherited, own: [...after.values()] });
  return plan;
}

type Content = Pick<VersionContent, "value" | "note">;

/** What has to be done for a secret to be what it was; undefined: nothing. */
function returnKind(current: RawSecret | undefined, target: Content | undefined): ReturnKind | undefined {
  const isThen = target !== undefined && target.value !== null;
  if (!current) return isThen ? "add" : undefined;
  if (!isThen) return "delete";
  const [isValue, isNote] = [target.value !== current.value, target.note !== current.note];
  if (isValue) return isNote ? "value-and-note" : "value";
  return isNote ? "note" : undefined;
}

/** References that would no longer resolve, in words; a write that makes such is refused. */
function madeProblems(before: ViewSource, after: ViewSource): string[] {
  const known = resolveVisible(visibleSecrets(before)).problems;
  return resolveVisible(visibleSecrets(after))
    .problems.filter((problem) => !isKnownProblem(known, problem))
    .map(describeProblem);
}

/** The names and numbers that a plan is made from. Versions never change, so they say all that their values would. */
function fingerprintOf(
  { projectId, environment }: WritableEnvironment,
  source: ViewSource,
  rows: readonly KeptSecret[],
  at: number,
): string {
  const shown = source.own.map(({ name, version }) => [name, version]);
  const kept = rows.map(({ id, version, oldest, target }) => [id, version, oldest, target]);
  return sha256(toBytes(JSON.stringify([projectId, environment.id, at, shown, kept]))).toHex();
}

/** What is kept of all secrets here, and what the moment's versions hold, where those are not the newest. By name. */
async function readMoment(
  vault: Vault,
  place: WritableEnvironment,
  at: number,
): Promise<{ rows: KeptSecret[]; targets: Map<number, VersionContent> }> {
  const { db } = vault;
  const isHere = and(eq(secrets.projectId, place.projectId), eq(secrets.environmentId, place.environment.id));
  const newest = db
    .select({ id: secrets.id, name: secrets.name, target: max(secretVersions.version).as("target") })
    .from(secrets)
    .innerJoin(secretVersions, eq(secretVersions.secretId, secrets.id))
    .where(and(isHere, lte(secretVersions.createdAt, at)))
    .groupBy(secrets.id)
    .as("newest");
  const isTarget = and(eq(secretVersions.secretId, newest.id), eq(secretVersions.version, newest.target));
  // Together, so that no write comes between them.
  const [rows, versions] = await db.batch([
    db
      .select({
        id: secrets.id,
        name: secrets.name,
        version: secrets.version,
        oldest: sql<number>`${min(secretVersions.version)}`,
        target: sql<
          number | null
        >`max(${secretVersions.version}) filter (where ${lte(secretVersions.createdAt, at)})`,
      })
      .from(secrets)
      .innerJoin(secretVersions, eq(secretVersions.secretId, secrets.id))
      .where(isHere)
      .groupBy(secrets.id)
      .orderBy(asc(secrets.name)),
    db
      .select({ name: newest.name, row: secretVersions })
      .from(newest)
      .innerJoin(secretVersions, isTarget)
      .innerJoin(secrets, eq(secrets.id, newest.id))
      .where(ne(secretVersions.version, secrets.version)),
  ]);
  const opened = await Promise.all(
    versions.map(async ({ name, row }) => [row.secretId, await openVersion(place, name, row)] as const),
  ).catch(unlessRotated(vault, place));
  return { rows, targets: new Map(opened) };
}
