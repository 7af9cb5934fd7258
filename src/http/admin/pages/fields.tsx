/** @jsxImportSource hono/jsx */
import type { Child } from "hono/jsx";
import type { FieldErrors } from "../view-models.ts";
import { PreformattedText } from "./components.tsx";

interface FieldProps {
  /** Unique on the page; the hint's and the error's ids follow from it. */
  id: string;
  name: string;
  label: string;
  hint?: Child;
  error?: string | undefined;
  optional?: boolean;
  /** Of a filter: it may be empty like all its neighbours, which need not be said of each. */
  filters?: boolean;
}

/** What ties a control to its label, hint and error. */
function controlAttributes({ id, name, hint, error, optional, filters }: FieldProps) {
  const descriptions = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean);
  return {
    id,
    name,
    required: !optional && !filters,
    "aria-describedby": descriptions.length > 0 ? descriptions.join(" ") : undefined,
    "aria-invalid": error ? "true" : undefined,
    // Leads there without a script too: the page may be long and the field far down.
    autofocus: Boolean(error),
  };
}

/** Label, hint, control and error, in the order in which they are read. */
function FieldFrame({ id, label, hint, error, optional, children }: FieldProps & { children: Child }) {
  return (
    <div class="field">
      <label for={id}>
        {label}
        {optional && <span class="optional"> optional</span>}
      </label>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {children}
      {error && (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

/** A one-line field that comes back with what was typed. */
export function Field(
  props: FieldProps & { value?: string; type?: "text" | "number"; min?: number; autocomplete?: string },
) {
  return (
    <FieldFrame {...props}>
      <input
        type={props.type ?? "text"}
        value={props.value ?? ""}
        min={props.min}
        autocomplete={props.autocomplete ?? "off"}
        {...controlAttributes(props)}
      />
    </FieldFrame>
  );
}

/** A moment in UTC; with the script it is typed in the reader's time zone, and sent in UTC all the same. */
export function MomentField(props: FieldProps & { value: string }) {
  return (
    <FieldFrame {...props}>
      <input
        type="datetime-local"
        step="1"
        value={props.value}
        data-utc=""
        autocomplete="off"
        {...controlAttributes(props)}
      />
    </FieldFrame>
  );
}

/** A password or master key: takes no value, so that none can be sent back. */
export function SecretField(
  props: FieldProps & { autocomplete: "current-password" | "new-password" | "off" },
) {
  return (
    <FieldFrame {...props}>
      <input
        type="password"
        autocomplete={props.autocomplete}
        autocapitalize="none"
        spellcheck={false}
        {...controlAttributes(props)}
      />
    </FieldFrame>
  );
}

/** A field of several lines; its form carries `Newlines`. */
export function TextareaField(props: FieldProps & { value: string; rows: number }) {
  return (
    <FieldFrame {...props}>
      <textarea rows={props.rows} spellcheck={false} autocomplete="off" {...controlAttributes(props)}>
        <PreformattedText text={props.value} />
      </textarea>
    </FieldFrame>
  );
}

interface Choice {
  value: string;
  label: string;
  /** Neighbours with the same one stand under it as their heading. */
  group?: string | undefined;
}

/** A choice among a few. */
export function SelectField(props: FieldProps & { value: string; choices: readonly Choice[] }) {
  const groups = Map.groupBy(props.choices, ({ group }) => group);
  const option = ({ value, label }: Choice) => (
    <option value={value} selected={value === props.value}>
      {label}
    </option>
  );
  return (
    <FieldFrame {...props}>
      <select autocomplete="off" {...controlAttributes(props)}>
        {[...groups].map(([group, choices]) =>
          group === undefined ? (
            choices.map(option)
          ) : (
            <optgroup label={group}>{choices.map(option)}</optgroup>
          ),
        )}
      </select>
    </FieldFrame>
  );
}

/**
 * Tells the server which newlines the textareas of this form had: a browser sends every one as CRLF.
 */
export function Newlines({ values = [] }: { values?: readonly string[] }) {
  return <input type="hidden" name="newlines" value={kindOfNewlines(values)} />;
}

function kindOfNewlines(values: readonly string[]): "lf" | "crlf" | "mixed" {
  if (values.some(mixesNewlines)) return "mixed";
  return values.some((text) => text.includes("\r\n")) ? "crlf" : "lf";
}

/** Whether a form would not give the value back as it is: a browser knows only one kind of newline. */
export function mixesNewlines(value: string): boolean {
  const kinds = new Set(value.match(/\r\n|\r|\n/g));
  return kinds.size > 1 || kinds.has("\r");
}

/** What is wrong with a form as a whole, or with something that has no field of its own in it. */
export function FormErrors({ errors, fields }: { errors: FieldErrors; fields: readonly string[] }) {
  const others = Object.entries(errors).filter(([field]) => !fields.includes(field));
  if (others.length === 0) return null;
  return (
    <div class="flash error" role="alert">
      {others.map(([, text]) => (
        <p>{text}</p>
      ))}
    </div>
  );
}
