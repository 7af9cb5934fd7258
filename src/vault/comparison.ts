import type { Environment } from "./environments.ts";
import { referencedNames } from "./references.ts";
import type { Tree } from "./tree.ts";
import { type UnlockedRoot, unlockEnvironment } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import { byName, openSource, type RawSecret, readView, resolveVisible, visibleSecrets } from "./views.ts";

/** One name in one environment, without its value. */
export interface ComparedCell {
  /** `overriding`: own, and hiding an ancestor's secret of the same name. */
  origin: "own" | "inherited" | "overriding";
  /** Whose an inherited one is, or whose an overriding one hides. */
  from: { id: number; name: string } | undefined;
  /** Overrides the parent's with the very same value: without it apps would get the same. */
  isNeedless: boolean;
  /** Cells of a name with the same number have the same value as it was written, before references are expanded. */
  written: number;
  /** The same for what apps get. */
  given: number;
  /** Names that its value refers to. */
  refersTo: readonly string[];
}

export interface ComparedSecret {
  name: string;
  /** In the order of `environments`; undefined where there is no such secret. */
  cells: readonly (ComparedCell | undefined)[];
}

export interface Comparison {
  /** Those that were asked for and that the project has keys in. */
  environments: readonly Environment[];
  /** Sorted by name. */
  secrets: readonly ComparedSecret[];
}

/**
 * What a project shows in each of some environments, name by name. Values stay in here: only which are equal is told.
 * To be read by `onTree`: a rotation that comes between is then told as that, and not as damage.
 */
export async function compareEnvironments(
  vault: Vault,
  root: UnlockedRoot,
  tree: Tree,
  projectId: number,
  environments: readonly Environment[],
): Promise<Comparison> {
  const opened = await Promise.all(
    environments.map((environment) => openColumn(vault, root, tree, projectId, environment)),
  );
  const columns = opened.filter((column) => column !== undefined);
  const names = new Set(columns.flatMap(({ visible }) => [...visible.keys()]));
  const secrets = [...names].map((name) => ({ name, cells: compareName(tree, projectId, columns, name) }));
  return { environments: columns.map(({ environment }) => environment), secrets: secrets.sort(byName) };
}

/** What one environment shows, by name. */
interface Column {
  environment: Environment;
  visible: ReadonlyMap<string, RawSecret>;
  inherited: ReadonlyMap<string, RawSecret>;
  given: ReadonlyMap<string, string>;
}

/** undefined where the environment has no keys yet. */
async function openColumn(
  vault: Vault,
  root: UnlockedRoot,
  tree: Tree,
  projectId: number,
  environment: Environment,
): Promise<Column | undefined> {
  const view = await readView(vault, projectId, environment);
  if (!view) return undefined;
  const source = await openSource(await unlockEnvironment(vault, root, tree, projectId, environment), view);
  const visible = visibleSecrets(source);
  const byItsName = (secrets: readonly RawSecret[]) =>
    new Map(secrets.map((secret) => [secret.name, secret]));
  return {
    environment,
    visible: byItsName(visible),
    inherited: byItsName(source.inherited),
    given: resolveVisible(visible).values,
  };
}

function compareName(
  tree: Tree,
  projectId: number,
  columns: readonly Column[],
  name: string,
): (ComparedCell | undefined)[] {
  const written = new Groups();
  const given = new Groups();
  return columns.map((column) => {
    const secret = column.visible.get(name);
    if (!secret) return undefined;
    const isOwn = secret.projectId === projectId;
    const above = column.inherited.get(name);
    return {
      origin: isOwn ? (above ? "overriding" : "own") : "inherited",
      from: above && tree.projects.get(above.projectId),
      isNeedless: isOwn && above?.value === secret.value,
      written: written.of(secret.value),
      given: given.of(column.given.get(name) ?? secret.value),
      refersTo: secret.value.includes("${") ? referencedNames(secret.value) : [],
    };
  });
}

/** Numbers values in the order in which they are first seen. */
class Groups {
  readonly #numbers = new Map<string, number>();

  of(value: string): number {
    const number = this.#numbers.get(value) ?? this.#numbers.size;
    this.#numbers.set(value, number);
    return number;
  }
}

/** A secret of one environment that another lacks. */
export interface MissingSecret {
  name: string;
  cell: ComparedCell;
  /** What its value refers to that is missing as well: it can only be copied with these. */
  needs: string[];
}

/** What `from` has and `to` lacks, sorted by name. An environment that is not in the comparison has nothing and lacks nothing. */
export function missingSecrets(comparison: Comparison, from: string, to: string): MissingSecret[] {
  const index = (name: string) => comparison.environments.findIndex((candidate) => candidate.name === name);
  const [here, there] = [index(from), index(to)];
  if (here === -1 || there === -1) return [];
  const missing = comparison.secrets.flatMap(({ name, cells }) => {
    const cell = cells[here];
    return cell && !cells[there] ? [{ name, cell }] : [];
  });
  const names = new Set(missing.map(({ name }) => name));
  return missing.map(({ name, cell }) => ({
    name,
    cell,
    needs: cell.refersTo.filter((other) => other !== name && names.has(other)),
  }));
}

/** These names with all that they need, directly or by way of others. */
export function withNeeds(missing: readonly MissingSecret[], names: Iterable<string>): Set<string> {
  const needs = new Map(missing.map((secret) => [secret.name, secret.needs]));
  const all = new Set(names);
  for (const name of all) for (const needed of needs.get(name) ?? []) all.add(needed);
  return all;
}
