/** @jsxImportSource hono/jsx */
import { type Context, Hono } from "hono";
import { invalid, type SecretsflyError } from "../../errors.ts";
import { getEnvironment, listEnvironments } from "../../vault/environments.ts";
import { nameFault, type SecretChange } from "../../vault/secret-input.ts";
import { type ListedSecret, listSecrets, recordReveal } from "../../vault/secret-list.ts";
import { changeSecrets } from "../../vault/secrets.ts";
import { getProject, type Project, pathTo, readTree, type Tree } from "../../vault/tree.ts";
import { unlockEnvironment, type WritableEnvironment } from "../../vault/unlock.ts";
import type { AppEnv } from "../app-env.ts";
import { type Form, idParam, readForm } from "./form.ts";
import { answerForm } from "./form-fault.ts";
import { pageProps } from "./frame.ts";
import { environmentSecretsPath } from "./pages/paths.ts";
import { SecretsPage } from "./pages/secrets-page.tsx";
import { unsealedUntil } from "./project-view.ts";
import { requireUnsealed, tell } from "./session.ts";
import type { SecretFormRow, SecretRow } from "./view-models.ts";

/** The secrets of a project in an environment. Every one of these pages needs the unsealed root. */
export const secretRoutes = new Hono<AppEnv>({ strict: false })
  .get("/", async (c) => {
    const place = await unlockPlace(c);
    const decrypted = c.req.query("decrypt") === "true";
    if (decrypted) await recordReveal(c.var.vault, place.tree, place.environment);
    return showSecrets(c, place, { decrypted });
  })
  .post("/", async (c) => {
    const place = await unlockPlace(c);
    const form = await readForm(c);
    const rows = readRows(form);
    return answerForm(
      async () => {
        const changed = await changeSecrets(c.var.vault, place.environment, changesOf(rows));
        tell(c, "success", summary(changed));
        return c.redirect(environmentSecretsPath(place.project.id, place.environment.environment.name), 303);
      },
      (_errors, error) =>
        showSecrets(c, place, { decrypted: false, rows: withFaults(rows, error), error: error.message }),
    );
  })
  .post("/:name/delete", async (c) => {
    const place = await unlockPlace(c);
    const name = c.req.param("name");
    return answerForm(
      async () => {
        await changeSecrets(c.var.vault, place.environment, [{ kind: "delete", name }]);
        tell(c, "success", `${name} is deleted.`);
        return c.redirect(environmentSecretsPath(place.project.id, place.environment.environment.name), 303);
      },
      (_errors, error) => showSecrets(c, place, { decrypted: false, error: error.message }),
    );
  });

interface Place {
  project: Project;
  tree: Tree;
  environment: WritableEnvironment;
}

/** The project × environment of the address, unlocked. Throws SealedProjectError, SecretsflyError `not-found`. */
async function unlockPlace(c: Context<AppEnv>): Promise<Place> {
  const { vault } = c.var;
  const project = await getProject(vault.db, idParam(c, "id"));
  const environment = await getEnvironment(vault, c.req.param("environment") ?? "");
  const root = requireUnsealed(c, project);
  const tree = await readTree(vault.db, project.rootId);
  return { project, tree, environment: await unlockEnvironment(vault, root, tree, project.id, environment) };
}

interface Shown {
  decrypted: boolean;
  rows?: SecretFormRow[];
  error?: string;
}

async function showSecrets(c: Context<AppEnv>, place: Place, { decrypted, rows = [], error }: Shown) {
  const { vault, config } = c.var;
  const { project, tree, environment } = place;
  const secrets = await listSecrets(vault, tree, environment);
  const environments = await listEnvironments(vault);
  return c.html(
    <SecretsPage
      {...(await pageProps(c))}
      project={{ id: project.id, name: project.name, ancestors: pathTo(tree, project.id).slice(0, -1) }}
      environment={environment.environment.name}
      environments={environments.map(({ name }) => name)}
      decrypted={decrypted}
      redirectAfterSeconds={config.NB_MINUTES_DECRYPTED_BEFORE_REDIRECT * 60}
      unsealedUntil={unsealedUntil(c, project.rootId) ?? 0}
      secrets={secrets.map((secret) => secretRow(secret, decrypted))}
      form={{ rows, error }}
    />,
  );
}

/** Values leave the domain only for the decrypted page. */
function secretRow(secret: ListedSecret, decrypted: boolean): SecretRow {
  const { name, origin, from, note, version, changedAt, changedBy, value, resolvedValue, problem } = secret;
  return {
    name,
    origin,
    from: from ? { id: from.id, name: from.name } : null,
    note,
    version,
    changedAt,
    changedBy,
    ...(decrypted && { value }),
    ...(decrypted && resolvedValue !== value && { resolvedValue }),
    ...(problem !== undefined && { problem }),
  };
}

/** `name`, `value` and `note` may come several times: the first of each make a secret, and so on. */
function readRows(form: Form): SecretFormRow[] {
  const [names, values, notes] = [form.texts("name"), form.texts("value"), form.texts("note")];
  if (names.length !== values.length) throw invalid("value", "Each name needs one value, even an empty one.");
  if (notes.length > 0 && notes.length !== names.length)
    throw invalid("note", "Either every secret has a note field or none.");
  const lineBreaks = form.text("newlines");
  const rows = names.map((name, i) => ({
    name: name.trim(),
    value: lineBreaks === "lf" ? (values[i] ?? "").replaceAll("\r\n", "\n") : (values[i] ?? ""),
    note: (notes[i] ?? "").trim(),
    hasNote: notes.length > 0,
  }));
  return rows.filter(({ name, value, note }) => name !== "" || value !== "" || note !== "");
}

function changesOf(rows: readonly (SecretFormRow & { hasNote?: boolean })[]): SecretChange[] {
  if (rows.length === 0) throw invalid("name", "There is no secret to save: fill in a name.");
  return rows.map(({ name, value, note, hasNote }) => ({
    kind: "set",
    name,
    value,
    note: hasNote ? note : undefined,
  }));
}

/** The fault beside the row that it is about. */
function withFaults(rows: readonly SecretFormRow[], { fields }: SecretsflyError): SecretFormRow[] {
  const general = fields.name;
  const atFault = rows.findIndex(({ name }) => nameFault(name) !== undefined);
  return rows.map((row, i) => {
    const fault = fields[row.name] ?? (i === atFault ? general : undefined);
    return fault === undefined ? row : { ...row, error: fault };
  });
}

function summary(changed: readonly { name: string; outcome: string }[]): string {
  const saved = changed.filter(({ outcome }) => outcome !== "unchanged");
  if (saved.length === 0) return "Nothing changed.";
  if (saved.length === 1) return `${saved[0]?.name} is saved.`;
  return `${saved.length} secrets are saved.`;
}
