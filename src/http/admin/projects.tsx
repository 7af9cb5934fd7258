/** @jsxImportSource hono/jsx */
import { type Context, Hono } from "hono";
import type { Bytes } from "../../cryptography/bytes.ts";
import { invalid, SecretsflyError } from "../../errors.ts";
import { nameOf } from "../../vault/attempts.ts";
import { deleteProject, editProject } from "../../vault/project-changes.ts";
import { createChildProject, createRootProject } from "../../vault/projects.ts";
import { unsealRoot } from "../../vault/root-keys.ts";
import { getProject } from "../../vault/tree.ts";
import { record } from "../../vault/write.ts";
import type { AppEnv } from "../app-env.ts";
import { type Form, idParam, readForm } from "./form.ts";
import { answerForm } from "./form-fault.ts";
import { pageProps } from "./frame.ts";
import { tellUnsealFailures, tryMasterKey } from "./guessing.ts";
import { MasterKeyPage } from "./pages/master-key-page.tsx";
import { projectPath } from "./pages/paths.ts";
import { ProjectPage } from "./pages/project-page.tsx";
import { ProjectsPage } from "./pages/projects-page.tsx";
import { parentChoices } from "./parent-choices.ts";
import { projectList } from "./project-list-view.ts";
import { emptyProjectForm, projectDetails, projectForm } from "./project-view.ts";
import { actorOf, currentSession, rememberBrowser, requireUnsealed, takeWanted, tell } from "./session.ts";
import { pageNumber } from "./slices.ts";
import type { FieldErrors } from "./view-models.ts";

/** Projects: the tree, creating, unsealing and sealing, editing, deleting. */
export const projectRoutes = new Hono<AppEnv>({ strict: false })
  .get("/", async (c) => showProjects(c))
  .post("/", async (c) => {
    const form = await readForm(c);
    const parentId = form.number("parentId", "The parent must be a project's number.");
    return parentId === undefined ? createRoot(c, form) : createChild(c, form, parentId);
  })
  .get("/:id", async (c) => showProject(c, idParam(c, "id")))
  .post("/:id/unseal", async (c) => {
    const id = idParam(c, "id");
    const form = await readForm(c);
    return answerForm(
      async () => {
        const rootId = await unseal(c, id, form.secret("masterKey"));
        return c.redirect(takeWanted(c, rootId) ?? projectPath(id), 303);
      },
      (errors) => showProject(c, id, { unsealError: errors.masterKey }),
    );
  })
  .post("/:id/seal", async (c) => {
    const project = await getProject(c.var.vault.db, idParam(c, "id"));
    const root = await getProject(c.var.vault.db, project.rootId);
    if (c.var.session?.keyring.seal(root.id)) {
      await record(c.var.vault, actorOf(c), { action: "project.seal", project: root });
    }
    tell(c, "success", `${root.name} is sealed.`);
    return c.redirect(projectPath(project.id), 303);
  })
  .post("/:id/edit", async (c) => {
    const { vault } = c.var;
    const project = await getProject(vault.db, idParam(c, "id"));
    const form = await readForm(c);
    return answerForm(
      async () => {
        // A field that is not sent stays as it is; an empty name is a fault.
        const name = form.has("name") ? form.text("name") : project.name;
        const description = form.has("description") ? form.text("description") : project.description;
        const parentId = form.number("parentId", "The parent must be a project's number.");
        const changes = { name, description, parentId };
        const root = requireUnsealed(c, project);
        const edited = await editProject(vault, root, project.id, changes, (rootId) =>
          c.var.session?.keyring.get(rootId),
        );
        tell(c, "success", `${edited.name} is saved.`);
        return c.redirect(projectPath(project.id), 303);
      },
      (editErrors) => showProject(c, project.id, { form, editErrors }),
    );
  })
  .post("/:id/delete", async (c) => {
    const { vault } = c.var;
    const project = await getProject(vault.db, idParam(c, "id"));
    const form = await readForm(c);
    return answerForm(
      async () => {
        await deleteProject(vault, requireUnsealed(c, project), project.id, form.text("confirmName"));
        if (project.parentId === null) c.var.sessions.forgetRoot(project.id);
        tell(c, "success", `${project.name} is deleted.`);
        return c.redirect(project.parentId === null ? "/admin/projects" : projectPath(project.parentId), 303);
      },
      ({ confirmName }) => showProject(c, project.id, { deleteError: confirmName }),
    );
  });

async function showProjects(c: Context<AppEnv>, form = emptyProjectForm(undefined)) {
  return c.html(<ProjectsPage {...(await pageProps(c))} {...(await projectList(c))} form={form} />);
}

/** What a refused form of the project page sends back. */
interface ProjectFaults {
  form?: Form;
  unsealError?: string | undefined;
  childErrors?: FieldErrors;
  editErrors?: FieldErrors;
  deleteError?: string | undefined;
}

async function showProject(c: Context<AppEnv>, id: number, faults: ProjectFaults = {}) {
  const { details, tree, project } = await projectDetails(c, id, pageNumber(c));
  const { form, childErrors, editErrors, unsealError, deleteError } = faults;
  const parentId = String(project.parentId ?? "");
  const current = { name: details.name, description: details.description, parentId };
  const editForm = projectForm(form && editErrors ? typed(form) : current, editErrors ?? {});
  return c.html(
    <ProjectPage
      {...(await pageProps(c))}
      project={details}
      childForm={form && childErrors ? projectForm(typed(form), childErrors) : emptyProjectForm(id)}
      editForm={editForm}
      parents={await parentChoices(c, tree, project, [Number(parentId), Number(editForm.parentId)])}
      unsealError={unsealError}
      deleteError={deleteError}
    />,
  );
}

function typed(form: Form) {
  return { name: form.text("name"), description: form.text("description"), parentId: form.text("parentId") };
}

/** A root is born unsealed in the session that made it. A generated key is shown in the answer itself, once. */
async function createRoot(c: Context<AppEnv>, form: Form) {
  const { vault, config } = c.var;
  const input = { name: form.text("name"), description: form.text("description") };
  return answerForm(
    async () => {
      const created = await createRootProject(vault, input, form.secret("masterKey"), actorOf(c));
      const { project, root, generatedMasterKey } = created;
      currentSession(c).keyring.hold(root, vault.clock() + config.ADMIN_MASTER_KEY_EXPIRATION * 1000);
      rememberBrowser(c, nameOf({ what: "master-key", rootId: project.id }));
      if (generatedMasterKey === undefined) {
        tell(c, "success", `${project.name} is created, and unsealed for now.`);
        return c.redirect(projectPath(project.id), 303);
      }
      return c.html(
        <MasterKeyPage {...(await pageProps(c))} project={project} masterKey={generatedMasterKey} />,
      );
    },
    (errors) => showProjects(c, projectForm(typed(form), errors)),
  );
}

async function createChild(c: Context<AppEnv>, form: Form, parentId: number) {
  const parent = await getProject(c.var.vault.db, parentId).catch((error: unknown) => {
    if (error instanceof SecretsflyError) throw invalid("parentId", "There is no such parent project.");
    throw error;
  });
  return answerForm(
    async () => {
      const root = requireUnsealed(c, parent);
      if (form.secret("masterKey").length > 0) {
        throw invalid("masterKey", "A child project has no master key of its own: it opens with its root's.");
      }
      const input = { name: form.text("name"), description: form.text("description") };
      const project = await createChildProject(c.var.vault, root, parentId, input);
      tell(c, "success", `${project.name} is created.`);
      return c.redirect(projectPath(project.id), 303);
    },
    (childErrors) => showProject(c, parentId, { form, childErrors }),
  );
}

/** Unseals the tree of a project and returns its root's id. */
async function unseal(c: Context<AppEnv>, projectId: number, masterKey: Bytes): Promise<number> {
  const { vault, config } = c.var;
  const { rootId } = await getProject(vault.db, projectId);
  const project = await getProject(vault.db, rootId);
  const root = await tryMasterKey(c, project, { typed: masterKey, field: "masterKey" }, () =>
    unsealRoot(vault, rootId, masterKey, actorOf(c)),
  );
  currentSession(c).keyring.hold(root, vault.clock() + config.ADMIN_MASTER_KEY_EXPIRATION * 1000);
  await tellUnsealFailures(c, project);
  return rootId;
}
