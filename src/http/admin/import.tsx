/** @jsxImportSource hono/jsx */
import { type Context, Hono } from "hono";
import { sha256 } from "../../cryptography/hash.ts";
import { invalid, SecretsflyError } from "../../errors.ts";
import { type ImportFormat, importFormats, type ParsedText, parseSecrets } from "../../formats/index.ts";
import {
  type Imported,
  type ImportPlan,
  importSecrets,
  planImport,
  toTheLetter,
} from "../../vault/import-plan.ts";
import { onTree } from "../../vault/tree.ts";
import type { AppEnv } from "../app-env.ts";
import { type Form, readForm } from "./form.ts";
import { answerForm } from "./form-fault.ts";
import { pageProps } from "./frame.ts";
import { previewOf } from "./import-preview.ts";
import { ImportPage } from "./pages/import-page.tsx";
import { environmentSecretsPath } from "./pages/paths.ts";
import { type Place, unlockPlace } from "./place.ts";
import { projectHead } from "./project-head.ts";
import { tell } from "./session.ts";
import type { FieldErrors } from "./view-models.ts";

/** Imports a text into an environment of a project: a preview first, then all or nothing. */
export const importRoutes = new Hono<AppEnv>({ strict: false })
  .get("/", async (c) => showImport(c, await unlockPlace(c), { typed: emptyForm }))
  .post("/", async (c) => {
    const place = await unlockPlace(c);
    const form = await readForm(c);
    const typed = readTyped(form);
    return answerForm(
      async () => {
        const looked = await look(c, place, typed);
        if (form.text("confirm") !== "true") return showImport(c, place, { typed, looked });
        refuseUnseen(form, typed, looked);
        const imported = await importSecrets(c.var.vault, place.unlocked, looked.text.entries);
        tell(c, "success", summary(imported));
        return c.redirect(environmentSecretsPath(place.project.id, place.unlocked.environment.name), 303);
      },
      async (errors, error) => {
        const all = Object.keys(errors).length > 0 ? errors : { form: error.message };
        // The preview again where there can be one: it says what is at fault, and where.
        const looked = await look(c, place, typed).catch(forgiveText);
        return showImport(c, place, { typed, errors: all, looked });
      },
      "everything",
    );
  });

/** What was typed into the form. */
interface Typed {
  text: string;
  format: string;
  literal: boolean;
}

const emptyForm: Typed = { text: "", format: "auto", literal: false };

/** A browser sends every line end as CRLF; to each of the formats that is the same as LF. */
function readTyped(form: Form): Typed {
  return {
    text: form.text("text").replaceAll("\r\n", "\n"),
    format: form.text("format") || "auto",
    literal: form.text("literal") === "true",
  };
}

/** A text that was read, with what it would do. */
interface Looked {
  text: ParsedText;
  plan: ImportPlan;
}

/** Throws SecretsflyError `invalid` where there is nothing to look at. */
async function look(c: Context<AppEnv>, { project, unlocked }: Place, typed: Typed): Promise<Looked> {
  const { vault } = c.var;
  if (!isFormat(typed.format)) throw invalid("format", "There is no such format.");
  if (typed.text.trim() === "") throw invalid("text", "Paste what is to be imported.");
  const parsed = parseSecrets(typed.text, typed.format);
  const entries = typed.literal
    ? parsed.entries.map((entry) => ({ ...entry, value: toTheLetter(entry.value) }))
    : parsed.entries;
  const plan = await onTree(vault.db, project.rootId, (tree) => planImport(vault, tree, unlocked, entries));
  return { text: { ...parsed, entries }, plan };
}

function isFormat(text: string): text is ImportFormat {
  return (importFormats as readonly string[]).includes(text);
}

/** A form that cannot be looked at has no preview. */
function forgiveText(error: unknown): undefined {
  if (error instanceof SecretsflyError && error.code === "invalid") return undefined;
  throw error;
}

/** A text is written that has no faults and is the one of the preview. Throws SecretsflyError `invalid`. */
function refuseUnseen(form: Form, typed: Typed, { text, plan }: Looked): void {
  const previewed = form.text("previewed");
  if (previewed !== "" && previewed !== digestOf(typed)) {
    throw invalid(
      "form",
      "Nothing was imported: the text was changed after its preview. This is the new one.",
    );
  }
  if (text.faults.length + plan.faults.length > 0) throw invalid("form", "Nothing was imported.");
}

/** Names what is in the form. It stands on the page beside the text itself, and nowhere else. */
function digestOf({ text, format, literal }: Typed): string {
  return sha256(JSON.stringify([text, format, literal])).toHex();
}

function summary({ created, changed, unchanged }: Imported): string {
  if (created + changed === 0) return "Nothing was imported: no secret would change.";
  const parts = [
    created > 0 && `${count(created)} new`,
    changed > 0 && `${count(changed)} changed`,
    unchanged > 0 && `${count(unchanged)} unchanged`,
  ];
  return `Imported: ${parts.filter(Boolean).join(", ")}.`;
}

function count(number: number): string {
  return number.toLocaleString("en");
}

interface Shown {
  typed: Typed;
  errors?: FieldErrors;
  looked?: Looked | undefined;
}

async function showImport(c: Context<AppEnv>, place: Place, { typed, errors = {}, looked }: Shown) {
  const { project, tree, unlocked } = place;
  return c.html(
    <ImportPage
      {...(await pageProps(c))}
      project={await projectHead(c, tree, project)}
      environment={unlocked.environment.name}
      form={{ ...typed, errors }}
      // A form may be a mebibyte larger than this, and the text is most of it.
      maxFileBytes={12 * c.var.config.MAX_SECRET_BYTES}
      preview={looked && previewOf(looked.text, looked.plan, digestOf(typed))}
    />,
  );
}
