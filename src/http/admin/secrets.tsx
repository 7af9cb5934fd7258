/** @jsxImportSource hono/jsx */
import { type Context, Hono } from "hono";
import type { SecretsflyError } from "../../errors.ts";
import { getEnvironment, listEnvironments } from "../../vault/environments.ts";
import { type ListedSecret, listSecrets, recordReveal } from "../../vault/secret-list.ts";
import { changeSecrets } from "../../vault/secrets.ts";
import { getProject, onTree, type Project, pathTo, type Tree } from "../../vault/tree.ts";
import { unlockEnvironment, type WritableEnvironment } from "../../vault/unlock.ts";
import type { AppEnv } from "../app-env.ts";
import { actorLabel } from "./actor-label.ts";
import { type Form, idParam, readForm } from "./form.ts";
import { answerForm } from "./form-fault.ts";
import { pageProps } from "./frame.ts";
import { environmentSecretsPath } from "./pages/paths.ts";
import { SecretsPage } from "./pages/secrets-page.tsx";
import { unsealedUntil } from "./project-view.ts";
import { changesOf, keepMixedNewlines, readRows, summary, withFaults } from "./secret-form.ts";
import { requireUnsealed, tell } from "./session.ts";
import type { SecretEdit, SecretFormRow, SecretRow } from "./view-models.ts";

/** The secrets of a project in an environment. Every one of these pages needs the unsealed root. */
export const secretRoutes = new Hono<AppEnv>({ strict: false })
  .get("/", async (c) => {
    const place = await unlockPlace(c);
    const decrypted = c.req.query("decrypt") === "true";
    const name = c.req.query("edit");
    return showSecrets(c, place, { decrypted, ...(name && { editing: { name } }) });
  })
  .post("/", async (c) => {
    const place = await unlockPlace(c);
    const form = await readForm(c);
    const decrypted = cameDecrypted(form);
    const rows = await keepMixedNewlines(form, readRows(form), () => listPlace(c, place));
    return answerForm(
      async () => {
        const changed = await changeSecrets(c.var.vault, place.unlocked, changesOf(form, rows));
        tell(c, "success", summary(changed));
        return c.redirect(pathOf(place, decrypted), 303);
      },
      (_errors, error) => showRefused(c, place, decrypted, withFaults(rows, error), error),
    );
  })
  .post("/:name/delete", async (c) => {
    const place = await unlockPlace(c);
    const name = c.req.param("name");
    const decrypted = cameDecrypted(await readForm(c));
    return answerForm(
      async () => {
        await changeSecrets(c.var.vault, place.unlocked, [{ kind: "delete", name }]);
        tell(c, "success", `${name} is deleted.`);
        return c.redirect(pathOf(place, decrypted), 303);
      },
      async (_errors, error) => {
        tell(c, "error", `${name} was not deleted. ${error.message}`);
        return showSecrets(c, place, { decrypted });
      },
    );
  });

interface Place {
  project: Project;
  tree: Tree;
  unlocked: WritableEnvironment;
}

/** The project × environment of the address, unlocked. Throws SealedProjectError, SecretsflyError `not-found`. */
async function unlockPlace(c: Context<AppEnv>): Promise<Place> {
  const { vault } = c.var;
  const project = await getProject(vault.db, idParam(c, "id"));
  const environment = await getEnvironment(vault, c.req.param("environment") ?? "");
  const root = requireUnsealed(c, project);
  return onTree(vault.db, project.rootId, async (tree) => {
    const unlocked = await unlockEnvironment(vault, root, tree, project.id, environment);
    return { project, tree, unlocked };
  });
}

/** What is visible here now, by the tree as it is now. */
function listPlace(c: Context<AppEnv>, { project, unlocked }: Place): Promise<ListedSecret[]> {
  return onTree(c.var.vault.db, project.rootId, (tree) => listSecrets(c.var.vault, tree, unlocked));
}

/** Whether a form was sent from the decrypted page, where its sender wants to be again. */
function cameDecrypted(form: Form): boolean {
  return form.text("decrypted") === "true";
}

function pathOf({ project, unlocked }: Place, decrypted: boolean): string {
  const names = environmentSecretsPath(project.id, unlocked.environment.name);
  return decrypted ? `${names}?decrypt=true` : names;
}

/** The page again with a form that was refused: in the secret's own row where it has one, else among the new ones. */
async function showRefused(
  c: Context<AppEnv>,
  place: Place,
  decrypted: boolean,
  rows: SecretFormRow[],
  fault: SecretsflyError,
) {
  const [typed] = rows;
  const visible = await listPlace(c, place);
  if (decrypted && typed && rows.length === 1 && visible.some(({ name }) => name === typed.name)) {
    const editing = { name: typed.name, typed: { ...typed, error: typed.error ?? fault.message } };
    return showSecrets(c, place, { decrypted, editing });
  }
  const isMarked = rows.some((row) => row.error !== undefined);
  const error = isMarked ? "Nothing was saved: see what is marked below." : fault.message;
  return showSecrets(c, place, { decrypted, rows, error });
}

interface Shown {
  decrypted: boolean;
  editing?: SecretEdit;
  rows?: SecretFormRow[];
  error?: string;
}

async function showSecrets(
  c: Context<AppEnv>,
  place: Place,
  { decrypted, editing, rows = [], error }: Shown,
) {
  const { vault, config } = c.var;
  const { project, tree, unlocked } = place;
  const redirectAfterSeconds = config.NB_MINUTES_DECRYPTED_BEFORE_REDIRECT * 60;
  if (decrypted) {
    await recordReveal(vault, tree, unlocked);
    // The header, not the element: a browser obeys both without a script, and only whole seconds for certain.
    c.header("Refresh", `${Math.ceil(redirectAfterSeconds)}; url=${pathOf(place, false)}`);
  }
  const secrets = await listPlace(c, place);
  const environments = await listEnvironments(vault);
  return c.html(
    <SecretsPage
      {...(await pageProps(c))}
      project={{ id: project.id, name: project.name, ancestors: pathTo(tree, project.id).slice(0, -1) }}
      environment={unlocked.environment.name}
      environments={environments.map(({ name }) => name)}
      decrypted={decrypted}
      redirectAfterSeconds={redirectAfterSeconds}
      unsealedUntil={unsealedUntil(c, project.rootId) ?? 0}
      secrets={secrets.map((secret) => secretRow(c, secret, decrypted))}
      editing={editing}
      form={{ rows, error }}
    />,
  );
}

/** Values leave the domain only for the decrypted page. */
function secretRow(c: Context<AppEnv>, secret: ListedSecret, decrypted: boolean): SecretRow {
  const { name, origin, from, note, version, changedAt, changedBy, value, resolvedValue, problem } = secret;
  return {
    name,
    origin,
    from: from ? { id: from.id, name: from.name } : null,
    note,
    version,
    changedAt,
    changedBy: actorLabel(changedBy, c.var.session),
    ...(decrypted && { value }),
    ...(decrypted && resolvedValue !== value && { resolvedValue }),
    ...(problem !== undefined && { problem }),
  };
}
