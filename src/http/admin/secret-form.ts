import { invalid, type SecretsflyError } from "../../errors.ts";
import { nameFault, type SecretChange } from "../../vault/secret-input.ts";
import type { Form } from "./form.ts";
import type { SecretFormRow } from "./view-models.ts";

/** What the forms of an environment's secrets say, and what is said back. */

/** `name`, `value` and `note` may come several times: the first of each make a secret, and so on. */
export function readRows(form: Form): SecretFormRow[] {
  const [names, values, notes] = [form.texts("name"), form.texts("value"), form.texts("note")];
  const length = Math.max(names.length, values.length, notes.length);
  const newlines = newlinesOf(form);
  return Array.from({ length }, (_, i) => ({
    name: (names[i] ?? "").trim(),
    value: newlines(values[i] ?? ""),
    note: (notes[i] ?? "").trim(),
  }));
}

/** Whether there is anything in a row: one without a name, a value and a note is left out. */
export function isFilled({ name, value, note }: SecretFormRow): boolean {
  return name !== "" || value !== "" || note !== "";
}

/**
 * A browser sends every newline as CRLF; our own forms say in `newlines` what the value had. What is sent
 * without that field is taken to the letter.
 */
function newlinesOf(form: Form): (value: string) => string {
  const kind = form.text("newlines");
  return kind === "lf" || kind === "mixed" ? (value) => value.replaceAll("\r\n", "\n") : (value) => value;
}

/**
 * Where the form was given a value that mixes several kinds of newlines, one that comes back with no other
 * change is the value that it was.
 */
export async function keepMixedNewlines(
  form: Form,
  rows: SecretFormRow[],
  listed: () => Promise<readonly { name: string; value: string }[]>,
): Promise<SecretFormRow[]> {
  if (form.text("newlines") !== "mixed") return rows;
  const current = new Map((await listed()).map(({ name, value }) => [name, value]));
  return rows.map((row) => {
    const value = current.get(row.name);
    return value?.replaceAll(/\r\n?/g, "\n") === row.value ? { ...row, value } : row;
  });
}

/**
 * What a form asks for. An empty note is the same as none and leaves the note as it is, unless the form
 * says (`notes=exact`) that it was given the note there is. Throws SecretsflyError `invalid`.
 */
export function changesOf(form: Form, rows: readonly SecretFormRow[]): SecretChange[] {
  const [names, values, notes] = [form.texts("name"), form.texts("value"), form.texts("note")];
  if (names.length !== values.length) throw invalid("value", "Each name needs one value, even an empty one.");
  if (notes.length > 0 && notes.length !== names.length) {
    throw invalid("note", "Either every secret has a note field or none.");
  }
  if (rows.length === 0) throw invalid("name", "There is no secret to save: fill in a name.");
  const isExact = form.text("notes") === "exact";
  return rows.map(({ name, value, note }) => {
    return { kind: "set", name, value, note: note === "" && !isExact ? undefined : note };
  });
}

/** The fault beside the row that it is about. */
export function withFaults(rows: readonly SecretFormRow[], { fields }: SecretsflyError): SecretFormRow[] {
  const wrongName = rows.findIndex(({ name }) => nameFault(name) !== undefined);
  const isOfName = wrongName !== -1 && Object.hasOwn(fields, "name");
  // Own fields only: a secret may be called `constructor`.
  const faults = new Map(Object.entries(fields));
  return rows.map((row, i) => {
    const fault = isOfName ? (i === wrongName ? fields.name : undefined) : faults.get(row.name);
    return fault === undefined ? row : { ...row, error: fault };
  });
}

/** What was done, for the next page. */
export function summary(changed: readonly { name: string; outcome: string }[]): string {
  const saved = changed.filter(({ outcome }) => outcome !== "unchanged");
  if (saved.length === 0) return "Nothing changed.";
  if (saved.length === 1) return `${saved[0]?.name} is saved.`;
  return `${saved.length} secrets are saved.`;
}
