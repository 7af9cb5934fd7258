/** @jsxImportSource hono/jsx */
import type { FieldErrors } from "../view-models.ts";
import { type CompareFilter, compareAddress, wholeComparison } from "./compare-address.ts";
import type { CompareCell } from "./compare-table.tsx";
import { EmptyState, plural } from "./components.tsx";
import { FormErrors, SelectField } from "./fields.tsx";
import { comparePath, copyPath } from "./paths.ts";

/** What one environment has and another lacks. */
export interface CopyChoice {
  environments: readonly string[];
  /** All that is missing, and as much of it as fits the search. */
  missing: number;
  found: number;
  /** What is listed of it. */
  secrets: readonly {
    name: string;
    cell: CompareCell;
    /** What its value refers to that is missing as well. */
    needs: readonly string[];
    isTicked: boolean;
  }[];
}

interface CopySectionProps {
  projectId: number;
  filter: CompareFilter;
  choice: CopyChoice;
  /** What was wrong with the form when it was sent. */
  errors: FieldErrors;
}

/** Adds what is missing in one environment from another, several secrets at once. */
export function CopySection(props: CopySectionProps) {
  const { projectId, filter, choice, errors } = props;
  return (
    <section class="card stack" aria-labelledby="copy-title" id="copy">
      <div class="page-head">
        <h2 id="copy-title">Add what is missing</h2>
        <a href={wayBack(projectId, filter)}>Back to the comparison</a>
      </div>
      <form method="get" action={comparePath(projectId)} data-live="missing" class="compare-filter">
        <KeptFilter filter={filter} />
        <EnvironmentChoice filter={filter} name="from" label="Copy from" choice={choice} />
        <EnvironmentChoice filter={filter} name="to" label="Copy to" choice={choice} />
        <label class="field">
          Name
          <input type="search" name="q" value={filter.q} autocomplete="off" spellcheck={false} />
        </label>
        <button type="submit" class="button">
          Show
        </button>
      </form>
      <div
        id="missing"
        class="stack"
        data-announce={`${plural(choice.found, "secret")} missing in ${filter.to}`}
      >
        <FormErrors errors={errors} fields={[]} />
        <MissingSecrets {...props} />
      </div>
    </section>
  );
}

function EnvironmentChoice({
  filter,
  name,
  label,
  choice,
}: {
  filter: CompareFilter;
  name: "from" | "to";
  label: string;
  choice: CopyChoice;
}) {
  const choices = choice.environments.map((environment) => ({ value: environment, label: environment }));
  return <SelectField id={`copy-${name}`} name={name} label={label} value={filter[name]} choices={choices} />;
}

/** What a comparison is looked at by besides the search, so that the way back leads to the same. */
function KeptFilter({ filter }: { filter: CompareFilter }) {
  return (
    <>
      {filter.show !== "all" && <input type="hidden" name="show" value={filter.show} />}
      {filter.environments.map((environment) => (
        <input type="hidden" name="environments" value={environment} />
      ))}
    </>
  );
}

function wayBack(projectId: number, filter: CompareFilter): string {
  const { from, to, ticked } = wholeComparison;
  return compareAddress(projectId, { ...filter, from, to, ticked });
}

function MissingSecrets({ projectId, filter, choice }: CopySectionProps) {
  const { from, to } = filter;
  const isPair = [from, to].every((name) => choice.environments.includes(name)) && from !== to;
  if (!isPair) return <p>Choose two different environments.</p>;
  if (choice.missing === 0) {
    return (
      <EmptyState title={`${to} has every secret that ${from} has`}>
        <p>Their values may differ: the comparison shows where.</p>
      </EmptyState>
    );
  }
  if (choice.found === 0) {
    return (
      <EmptyState title={`Nothing that ${to} lacks is called like “${filter.q}”`}>
        <p>
          <a href={compareAddress(projectId, { ...filter, q: "" })}>
            List all {choice.missing.toLocaleString("en")}
          </a>
        </p>
      </EmptyState>
    );
  }
  return (
    <form method="post" action={copyPath(projectId, to)} class="stack" data-ticking="">
      <input type="hidden" name="from" value={from} />
      <input type="hidden" name="back" value={wayBack(projectId, filter)} />
      <fieldset class="ticks-box">
        <legend>
          {plural(choice.found, "secret")} in <span class="environment">{from}</span>, missing in{" "}
          <span class="environment">{to}</span>
        </legend>
        <p class="ticks-all">
          <a href={`${compareAddress(projectId, { ...filter, ticked: true })}#copy`} data-tick="all">
            Tick all
          </a>
          <a href={`${compareAddress(projectId, { ...filter, ticked: false })}#copy`} data-tick="none">
            Tick none
          </a>
        </p>
        <ul class="ticks">
          {choice.secrets.map((secret) => (
            <MissingItem secret={secret} to={to} />
          ))}
        </ul>
      </fieldset>
      {choice.secrets.length < choice.found && (
        <p class="hint">
          {choice.secrets.length} of {choice.found.toLocaleString("en")} are listed. Search for others, or
          copy these first.
        </p>
      )}
      <p class="hint">
        Value and note are copied as they were written in {from}. From then on the two change apart; a value
        that should differ in {to} is better added there by itself.
      </p>
      <button type="submit" class="button primary" data-counts={`to ${to}`}>
        Copy what is ticked to {to}
      </button>
    </form>
  );
}

function MissingItem({ secret, to }: { secret: CopyChoice["secrets"][number]; to: string }) {
  const { name, cell, needs, isTicked } = secret;
  return (
    <li>
      <label class="tick">
        <input type="checkbox" name="names" value={name} checked={isTicked} autocomplete="off" />
        <span>
          <span class="secret-name">{name}</span>
          {cell.origin === "inherited" && <span class="hint"> from {cell.from?.name}</span>}
          {needs.length > 0 && (
            <span class="hint block">
              refers to {needs.join(", ")}, missing in {to} too
            </span>
          )}
        </span>
      </label>
    </li>
  );
}
