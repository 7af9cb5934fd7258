/** @jsxImportSource hono/jsx */
import type { Child } from "hono/jsx";
import type { ProjectLink } from "../view-models.ts";
import { type CompareFilter, type CompareShow, compareAddress } from "./compare-address.ts";
import { plural } from "./components.tsx";
import { ListPages, type ListPosition } from "./list-pages.tsx";
import { environmentSecretsPath, secretPath } from "./paths.ts";

/** One name in one environment. */
export interface CompareCell {
  origin: "own" | "inherited" | "overriding";
  /** Whose an inherited one is, or whose an overriding one hides; null for `own`. */
  from: ProjectLink | null;
  /** Overrides the parent's with the same value. */
  isNeedless: boolean;
  /** Cells of a row with the same letter have the same value; `=` where all have; empty where that is not told. */
  group: string;
}

/** One name in all environments that are compared. */
export interface CompareRow {
  name: string;
  /** What it is to be found by. */
  kinds: ReadonlySet<CompareShow>;
  /** What the cells come to, in words. */
  summary: string;
  /** What the values alone do not tell; empty where there is nothing. */
  hint: string;
  /** In the order of the environments; undefined where it is missing. */
  cells: readonly (CompareCell | undefined)[];
}

/** A page of rows. */
export interface ComparedRows {
  environments: readonly string[];
  rows: readonly CompareRow[];
  position: ListPosition;
  /** Of all names, before they are searched and filtered. */
  counts: ReadonlyMap<CompareShow, number>;
}

/** An environment that lacks secrets, and the one that has the most of them. */
export interface Lacking {
  environment: string;
  from: string;
  count: number;
}

interface CompareTableProps {
  projectId: number;
  filter: CompareFilter;
  compared: ComparedRows;
}

/** So many columns have room on a wide screen. */
const fewEnvironments = 4;

/** Names down, environments across. */
export function CompareTable({ projectId, filter, compared }: CompareTableProps) {
  return (
    <>
      {/* A box that scrolls must be reachable with the keyboard. */}
      <section
        class={compared.environments.length > fewEnvironments ? "table-box" : "table-box compare-few"}
        aria-label="Comparison"
        tabindex={0}
      >
        <table class="compare">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">{filter.with === "parent" ? "Against the parent" : "Compared"}</th>
              {compared.environments.map((environment) => (
                <th scope="col">
                  <span class="environment">{environment}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {compared.rows.map((row) => (
              <tr>
                <th scope="row">
                  <span class="secret-name">{row.name}</span>
                </th>
                <td class={row.kinds.size > 0 ? "compare-summary uneven" : "compare-summary"}>
                  {row.summary}
                  {row.hint && <span class="hint block">{row.hint}</span>}
                </td>
                {row.cells.map((cell, i) => (
                  <Cell
                    projectId={projectId}
                    environment={compared.environments[i] ?? ""}
                    name={row.name}
                    cell={cell}
                    isParent={filter.with === "parent"}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <ListPages path={compareAddress(projectId, { ...filter, page: 1 })} position={compared.position}>
        Page {compared.position.page} of {compared.position.pages}
      </ListPages>
    </>
  );
}

interface CellProps {
  projectId: number;
  environment: string;
  name: string;
  cell: CompareCell | undefined;
  isParent: boolean;
}

function Cell({ projectId, environment, name, cell, isParent }: CellProps) {
  if (!cell) {
    const add = `${environmentSecretsPath(projectId, environment)}?add=${encodeURIComponent(name)}#add-secrets`;
    return (
      <td data-label={environment} class={isParent ? "missing calm" : "missing"}>
        {isParent ? (
          "Not here"
        ) : (
          <>
            Missing{" "}
            <a href={add} aria-label={`Add ${name} to ${environment}`}>
              Add
            </a>
          </>
        )}
      </td>
    );
  }
  return (
    <td data-label={environment}>
      <div class="compare-cell">
        {cell.group && <Group letter={cell.group} />}
        <a
          href={secretPath(projectId, environment, name)}
          aria-label={`${name} in ${environment}: ${told(cell, isParent)}`}
        >
          {told(cell, isParent)}
        </a>
      </div>
    </td>
  );
}

/** Where a value comes from; against the parent, what an override makes of it. */
function told({ origin, from, isNeedless }: CompareCell, isParent: boolean): string {
  if (origin === "own") return isParent ? "Only here" : "Own";
  if (origin === "inherited") return `From ${from?.name}`;
  if (!isParent) return `Overrides ${from?.name}`;
  return isNeedless ? `Same value as ${from?.name}` : `Another value than ${from?.name}`;
}

/** The mark of equal values: a letter, and a colour that helps to see it. */
function Group({ letter }: { letter: string }) {
  if (letter === "=") return <GroupMark mark="=" label="same value" kind="same" />;
  return <GroupMark mark={letter} label={`value ${letter}`} kind={`g${letter.charCodeAt(0) % 5}`} />;
}

function GroupMark({ mark, label, kind }: { mark: string; label: string; kind: string }) {
  return (
    <span class={`group ${kind}`} role="img" aria-label={label}>
      {mark}
    </span>
  );
}

/** How many names are alike and how many are not; each number leads to its rows. */
export function CompareCounts({ projectId, filter, compared: { counts } }: CompareTableProps) {
  const count = (show: CompareShow) => counts.get(show) ?? 0;
  const to = (show: CompareShow, text: string): Child =>
    count(show) > 0 && (
      <>
        {" · "}
        <a href={compareAddress(projectId, { ...filter, show, q: "", page: 1 })}>
          {count(show).toLocaleString("en")} {text}
        </a>
      </>
    );
  return (
    <p class="hint">
      {plural(count("all"), "name")}
      {filter.with === "parent" ? (
        <>
          {to("needless", "overridden with the same value")}
          {to("overridden", "overridden with another value")}
          {to("own", "only here")}
        </>
      ) : (
        <>
          {to("missing", "missing somewhere")}
          {count("different") > 0 && ` · ${count("different").toLocaleString("en")} different`}
          {count("missing") + count("different") === 0 && " · the same everywhere"}
        </>
      )}
    </p>
  );
}
