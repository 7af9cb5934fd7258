import { and, asc, desc, eq, inArray } from "drizzle-orm";
import { secrets, secretVersions } from "../database/schema.ts";
import { notFound } from "../errors.ts";
import { describeProblem, type ReferenceProblem } from "./references.ts";
import { pathTo, type Tree } from "./tree.ts";
import { unlessRotated, type WritableEnvironment } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import { openSource, type RawSecret, readView, resolveVisible, visibleSecrets } from "./views.ts";

/** A secret that is visible in a project × environment, as an admin sees it. */
export interface ListedSecret extends RawSecret {
  origin: "own" | "inherited" | "overriding";
  /** Where an inherited one comes from, or whose an overriding one hides. */
  from: { id: number; name: string } | undefined;
  changedAt: number;
  changedBy: string;
  /** What apps get. */
  resolvedValue: string;
  /** References that do not resolve here, in words. */
  problem: string | undefined;
}

/** All visible secrets, sorted by name, with their values. Who shows values calls `recordShown` first. */
export async function listSecrets(
  vault: Vault,
  tree: Tree,
  place: WritableEnvironment,
): Promise<ListedSecret[]> {
  const view = await readView(vault, place.projectId, place.environment);
  if (!view) throw notFound("environment in this project");
  const source = await openSource(place, view).catch(unlessRotated(vault, place));
  const visible = visibleSecrets(source);
  const resolution = resolveVisible(visible);
  const inherited = new Map(source.inherited.map((secret) => [secret.name, secret]));
  const changes = await lastChanges(vault, tree, place);
  const problems = problemsByName(resolution.problems);
  return visible.map((secret) => {
    const isOwn = secret.projectId === place.projectId;
    const hidden = isOwn ? inherited.get(secret.name) : secret;
    const told = problems.get(secret.name);
    return {
      ...secret,
      origin: isOwn ? (hidden ? "overriding" : "own") : "inherited",
      from: hidden && tree.projects.get(hidden.projectId),
      changedAt: changes.get(secret.id)?.createdAt ?? 0,
      changedBy: changes.get(secret.id)?.createdBy ?? "",
      resolvedValue: resolution.values.get(secret.name) ?? secret.value,
      problem: told?.join("; "),
    };
  });
}

/** As many problems as are told of one secret. */
const toldProblems = 10;

/** Problems in words, by the name of each secret that they concern. */
function problemsByName(problems: readonly ReferenceProblem[]): Map<string, string[]> {
  const byName = new Map<string, string[]>();
  for (const problem of problems) {
    const description = describeProblem(problem);
    for (const name of new Set([problem.name, ...problem.members])) {
      const told = byName.get(name);
      if (!told) byName.set(name, [description]);
      else if (told.length < toldProblems) told.push(description);
    }
  }
  return byName;
}

/** A secret of its own that a project × environment had, and whose versions are still there. */
export interface DeletedSecret {
  name: string;
  deletedAt: number;
  deletedBy: string;
}

/** The deleted secrets of a project × environment, the last deleted first. The capability is what permits the names. */
export async function listDeletedSecrets(vault: Vault, place: WritableEnvironment): Promise<DeletedSecret[]> {
  const newest = and(eq(secretVersions.secretId, secrets.id), eq(secretVersions.version, secrets.version));
  return vault.db
    .select({
      name: secrets.name,
      deletedAt: secretVersions.createdAt,
      deletedBy: secretVersions.createdBy,
    })
    .from(secrets)
    .innerJoin(secretVersions, newest)
    .where(
      and(
        eq(secrets.projectId, place.projectId),
        eq(secrets.environmentId, place.environment.id),
        eq(secrets.deleted, true),
      ),
    )
    .orderBy(desc(secretVersions.createdAt), asc(secrets.name));
}

/** When and by whom the newest versions were made, by secret id, along the path from the root. */
async function lastChanges(vault: Vault, tree: Tree, place: WritableEnvironment) {
  const ids = pathTo(tree, place.projectId).map(({ id }) => id);
  const newest = and(eq(secretVersions.secretId, secrets.id), eq(secretVersions.version, secrets.version));
  const rows = await vault.db
    .select({ id: secrets.id, createdAt: secretVersions.createdAt, createdBy: secretVersions.createdBy })
    .from(secrets)
    .innerJoin(secretVersions, newest)
    .where(and(inArray(secrets.projectId, ids), eq(secrets.environmentId, place.environment.id)));
  return new Map(rows.map((row) => [row.id, row]));
}
