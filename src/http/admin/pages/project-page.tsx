/** @jsxImportSource hono/jsx */
import type { ProjectForm, ProjectLink } from "../view-models.ts";
import { EmptyState, plural, SealState } from "./components.tsx";
import { SecretField } from "./fields.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { ListPages, type ListPosition } from "./list-pages.tsx";
import { comparePath, environmentSecretsPath, projectPath } from "./paths.ts";
import {
  CreateProjectForm,
  DeleteProjectForm,
  type Doomed,
  EditProjectForm,
  type ParentChoices,
  WhatGoes,
} from "./project-forms.tsx";
import { ProjectHeader } from "./project-header.tsx";
import {
  EndingTokens,
  type EnvironmentCount,
  type ProjectLine,
  type ProjectNode,
  ProjectTree,
} from "./project-tree.tsx";

/** A project with where it is, what is below it and how it is filled. */
export interface ProjectDetails extends ProjectLine {
  children: readonly ProjectNode[];
  /** Which of its children the page shows. */
  childrenPosition: ListPosition;
  /** From the root down to the parent; empty for a root. */
  ancestors: ProjectLink[];
  root: ProjectLink;
  /** null: sealed in this session. */
  unsealedUntil: number | null;
  doomed: Doomed;
}

interface ProjectPageProps extends PageProps {
  project: ProjectDetails;
  unsealError?: string | undefined;
  childForm: ProjectForm;
  editForm: ProjectForm;
  parents: ParentChoices;
  deleteError?: string | undefined;
}

/** One project: its seal, its environments, the projects below it, and what can be done with it. */
export function ProjectPage(props: ProjectPageProps) {
  const { frame, assets, project } = props;
  const unsealed = project.unsealedUntil !== null && project.unsealedUntil > frame.now;
  return (
    <Layout title={project.name} frame={frame} assets={assets}>
      <ProjectHeader
        project={{
          ...project,
          environments: project.environments.filter(({ hasKeys }) => hasKeys).map(({ name }) => name),
        }}
        current="overview"
        title={project.name}
        lead={project.description}
      />
      <div class={unsealed ? "columns" : "columns seal-first"}>
        <div class="stack loose">
          <section class="stack" aria-labelledby="environments-title">
            <h2 id="environments-title">Environments</h2>
            <Environments project={project} unsealed={unsealed} />
            {project.endingTokens > 0 && (
              <p>
                <EndingTokens project={project} /> Make new ones and hand them out before apps get no secrets.
              </p>
            )}
          </section>
          <section class="stack" aria-labelledby="children-title">
            <h2 id="children-title">Child projects</h2>
            <Children project={project} form={props.childForm} unsealed={unsealed} />
          </section>
          <section class="stack" aria-labelledby="settings-title">
            <h2 id="settings-title">Settings</h2>
            <Settings {...props} unsealed={unsealed} />
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

function Environments({ project, unsealed }: { project: ProjectDetails; unsealed: boolean }) {
  return (
    <div class="table-box">
      <table class="by-environment">
        <thead>
          <tr>
            <th scope="col">Environment</th>
            <th scope="col" class="number">
              Own<span class="wide-only"> secrets</span>
            </th>
            <th scope="col" class="number">
              Inherited
            </th>
            <th scope="col" class="number">
              Missing
            </th>
          </tr>
        </thead>
        <tbody>
          {project.environments.map((environment) => (
            <tr>
              {environment.hasKeys ? (
                <th scope="row">
                  <a href={environmentSecretsPath(project.id, environment.name)}>{environment.name}</a>
                </th>
              ) : (
                <th scope="row">
                  {environment.name}
                  <span class="hint block">
                    New here: it gets its keys when the project is next unsealed.
                  </span>
                </th>
              )}
              <td class="number">{environment.own.toLocaleString("en")}</td>
              <td class="number">{environment.inherited.toLocaleString("en")}</td>
              <td class="number">
                <Missing projectId={project.id} environment={environment} unsealed={unsealed} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface MissingProps {
  projectId: number;
  environment: EnvironmentCount;
  unsealed: boolean;
}

/** Names that another environment has: they can be seen once the project is unsealed. */
function Missing({ projectId, environment, unsealed }: MissingProps) {
  const { name, missing } = environment;
  if (missing === 0 || !unsealed) return <>{missing.toLocaleString("en")}</>;
  const title = `${plural(missing, "name")} that another environment has: compare them`;
  return (
    <a href={comparePath(projectId)} title={title} aria-label={`${missing} missing in ${name}: compare`}>
      {missing.toLocaleString("en")}
    </a>
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
        <div class="card stack tight">
          <ProjectTree projects={project.children} unsealed={unsealed} />
          <ListPages path={projectPath(project.id)} position={project.childrenPosition} />
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

function Settings({
  project,
  editForm,
  parents,
  deleteError,
  unsealed,
}: ProjectPageProps & { unsealed: boolean }) {
  const isEdited = Object.keys(editForm.errors).length > 0 || parents.query !== "";
  return (
    <>
      {unsealed && (
        <details class="panel" id="edit" open={isEdited}>
          <summary>
            {project.ancestors.length > 0 ? "Edit name, description or parent" : "Edit name or description"}
          </summary>
          <EditProjectForm project={project} form={editForm} parents={parents} />
        </details>
      )}
      <details class="panel" id="delete" open={deleteError !== undefined}>
        <summary>{unsealed ? "Delete this project" : "What a deletion takes with it"}</summary>
        {unsealed ? (
          <DeleteProjectForm project={project} error={deleteError} />
        ) : (
          <div class="panel-content">
            <WhatGoes project={project} />
          </div>
        )}
      </details>
      {!unsealed && <p class="hint">To rename, describe, move or delete this project, unseal it first.</p>}
    </>
  );
}
