/** @jsxImportSource hono/jsx */
import { type Context, Hono } from "hono";
import { notFound, type SecretsflyError } from "../../errors.ts";
import { recordShown } from "../../vault/reveal.ts";
import { nameFault } from "../../vault/secret-input.ts";
import { listDeletedSecrets } from "../../vault/secret-list.ts";
import { changeSecrets } from "../../vault/secrets.ts";
import type { AppEnv } from "../app-env.ts";
import { actorLabel } from "./actor-label.ts";
import { type Form, readForm } from "./form.ts";
import { answerForm } from "./form-fault.ts";
import { pageProps } from "./frame.ts";
import { environmentSecretsPath, secretHistoryPath } from "./pages/paths.ts";
import { SecretPage } from "./pages/secret-page.tsx";
import { rowId } from "./pages/secret-tables.tsx";
import { SecretsPage } from "./pages/secrets-page.tsx";
import type { Generator } from "./pages/value-generator.tsx";
import { leaveInTime, listPlace, type Place, unlockPlace } from "./place.ts";
import { projectHead } from "./project-head.ts";
import { unsealedUntil } from "./project-view.ts";
import { changesOf, isFilled, keepMixedNewlines, readRows, summary, withFaults } from "./secret-form.ts";
import { fillGenerated, newGenerator } from "./secret-generator.ts";
import { matching, pageSize, secretRow } from "./secret-view.ts";
import { tell } from "./session.ts";
import { pageNumber, sliceOf } from "./slices.ts";
import type { SecretEdit, SecretFormRow } from "./view-models.ts";

/** The secrets of a project in an environment. Every one of these pages needs the unsealed root. */
export const secretRoutes = new Hono<AppEnv>({ strict: false })
  .get("/", async (c) => {
    const place = await unlockPlace(c);
    const decrypted = c.req.query("decrypt") === "true";
    const name = c.req.query("edit");
    const added = c.req.query("add");
    const isAdded = added !== undefined && nameFault(added) === undefined;
    return showSecrets(c, place, {
      decrypted,
      ...(name && { editing: { name } }),
      ...(isAdded && { rows: [{ name: added, value: "", note: "" }] }),
    });
  })
  .post("/", async (c) => {
    const place = await unlockPlace(c);
    const form = await readForm(c);
    return form.has("generate") ? generate(c, place, form) : save(c, place, form);
  })
  .get("/:name", async (c) => {
    const place = await unlockPlace(c);
    const name = c.req.param("name");
    const isEdited = c.req.query("edit") === "true";
    return showSecret(c, place, name, isEdited ? { editing: { name } } : {});
  })
  .post("/:name/delete", async (c) => {
    const place = await unlockPlace(c);
    const name = c.req.param("name");
    const decrypted = cameDecrypted(await readForm(c));
    return answerForm(
      async () => {
        await changeSecrets(c.var.vault, place.unlocked, [{ kind: "delete", name }]);
        tellDeleted(c, place, name);
        return c.redirect(pathOf(place, decrypted), 303);
      },
      async (_errors, error) => {
        tell(c, "error", `${name} was not deleted. ${error.message}`);
        return showSecrets(c, place, { decrypted });
      },
      "everything",
    );
  });

/** Whether a form was sent from the decrypted page, where its sender wants to be again. */
function cameDecrypted(form: Form): boolean {
  return form.text("decrypted") === "true";
}

/** Whether a form is that of one secret, and not the one for new secrets. */
function isOfOne(form: Form): boolean {
  return form.text("notes") === "exact" && form.texts("name").length === 1;
}

function pathOf({ project, unlocked }: Place, decrypted: boolean): string {
  const names = environmentSecretsPath(project.id, unlocked.environment.name);
  return decrypted ? `${names}?decrypt=true` : names;
}

async function save(c: Context<AppEnv>, place: Place, form: Form): Promise<Response> {
  const rows = await keepMixedNewlines(form, readRows(form).filter(isFilled), () => listPlace(c, place));
  return answerForm(
    async () => {
      const changed = await changeSecrets(c.var.vault, place.unlocked, changesOf(form, rows));
      tell(c, "success", summary(changed));
      const decrypted = cameDecrypted(form);
      const [only] = changed;
      const back = only && isOfOne(form) ? rowPath(c, place, decrypted, only.name) : pathOf(place, decrypted);
      return c.redirect(await back, 303);
    },
    (_errors, error) => showRefused(c, place, form, withFaults(rows, error), error),
    "everything",
  );
}

/** Where a secret stands in the list, or among all values. */
async function rowPath(c: Context<AppEnv>, place: Place, decrypted: boolean, name: string): Promise<string> {
  const index = (await listPlace(c, place)).findIndex((secret) => secret.name === name);
  const page = Math.floor(index / pageSize(decrypted)) + 1;
  const path = pathOf(place, decrypted);
  const query = page > 1 ? `${decrypted ? "&" : "?"}page=${page}` : "";
  return `${path}${query}#${rowId(name)}`;
}

/** What was typed into the form of one secret; undefined where it has no row any more, or the form is for new ones. */
async function rowOfOne(c: Context<AppEnv>, place: Place, form: Form, [typed]: readonly SecretFormRow[]) {
  if (!typed || !isOfOne(form)) return undefined;
  const isKnown = (await listPlace(c, place)).some(({ name }) => name === typed.name);
  return isKnown ? typed : undefined;
}

/** The same form with a random value in it; nothing is saved. */
async function generate(c: Context<AppEnv>, place: Place, form: Form): Promise<Response> {
  const sent = await keepMixedNewlines(form, readRows(form), () => listPlace(c, place));
  const { rows, generator, isFilled: isMade } = fillGenerated(form, sent, c.var.vault.random);
  const decrypted = cameDecrypted(form);
  const typed = await rowOfOne(c, place, form, rows);
  const status = isMade ? 200 : 422;
  const { body, headers } = await (typed
    ? showEdited(c, place, decrypted, { name: typed.name, typed }, { generator })
    : showSecrets(c, place, { decrypted, rows, generator }));
  return new Response(body, { status, headers });
}

function showEdited(c: Context<AppEnv>, place: Place, decrypted: boolean, editing: SecretEdit, more: More) {
  if (decrypted) return showSecrets(c, place, { decrypted, editing, ...more });
  return showSecret(c, place, editing.name, { editing, ...more });
}

function tellDeleted(c: Context<AppEnv>, { project, unlocked }: Place, name: string): void {
  if (c.var.config.VERSIONED_SECRET_VALUES) {
    const href = secretHistoryPath(project.id, unlocked.environment.name, name);
    tell(c, "success", `${name} is deleted.`, { href, text: "Undo: restore one of its versions" });
  } else {
    tell(c, "success", `${name} is deleted, for good: this server keeps no older versions.`);
  }
}

/** The page again with a form that was refused: in the secret's own row where it has one, else among the new ones. */
async function showRefused(
  c: Context<AppEnv>,
  place: Place,
  form: Form,
  rows: SecretFormRow[],
  fault: SecretsflyError,
) {
  const decrypted = cameDecrypted(form);
  const typed = await rowOfOne(c, place, form, rows);
  if (typed) {
    const editing = { name: typed.name, typed: { ...typed, error: typed.error ?? fault.message } };
    return showEdited(c, place, decrypted, editing, {});
  }
  const isMarked = rows.some((row) => row.error !== undefined);
  const error = isMarked ? "Nothing was saved: see what is marked below." : fault.message;
  return showSecrets(c, place, { decrypted, rows, error });
}

interface More {
  editing?: SecretEdit;
  error?: string;
  generator?: Generator;
}

interface Shown extends More {
  decrypted: boolean;
  rows?: SecretFormRow[];
}

/** What both pages are given. */
async function shared(c: Context<AppEnv>, { project, tree, unlocked }: Place, { editing, generator }: More) {
  const { config } = c.var;
  return {
    project: await projectHead(c, tree, project),
    environment: unlocked.environment.name,
    redirectAfterSeconds: config.NB_MINUTES_DECRYPTED_BEFORE_REDIRECT * 60,
    unsealedUntil: unsealedUntil(c, project.rootId) ?? 0,
    keepsVersions: config.VERSIONED_SECRET_VALUES,
    editing,
    generator: generator ?? newGenerator(),
    ...(await pageProps(c)),
  };
}

async function showSecrets(c: Context<AppEnv>, place: Place, shown: Shown): Promise<Response> {
  const { vault, session } = c.var;
  const { decrypted, editing, rows = [], error } = shown;
  if (decrypted) {
    await recordShown(vault, place.tree, place.unlocked, { action: "secrets.reveal" });
    leaveInTime(c, pathOf(place, false));
  }
  const all = await listPlace(c, place);
  const query = (c.req.query("q") ?? "").trim();
  const size = pageSize(decrypted);
  const edited = all.findIndex(({ name }) => name === editing?.name);
  const page = edited === -1 || query !== "" ? pageNumber(c) : Math.floor(edited / size) + 1;
  const { items, position } = sliceOf(matching(all, query), page, size);
  const deleted = await listDeletedSecrets(vault, place.unlocked);
  return c.html(
    <SecretsPage
      {...(await shared(c, place, shown))}
      decrypted={decrypted}
      query={query}
      total={all.length}
      secrets={items.map((secret) => secretRow(secret, session, decrypted))}
      position={position}
      deleted={deleted.map(({ deletedBy, ...row }) => ({
        ...row,
        deletedBy: actorLabel(deletedBy, session),
      }))}
      form={{ rows, error }}
    />,
  );
}

/** One secret with its value, and nothing of the others. Throws SecretsflyError `not-found`. */
async function showSecret(c: Context<AppEnv>, place: Place, name: string, more: More): Promise<Response> {
  const { vault, session } = c.var;
  const secret = (await listPlace(c, place)).find((candidate) => candidate.name === name);
  if (!secret) throw notFound("secret");
  await recordShown(vault, place.tree, place.unlocked, { action: "secret.reveal", name });
  leaveInTime(c, pathOf(place, false));
  return c.html(
    <SecretPage
      {...(await shared(c, place, more))}
      secret={secretRow(secret, session, true)}
      error={more.error}
    />,
  );
}
