/** @jsxImportSource hono/jsx */
import type { ProjectDetails, ProjectForm, ProjectLink } from "../view-models.ts";
import { plural } from "./components.tsx";
import { Field, FormErrors, SecretField, SelectField } from "./fields.tsx";
import { projectPath, projectsPath } from "./paths.ts";
import { countBelow } from "./project-tree.tsx";

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

interface EditProjectFormProps {
  project: ProjectDetails;
  form: ProjectForm;
  parentChoices: readonly ProjectLink[];
}

/** Renames, describes and moves a project. A root stays a root. */
export function EditProjectForm({ project, form, parentChoices }: EditProjectFormProps) {
  const isRoot = project.ancestors.length === 0;
  return (
    <form method="post" action={`${projectPath(project.id)}/edit`} class="stack">
      <FormErrors
        errors={form.errors}
        fields={isRoot ? ["name", "description"] : ["name", "description", "parentId"]}
      />
      <NameAndDescription id="edit" form={form} />
      {!isRoot && (
        <SelectField
          id="edit-parentId"
          name="parentId"
          label="Parent project"
          hint="A move changes what is inherited here and in the projects below."
          value={form.parentId}
          choices={parentChoices.map((choice) => ({ value: String(choice.id), label: choice.name }))}
          error={form.errors.parentId}
        />
      )}
      <button type="submit" class="button primary">
        Save changes
      </button>
    </form>
  );
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

/** Deletes a project for whoever types its name, and says what goes with it. */
export function DeleteProjectForm({
  project,
  error,
}: {
  project: ProjectDetails;
  error?: string | undefined;
}) {
  const below = countBelow([project]);
  return (
    <form method="post" action={`${projectPath(project.id)}/delete`} class="stack">
      <p>
        This deletes <strong>{project.name}</strong>
        {below > 0 && (
          <>
            , the <strong>{plural(below, "project")}</strong> below it
          </>
        )}
        , all their secrets in every environment with all their versions, and all their service tokens. Apps
        that use those tokens get no secrets from that moment on. <strong>It cannot be undone.</strong>
      </p>
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
