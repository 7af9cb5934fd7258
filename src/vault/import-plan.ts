import { notFound, SecretsflyError } from "../errors.ts";
import { describeProblem, isKnownProblem, type Resolution } from "./references.ts";
import { checkTotal, nameFault, type SecretChange, valueFault } from "./secret-input.ts";
import { changeSecrets } from "./secrets.ts";
import type { Tree } from "./tree.ts";
import { unlessRotated, type WritableEnvironment } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import {
  byName,
  openSource,
  type RawSecret,
  readView,
  resolveVisible,
  type ViewSource,
  visibleSecrets,
} from "./views.ts";

/** A secret of a text that is to be imported. Names are unique. */
export interface ImportEntry {
  name: string;
  value: string;
  /** Of the text. */
  line: number;
}

/** What an import would do with an entry. */
export interface ImportRow {
  entry: ImportEntry;
  /** `inherited`: an ancestor gives it the same value, so it needs none of its own and is left alone. */
  outcome: "new" | "changed" | "unchanged" | "inherited";
  /** Whose secret of this name a new one would hide. */
  overrides: string | undefined;
  /** True where apps would get the same as now, and only the way that it is written changes. */
  isSameForApps: boolean;
}

/** Why nothing can be imported. */
interface ImportFault {
  /** What is at fault; undefined for the import as a whole. */
  entry: ImportEntry | undefined;
  message: string;
}

export interface ImportPlan {
  rows: ImportRow[];
  faults: ImportFault[];
}

/**
 * What an import would do, entry by entry, without doing it. It sets secrets and deletes none.
 * Throws SecretsflyError `not-found`, `busy`.
 */
export async function planImport(
  vault: Vault,
  tree: Tree,
  place: WritableEnvironment,
  entries: readonly ImportEntry[],
): Promise<ImportPlan> {
  const view = await readView(vault, place.projectId, place.environment);
  if (!view) throw notFound("environment in this project");
  const source = await openSource(place, view).catch(unlessRotated(vault, place));
  return plan(vault, tree, place, source, entries);
}

/** What became of an import. */
export interface Imported {
  created: number;
  changed: number;
  /** Those that were the same already, of their own or inherited. */
  unchanged: number;
}

/**
 * Imports all entries or none, by what is there when it is written and not when it was planned. Notes stay.
 * Throws what `changeSecrets` throws, and SecretsflyError `invalid` where the plan has faults.
 */
export async function importSecrets(
  vault: Vault,
  place: WritableEnvironment,
  entries: readonly ImportEntry[],
): Promise<Imported> {
  const outcomes = await changeSecrets(vault, place, async (tree, source) => {
    const { rows, faults } = plan(vault, tree, place, source, entries);
    const [fault] = faults;
    if (fault) throw new SecretsflyError("invalid", `Nothing was imported. ${fault.message}`);
    return rows.filter(isWritten).map(({ entry }): SecretChange => {
      return { kind: "set", name: entry.name, value: entry.value };
    });
  });
  const created = outcomes.filter(({ outcome }) => outcome === "created").length;
  return { created, changed: outcomes.length - created, unchanged: entries.length - outcomes.length };
}

function isWritten({ outcome }: ImportRow): boolean {
  return outcome === "new" || outcome === "changed";
}

function plan(
  vault: Vault,
  tree: Tree,
  place: WritableEnvironment,
  source: ViewSource,
  entries: readonly ImportEntry[],
): ImportPlan {
  const { maxSecretBytes } = vault.settings;
  const faults = entries.flatMap((entry): ImportFault[] => {
    const message = entryFault(entry, maxSecretBytes);
    return message === undefined ? [] : [{ entry, message }];
  });
  // One that has a name takes part in all that follows, so that no other is told that it is missing.
  const named = entries.filter(({ name }) => nameFault(name) === undefined);
  const rows = rowsOf(tree, source, named);
  const own = new Map(source.own.map((secret) => [secret.name, secret]));
  for (const { entry } of rows.filter(isWritten))
    own.set(entry.name, draft(entry, own.get(entry.name), place));
  const after = { inherited: source.inherited, own: [...own.values()].sort(byName) };
  const total = totalFault(source.own, after.own, maxSecretBytes);
  if (total !== undefined) faults.push({ entry: undefined, message: total });
  const [now, then] = [resolveVisible(visibleSecrets(source)), resolveVisible(visibleSecrets(after))];
  faults.push(...referenceFaults(now, then, named));
  const wrong = new Set(faults.map(({ entry }) => entry));
  return {
    faults,
    rows: rows
      .filter(({ entry }) => !wrong.has(entry))
      .map((row) => {
        const { name } = row.entry;
        return { ...row, isSameForApps: isWritten(row) && now.values.get(name) === then.values.get(name) };
      }),
  };
}

function entryFault({ name, value }: ImportEntry, maxSecretBytes: number): string | undefined {
  const fault = nameFault(name) ?? valueFault(value);
  if (fault !== undefined) return fault;
  if (Buffer.byteLength(value) <= maxSecretBytes) return undefined;
  return `Its value is larger than ${maxSecretBytes} bytes.`;
}

function rowsOf(tree: Tree, source: ViewSource, entries: readonly ImportEntry[]): ImportRow[] {
  const own = new Map(source.own.map((secret) => [secret.name, secret]));
  const inherited = new Map(source.inherited.map((secret) => [secret.name, secret]));
  return entries.map((entry) => {
    const [mine, theirs] = [own.get(entry.name), inherited.get(entry.name)];
    const isSame = (mine ?? theirs)?.value === entry.value;
    const outcome = mine ? (isSame ? "unchanged" : "changed") : isSame ? "inherited" : "new";
    const overrides = outcome === "new" && theirs ? tree.projects.get(theirs.projectId)?.name : undefined;
    return { entry, outcome, overrides, isSameForApps: false };
  });
}

/** An entry as the secret that it would be, as far as bounds and references ask. */
function draft(entry: ImportEntry, current: RawSecret | undefined, place: WritableEnvironment): RawSecret {
  const { name, value } = entry;
  return { id: 0, note: "", version: 0, projectId: place.projectId, ...current, name, value };
}

function totalFault(
  before: readonly RawSecret[],
  after: readonly RawSecret[],
  maxSecretBytes: number,
): string | undefined {
  try {
    checkTotal(before, after, maxSecretBytes);
    return undefined;
  } catch (error) {
    if (error instanceof SecretsflyError) return error.message;
    throw error;
  }
}

/** References that would not resolve and do now, beside the entry that has them. */
function referenceFaults(now: Resolution, then: Resolution, entries: readonly ImportEntry[]): ImportFault[] {
  const byEntryName = new Map(entries.map((entry) => [entry.name, entry]));
  return then.problems
    .filter((problem) => !isKnownProblem(now.problems, problem))
    .map((problem) => {
      const name = [problem.name, ...problem.members].find((member) => byEntryName.has(member));
      const entry = name === undefined ? undefined : byEntryName.get(name);
      return { entry, message: `${describeProblem(problem)}.` };
    });
}

/** A value in which no reference is one: apps get it as it is here. */
export function toTheLetter(value: string): string {
  // By a function: in a replacement text `$$` is one dollar sign.
  return value.replaceAll("${", () => "$${");
}
