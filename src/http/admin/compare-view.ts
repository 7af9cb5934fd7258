import {
  type ComparedCell,
  type ComparedSecret,
  type Comparison,
  missingSecrets,
} from "../../vault/comparison.ts";
import type { CompareFilter, CompareShow } from "./pages/compare-address.ts";
import type { CopyChoice } from "./pages/compare-copy.tsx";
import type { CompareCell, ComparedRows, CompareRow, Lacking } from "./pages/compare-table.tsx";
import { sliceOf } from "./slices.ts";

/** A page's rows are bounded by their cells: a page must stay small however many environments there are. */
const cellsAPage = 1500;
const maxRows = 300;
const minRows = 40;

/** As many as can be ticked at once on a page. */
const maxListed = 300;

/** The columns that were chosen: of the environments of a comparison, all where none of them was. */
function chosenColumns({ environments }: Comparison, filter: CompareFilter): Comparison["environments"] {
  const chosen = environments.filter(({ name }) => filter.environments.includes(name));
  return chosen.length > 0 ? chosen : environments;
}

/** The rows that a filter asks for, one page of them, with how many there are of each kind. */
export function comparedRows(comparison: Comparison, filter: CompareFilter): ComparedRows {
  const columns = chosenColumns(comparison, filter);
  const indexes = columns.map((column) => comparison.environments.indexOf(column));
  const environments = columns.map(({ name }) => name);
  const describe = filter.with === "parent" ? describeAgainstParent : describeAmongEnvironments;
  const secrets = comparison.secrets
    .map(({ name, cells }) => ({ name, cells: indexes.map((index) => cells[index]) }))
    .filter(({ cells }) => cells.some((cell) => cell !== undefined));
  const all = secrets.map((secret) => describe(secret, environments));
  const found = all.filter((row) => fits(row, filter));
  const size = Math.min(maxRows, Math.max(minRows, Math.floor(cellsAPage / Math.max(1, columns.length))));
  const { items: rows, position } = sliceOf(found, filter.page, size);
  return { environments, rows, position, counts: countKinds(all) };
}

function countKinds(rows: readonly CompareRow[]): ComparedRows["counts"] {
  const kinds: CompareShow[] = ["all", "missing", "different", "overridden", "needless", "own"];
  return new Map(kinds.map((kind) => [kind, rows.filter((row) => isOf(row, kind)).length]));
}

function isOf(row: CompareRow, show: CompareShow): boolean {
  return show === "all" || row.kinds.has(show);
}

function fits(row: CompareRow, { q, show }: CompareFilter): boolean {
  if (!row.name.toLowerCase().includes(q.toLowerCase())) return false;
  // "Missing or different": who looks for what is not alike wants both.
  return isOf(row, show) || (show === "different" && row.kinds.has("missing"));
}

function describeAmongEnvironments(
  { name, cells }: ComparedSecret,
  environments: readonly string[],
): CompareRow {
  const there = cells.filter((cell) => cell !== undefined);
  const letters = lettersOf(there.map(({ written }) => written));
  const differs = letters.size > 1;
  // One alone is like no other.
  const mark = there.length > 1 ? "=" : "";
  const apps = new Set(there.map(({ given }) => given)).size > 1;
  const missing = environments.filter((_, i) => cells[i] === undefined);
  const kinds = new Set<CompareShow>();
  if (missing.length > 0) kinds.add("missing");
  if (differs) kinds.add("different");
  const summary = [
    missing.length > 0 && `Missing in ${missing.join(", ")}`,
    differs && (missing.length > 0 ? "different elsewhere" : "Different"),
  ].filter(Boolean);
  const hint = apps === differs ? "" : apps ? "apps get different values" : "apps get the same value";
  return {
    name,
    kinds,
    summary: summary.join(", ") || "Same everywhere",
    hint,
    cells: cells.map((cell) => cell && pageCell(cell, differs ? (letters.get(cell.written) ?? "") : mark)),
  };
}

/** A letter for each group of equal values, in the order of the columns. */
function lettersOf(groups: readonly number[]): Map<number, string> {
  const letter = (i: number) => (i < 26 ? String.fromCharCode(65 + i) : String(i + 1));
  return new Map([...new Set(groups)].map((group, i) => [group, letter(i)]));
}

function describeAgainstParent({ name, cells }: ComparedSecret, environments: readonly string[]): CompareRow {
  const where = (fits: (cell: ComparedCell) => boolean) =>
    environments.filter((_, i) => cells[i] !== undefined && fits(cells[i]));
  const needless = where(({ isNeedless }) => isNeedless);
  const overridden = where(({ origin, isNeedless }) => origin === "overriding" && !isNeedless);
  const own = where(({ origin }) => origin === "own");
  const kinds = new Set<CompareShow>();
  if (needless.length > 0) kinds.add("needless");
  if (overridden.length > 0) kinds.add("overridden");
  if (own.length > 0) kinds.add("own");
  const present = where(() => true);
  const told = (text: string, places: readonly string[]) =>
    places.length === 0 ? [] : [places.length === present.length ? text : `${text} in ${places.join(", ")}`];
  const summary = [
    ...told("Needless override", needless),
    ...told("Overridden", overridden),
    ...told("Only here", own),
  ];
  return {
    name,
    kinds,
    summary: summary.join(", ") || "Inherited",
    hint: "",
    cells: cells.map((cell) => cell && pageCell(cell, "")),
  };
}

function pageCell({ origin, from, isNeedless }: ComparedCell, group: string): CompareCell {
  return { origin, from: from ? { id: from.id, name: from.name } : null, isNeedless, group };
}

/** What each of the chosen environments lacks, and which other one has the most of it. */
export function lackingEnvironments(comparison: Comparison, filter: CompareFilter): Lacking[] {
  const names = chosenColumns(comparison, filter).map(({ name }) => name);
  return names.flatMap((environment) => {
    const offers = names.map((from) => ({
      from,
      count: missingSecrets(comparison, from, environment).length,
    }));
    const best = offers.reduce((most, offer) => (offer.count > most.count ? offer : most));
    return best.count > 0 ? [{ environment, ...best }] : [];
  });
}

/** What can be copied from one environment to another, with what is ticked. */
export function copyChoice(
  comparison: Comparison,
  filter: CompareFilter,
  ticked: ReadonlySet<string>,
): CopyChoice {
  const missing = missingSecrets(comparison, filter.from, filter.to);
  const found = missing.filter(
    ({ name }) => ticked.has(name) || name.toLowerCase().includes(filter.q.toLowerCase()),
  );
  // What is ticked is listed however long the list is.
  const first = [...found].sort((a, b) => Number(ticked.has(b.name)) - Number(ticked.has(a.name)));
  const listed = new Set(first.slice(0, Math.max(maxListed, ticked.size)).map(({ name }) => name));
  return {
    environments: comparison.environments.map(({ name }) => name),
    missing: missing.length,
    found: found.length,
    secrets: found
      .filter(({ name }) => listed.has(name))
      .map(({ name, cell, needs }) => ({
        name,
        cell: pageCell(cell, ""),
        needs,
        isTicked: filter.ticked || ticked.has(name),
      })),
  };
}
