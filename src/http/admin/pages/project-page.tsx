/** @jsxImportSource hono/jsx */
import type { EnvironmentCount, ProjectDetails, ProjectForm, ProjectLink } from "../view-models.ts";
import { Breadcrumbs, EmptyState, SealState } from "./components.tsx";
import { SecretField } from "./fields.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { environmentSecretsPath, projectPath, serviceTokensPath } from "./paths.ts";
import { CreateProjectForm, DeleteProjectForm, EditProjectForm } from "./project-forms.tsx";
import { ProjectTree } from "./project-tree.tsx";

interface ProjectPageProps extends PageProps {
  project: ProjectDetails;
  unsealError?: string | undefined;
  childForm: ProjectForm;
  editForm: ProjectForm;
  /** Where the project may be moved to, its present parent among them; each is named by its whole path. */
  parentChoices: ProjectLink[];
  deleteError?: string | undefined;
}

/** One project: its seal, its environments, the projects below it, and what can be done with it. */
export function ProjectPage(props: ProjectPageProps) {
  const { frame, assets, project } = props;
  const unsealed = project.unsealedUntil !== null && project.unsealedUntil > frame.now;
  return (
    <Layout title={project.name} frame={frame} assets={assets}>
      <Breadcrumbs projects={project.ancestors} />
      <div class="page-head">
        <div>
          <h1>{project.name}</h1>
          {project.description && <p class="lead">{project.description}</p>}
        </div>
        <a class="button" href={serviceTokensPath(project.id)}>
          Service tokens
        </a>
      </div>
      <div class={unsealed ? "columns" : "columns seal-first"}>
        <div class="stack loose">
          <section class="stack" aria-labelledby="environments-title">
            <h2 id="environments-title">Environments</h2>
            <Environments projectId={project.id} environments={project.environments} />
          </section>
          <section class="stack" aria-labelledby="children-title">
            <h2 id="children-title">Child projects</h2>
            <Children project={project} form={props.childForm} unsealed={unsealed} />
          </section>
          <section class="stack" aria-labelledby="settings-title">
            <h2 id="settings-title">Settings</h2>
            <Settings {...props} />
          </section>
        </div>
        <aside class="card stack" aria-labelledby="seal-title">
          <div class="root-head">
            <h2 id="seal-title">Seal</h2>
            <SealState unsealedUntil={project.unsealedUntil} now={frame.now} />
          </div>
          {unsealed ? (
            <SealForm project={project} />
          ) : (
            <UnsealForm project={project} error={props.unsealError} />
          )}
        </aside>
      </div>
    </Layout>
  );
}

function RootName({ project }: { project: ProjectDetails }) {
  if (project.ancestors.length === 0) return "this project";
  return <a href={projectPath(project.root.id)}>{project.root.name}</a>;
}

function UnsealForm({ project, error }: { project: ProjectDetails; error?: string | undefined }) {
  return (
    <form method="post" action={`${projectPath(project.id)}/unseal`} class="stack">
      <p>
        The server does not hold the key of <RootName project={project} /> for you. Apps keep getting their
        secrets; to see or change them here, give the master key.
      </p>
      <SecretField
        id="unseal-masterKey"
        name="masterKey"
        label={`Master key of ${project.root.name}`}
        autocomplete="off"
        error={error}
      />
      <button type="submit" class="button primary">
        Unseal
      </button>
    </form>
  );
}

function SealForm({ project }: { project: ProjectDetails }) {
  return (
    <form method="post" action={`${projectPath(project.id)}/seal`} class="stack">
      <p>
        The server holds the key of <RootName project={project} /> in memory, for your session only, until the
        time is over or you seal it.
      </p>
      <p class="after-seal">
        <a href={projectPath(project.id)}>Load this page again</a> to unseal.
      </p>
      <button type="submit" class="button">
        Seal now
      </button>
    </form>
  );
}

function Environments({ projectId, environments }: { projectId: number; environments: EnvironmentCount[] }) {
  return (
    <div class="table-box">
      <table>
        <thead>
          <tr>
            <th scope="col">Environment</th>
            <th scope="col" class="number">
              Own secrets
            </th>
            <th scope="col" class="number">
              Inherited
            </th>
          </tr>
        </thead>
        <tbody>
          {environments.map((environment) => (
            <tr>
              {environment.hasKeys ? (
                <th scope="row">
                  <a href={environmentSecretsPath(projectId, environment.name)}>{environment.name}</a>
                </th>
              ) : (
                <th scope="row">
                  {environment.name}
                  <span class="hint block">
                    New here: it gets its keys when the project is next unsealed.
                  </span>
                </th>
              )}
              <td class="number">{environment.own}</td>
              <td class="number">{environment.inherited}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Children({
  project,
  form,
  unsealed,
}: {
  project: ProjectDetails;
  form: ProjectForm;
  unsealed: boolean;
}) {
  const hasErrors = Object.keys(form.errors).length > 0;
  return (
    <>
      {project.children.length > 0 ? (
        <div class="card">
          <ProjectTree projects={project.children} />
        </div>
      ) : (
        <EmptyState title="None yet">
          <p>
            A child project inherits every secret of {project.name}, may override each of them, and has
            service tokens of its own that open nothing above it.
          </p>
        </EmptyState>
      )}
      {unsealed || hasErrors ? (
        <details class="panel" id="new-child" open={hasErrors}>
          <summary>New child project</summary>
          <CreateProjectForm id="new-child" form={form} />
        </details>
      ) : (
        <p class="hint">
          To create a child project, unseal this one first: the child’s keys are kept under its own.
        </p>
      )}
    </>
  );
}

function Settings({ project, editForm, parentChoices, deleteError }: ProjectPageProps) {
  return (
    <>
      <details class="panel" id="edit" open={Object.keys(editForm.errors).length > 0}>
        <summary>
          {project.ancestors.length > 0 ? "Edit name, description or parent" : "Edit name or description"}
        </summary>
        <EditProjectForm project={project} form={editForm} parentChoices={parentChoices} />
      </details>
      <details class="panel" id="delete" open={deleteError !== undefined}>
        <summary>Delete this project</summary>
        <DeleteProjectForm project={project} error={deleteError} />
      </details>
    </>
  );
}
