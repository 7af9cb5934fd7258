/** @jsxImportSource hono/jsx */
import type { CompareFilter, CompareShow } from "./compare-address.ts";
import { SelectField } from "./fields.tsx";
import { comparePath } from "./paths.ts";

const showLabels: Record<CompareFilter["with"], readonly (readonly [CompareShow, string])[]> = {
  environments: [
    ["all", "All"],
    ["different", "Missing or different"],
    ["missing", "Missing"],
  ],
  parent: [
    ["all", "All"],
    ["needless", "Overridden with the same value"],
    ["overridden", "Overridden with another value"],
    ["own", "Only here"],
  ],
};

interface CompareFilterFormProps {
  projectId: number;
  filter: CompareFilter;
  /** Environments of the project that can be compared. */
  available: readonly string[];
}

/** Searches and filters a comparison, while it is typed where scripts run. */
export function CompareFilterForm({ projectId, filter, available }: CompareFilterFormProps) {
  const isChosen = (environment: string) =>
    filter.environments.length === 0 || filter.environments.includes(environment);
  const isFiltered = filter.q !== "" || filter.show !== "all" || filter.environments.length > 0;
  return (
    <details class="fold" open={isFiltered}>
      <summary>Filter</summary>
      <form method="get" action={comparePath(projectId)} data-live="comparison" class="compare-filter">
        {filter.with === "parent" && <input type="hidden" name="with" value="parent" />}
        <label class="field">
          Name
          <input type="search" name="q" value={filter.q} autocomplete="off" spellcheck={false} />
        </label>
        <SelectField
          id="compare-show"
          name="show"
          label="Show"
          value={filter.show}
          choices={showLabels[filter.with].map(([value, label]) => ({ value, label }))}
        />
        {available.length > 1 && (
          <fieldset class="environment-ticks">
            <legend>Environments</legend>
            {available.map((environment) => (
              <label class="tick">
                <input
                  type="checkbox"
                  name="environments"
                  value={environment}
                  checked={isChosen(environment)}
                  autocomplete="off"
                />
                <span class="environment">{environment}</span>
              </label>
            ))}
          </fieldset>
        )}
        <button type="submit" class="button">
          Show
        </button>
      </form>
    </details>
  );
}
