/** @jsxImportSource hono/jsx */
import type { ProjectForm, ProjectLink } from "../view-models.ts";
import { plural, Time } from "./components.tsx";
import { Field, FormErrors, SecretField, SelectField } from "./fields.tsx";
import { projectPath, projectsPath } from "./paths.ts";

/**
 * Creates a root project, which gets a master key, or a child, which lives under its root's.
 *
 * @param id - tells this form's fields from those of other forms on the page
 */
export function CreateProjectForm({ id, form, isRoot }: { id: string; form: ProjectForm; isRoot?: boolean }) {
  return (
    <form method="post" action={projectsPath} class="stack">
      <FormErrors
        errors={form.errors}
        fields={isRoot ? ["name", "description", "masterKey"] : ["name", "description"]}
      />
      <input type="hidden" name="parentId" value={form.parentId} />
      <NameAndDescription id={id} form={form} />
      {isRoot && (
        <SecretField
          id={`${id}-masterKey`}
          name="masterKey"
          label="Master key"
          // Not "off": a browser that fills in the saved admin password here would choose the key for you.
          autocomplete="new-password"
          optional
          hint={
            <>
              Leave this empty and a strong key is made for you and shown once. Or choose a passphrase of at
              least 12 characters, without a colon. Either way you keep it: the server never stores it, and
              nobody can recover it.
            </>
          }
          error={form.errors.masterKey}
        />
      )}
      <button type="submit" class="button primary">
        {isRoot ? "Create root project" : "Create child project"}
      </button>
    </form>
  );
}

/** Where a project may be moved to. */
export interface ParentChoices {
  /** Each named by its whole path; those of the project's own tree first. */
  choices: readonly { id: number; name: string; root: string }[];
  /** How many there are that were searched for; the choices may be only the first of them. */
  found: number;
  /** There are more than a list should have, so that they can be searched. */
  isSearched: boolean;
  /** What was searched for; empty: nothing. */
  query: string;
  /** Roots whose projects it cannot be moved to now, the first of them by name. */
  sealed: { names: readonly string[]; count: number };
}

interface EditProjectFormProps {
  project: ProjectLink & { ancestors: readonly ProjectLink[] };
  form: ProjectForm;
  parents: ParentChoices;
}

/** Renames, describes and moves a project. A root stays a root. */
export function EditProjectForm({ project, form, parents }: EditProjectFormProps) {
  const isRoot = project.ancestors.length === 0;
  return (
    <>
      {!isRoot && parents.isSearched && <ParentSearch projectId={project.id} parents={parents} />}
      <form method="post" action={`${projectPath(project.id)}/edit`} class="stack">
        <FormErrors
          errors={form.errors}
          fields={isRoot ? ["name", "description"] : ["name", "description", "parentId"]}
        />
        <NameAndDescription id="edit" form={form} />
        {!isRoot && <ParentField form={form} parents={parents} />}
        <button type="submit" class="button primary">
          Save changes
        </button>
      </form>
    </>
  );
}

/** A form of its own before the one that it helps to fill: what is found is offered in that one. */
function ParentSearch({ projectId, parents }: { projectId: number; parents: ParentChoices }) {
  return (
    <search>
      <form method="get" action={projectPath(projectId)} class="find" data-live="parent-field">
        <div class="field">
          <label for="find-parent">Find another parent</label>
          <input type="search" id="find-parent" name="parent" value={parents.query} autocomplete="off" />
        </div>
        <button type="submit" class="button">
          Find
        </button>
      </form>
    </search>
  );
}

function ParentField({ form, parents }: { form: ProjectForm; parents: ParentChoices }) {
  const { choices, found, query, sealed } = parents;
  const isOne = new Set(choices.map(({ root }) => root)).size === 1;
  const announced = query === "" ? "" : `${plural(found, "parent")} found`;
  return (
    <div id="parent-field" data-announce={announced} class="stack tight">
      <SelectField
        id="edit-parentId"
        name="parentId"
        label="Parent project"
        hint={<ParentHint found={found} shown={choices.length} query={query} />}
        value={form.parentId}
        choices={choices.map(({ id, name, root }) => ({
          value: String(id),
          label: name,
          group: isOne ? undefined : root,
        }))}
        error={form.errors.parentId}
      />
      {sealed.count > 0 && (
        <p class="hint">
          {listed(sealed.names, sealed.count)} {sealed.count === 1 ? "is" : "are"} sealed. To move this
          project there, unseal that root too: both keys are needed to hand its keys over.
        </p>
      )}
    </div>
  );
}

function ParentHint({ found, shown, query }: { found: number; shown: number; query: string }) {
  return (
    <>
      A move changes what is inherited here and in the projects below.
      {query !== "" && ` ${plural(found, "project")} found for “${query}”.`}
      {found > shown && " Only the first of them are listed: type more above to find the others."}
    </>
  );
}

/** `a, b and 3 more`. */
function listed(names: readonly string[], total: number): string {
  const more = total - names.length;
  return more > 0 ? `${names.join(", ")} and ${more.toLocaleString("en")} more` : names.join(", ");
}

function NameAndDescription({ id, form }: { id: string; form: ProjectForm }) {
  return (
    <>
      <Field id={`${id}-name`} name="name" label="Name" value={form.name} error={form.errors.name} />
      <Field
        id={`${id}-description`}
        name="description"
        label="Description"
        optional
        value={form.description}
        error={form.errors.description}
      />
    </>
  );
}

/** What goes with a project that is deleted. */
export interface Doomed {
  /** Those below it, the first of them by name. */
  projects: { count: number; names: readonly string[] };
  /** Environments that there is something in. */
  environments: readonly { name: string; secrets: number; versions: number }[];
  /** Those that work today; the ones used last by name, none of them where only their number may be told. */
  tokens: { count: number; latest: readonly DoomedToken[] };
}

interface DoomedToken {
  name: string;
  project: string;
  environment: string;
  lastUsedAt: number | null;
}

interface DoomedProject extends ProjectLink {
  doomed: Doomed;
}

/** Deletes a project for whoever types its name, and says what goes with it. */
export function DeleteProjectForm({
  project,
  error,
}: {
  project: DoomedProject;
  error?: string | undefined;
}) {
  return (
    <form method="post" action={`${projectPath(project.id)}/delete`} class="stack">
      <WhatGoes project={project} />
      <Field
        id="delete-confirmName"
        name="confirmName"
        label={`Type “${project.name}” to confirm`}
        error={error}
      />
      <button type="submit" class="button danger">
        Delete this project
      </button>
    </form>
  );
}

/** Exactly what a deletion takes: people decide by it. */
export function WhatGoes({ project }: { project: DoomedProject }) {
  const { projects, environments, tokens } = project.doomed;
  const versions = environments.reduce((sum, environment) => sum + environment.versions, 0);
  const secrets = environments.reduce((sum, environment) => sum + environment.secrets, 0);
  return (
    <div class="stack tight">
      <p>
        This deletes <strong>{project.name}</strong> and with it:
      </p>
      <ul class="advice">
        <li>
          {projects.count === 0 ? (
            "no other project: there is none below it"
          ) : (
            <>
              <strong>{plural(projects.count, "project")}</strong> below it:{" "}
              {listed(projects.names, projects.count)}
            </>
          )}
        </li>
        <li>
          <strong>{plural(secrets, "secret")}</strong> with {plural(versions, "version")}
          {environments.length > 0 && <DoomedSecrets environments={environments} />}
        </li>
        <li>
          <strong>{plural(tokens.count, "live service token")}</strong>
          {tokens.latest.length > 0 && <DoomedTokens tokens={tokens} />}
        </li>
      </ul>
      <p>
        {tokens.count > 0 && "Apps that use those tokens get no secrets from that moment on. "}
        <strong>It cannot be undone.</strong>
      </p>
    </div>
  );
}

function DoomedSecrets({ environments }: Pick<Doomed, "environments">) {
  return (
    <ul class="advice">
      {environments.map(({ name, secrets, versions }) => (
        <li>
          {name}: {plural(secrets, "secret")}, {plural(versions, "version")}
        </li>
      ))}
    </ul>
  );
}

function DoomedTokens({ tokens }: { tokens: Doomed["tokens"] }) {
  const more = tokens.count - tokens.latest.length;
  return (
    <ul class="advice">
      {tokens.latest.map((token) => (
        <li>
          {token.name}, for {token.project} {token.environment},{" "}
          {token.lastUsedAt === null ? (
            "never used"
          ) : (
            <>
              last used <Time at={token.lastUsedAt} />
            </>
          )}
        </li>
      ))}
      {more > 0 && <li>and {more.toLocaleString("en")} more</li>}
    </ul>
  );
}
