/** @jsxImportSource hono/jsx */
import type { FieldErrors } from "../view-models.ts";
import { Field, FormErrors, MomentField, SelectField } from "./fields.tsx";

/** The fields of the filter, as they are in the address. */
export interface AuditForm {
  /** A project's number; empty: all. Always empty on a project's own page. */
  project: string;
  /** `alone`: without what is below it. */
  scope: string;
  environment: string;
  actor: string;
  action: string;
  from: string;
  to: string;
  /** A part of a name. */
  q: string;
}

interface Choice {
  value: string;
  label: string;
}

/** What the filter offers. */
export interface AuditChoices {
  projects: Choice[];
  /** Whether there is anything below the project that could be left out. */
  hasBelow: boolean;
  environments: string[];
  actors: Choice[];
  actions: Choice[];
}

/** What the filter is made of. */
export interface AuditFilterProps {
  /** The audit's address. */
  path: string;
  form: AuditForm;
  errors: FieldErrors;
  choices: AuditChoices;
  isFiltered: boolean;
}

interface FilterFormProps extends AuditFilterProps {
  /** False on a project's own page. */
  choosesProject: boolean;
}

/** What of the audit is looked for; folded away on a narrow screen until it is asked for. */
export function AuditFilterForm({
  choosesProject,
  path,
  form,
  errors,
  choices,
  isFiltered,
}: FilterFormProps) {
  const all = (label: string) => ({ value: "", label });
  return (
    <details class="fold" open={isFiltered}>
      <summary>Filter</summary>
      <form method="get" action={path} class="card stack" data-live="audit" aria-label="Filter">
        <FormErrors errors={errors} fields={Object.keys(form)} />
        <div class="filter-fields">
          {choosesProject && (
            <SelectField
              id="audit-project"
              name="project"
              label="Project"
              filters
              value={form.project}
              choices={[all("All projects"), ...choices.projects]}
              error={errors.project}
            />
          )}
          {choices.hasBelow && (
            <SelectField
              id="audit-scope"
              name="scope"
              label="Projects below"
              filters
              value={form.scope}
              choices={[all("Included"), { value: "alone", label: "Left out" }]}
            />
          )}
          <SelectField
            id="audit-environment"
            name="environment"
            label="Environment"
            filters
            value={form.environment}
            choices={[all("Any"), ...choices.environments.map((name) => ({ value: name, label: name }))]}
          />
          <SelectField
            id="audit-actor"
            name="actor"
            label="Who"
            filters
            value={form.actor}
            choices={[all("Anybody"), ...choices.actors]}
          />
          <SelectField
            id="audit-action"
            name="action"
            label="Did what"
            filters
            value={form.action}
            choices={[all("Anything"), ...choices.actions]}
            error={errors.action}
          />
          <Field id="audit-q" name="q" label="Name contains" filters value={form.q} />
          <MomentField
            id="audit-from"
            name="from"
            label="From"
            filters
            value={momentOf(form.from)}
            error={errors.from}
          />
          <MomentField
            id="audit-to"
            name="to"
            label="To"
            filters
            value={momentOf(form.to)}
            error={errors.to}
          />
        </div>
        <div class="actions filter-actions">
          <button type="submit" class="button">
            Filter
          </button>
          <a class="button quiet" href={path}>
            Clear
          </a>
          <p class="hint">
            Times are typed in <span data-zone="">UTC</span>.
          </p>
        </div>
      </form>
    </details>
  );
}

/** As a `datetime-local` field has it: a day begins at midnight. */
function momentOf(text: string): string {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text.replace(/(\.\d{3})?Z$/, "");
}
