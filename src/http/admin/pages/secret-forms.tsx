/** @jsxImportSource hono/jsx */
import type { SecretFormRow, SecretRow } from "../view-models.ts";
import { PreformattedText } from "./components.tsx";
import { Newlines } from "./fields.tsx";

/** Rows that a form for new secrets offers at once. */
const ROWS = 3;

const EMPTY_ROW: SecretFormRow = { name: "", value: "", note: "" };

/** Lines a textarea shows for this value, within reason. */
function rowsFor(value: string): number {
  return Math.min(14, Math.max(2, value.split("\n", 14).length));
}

/** Adds one or several secrets. A row without a name and a value is left out. */
export function AddSecretsForm({
  action,
  rows,
  error,
}: {
  action: string;
  rows: SecretFormRow[];
  error?: string | undefined;
}) {
  const shown = [...rows, EMPTY_ROW, EMPTY_ROW, EMPTY_ROW].slice(0, Math.max(ROWS, rows.length));
  const firstWrong = rows.findIndex((row) => row.error);
  return (
    <form method="post" action={action} class="stack">
      <p class="hint">
        <code>$&#123;NAME&#125;</code> in a value stands for the secret of that name as it is seen here; write{" "}
        <code>$$&#123;</code> for a plain <code>$&#123;</code>. A name that exists already gets the value as
        its next version. Empty rows are left out.
      </p>
      {error && (
        <p class="flash error" role="alert">
          {error}
        </p>
      )}
      <Newlines values={rows.map((row) => row.value)} />
      <div class="secret-rows stack" data-rows="">
        {shown.map((row, index) => (
          <AddSecretRow row={row} index={index} focus={index === firstWrong} />
        ))}
      </div>
      <div class="actions">
        <button type="submit" class="button primary">
          Save secrets
        </button>
        <button type="button" class="button needs-script" data-add-row="">
          Add a row
        </button>
      </div>
    </form>
  );
}

function AddSecretRow({ row, index, focus }: { row: SecretFormRow; index: number; focus: boolean }) {
  const errorId = `row-${index}-error`;
  return (
    <fieldset class="secret-row">
      <legend class="visually-hidden">Secret {index + 1}</legend>
      <label class="field">
        Name
        <input
          class="mono"
          name="name"
          value={row.name}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          autofocus={focus}
          aria-invalid={row.error ? "true" : undefined}
          aria-describedby={row.error ? errorId : undefined}
        />
      </label>
      {row.error && (
        <p class="field-error" id={errorId}>
          {row.error}
        </p>
      )}
      <label class="field">
        Value
        <textarea class="mono" name="value" rows={rowsFor(row.value)} autocomplete="off" spellcheck={false}>
          <PreformattedText text={row.value} />
        </textarea>
      </label>
      <label class="field">
        <span>
          Note <span class="optional">optional</span>
        </span>
        <input name="note" value={row.note} autocomplete="off" />
      </label>
    </fieldset>
  );
}

/** Gives a secret its next value, or an inherited one a value of this project's own. */
export function EditSecretForm({ action, secret }: { action: string; secret: SecretRow }) {
  const value = secret.value ?? "";
  return (
    <form method="post" action={action} class="stack">
      <input type="hidden" name="name" value={secret.name} />
      <Newlines values={[value]} />
      <label class="field">
        Value
        <textarea class="mono" name="value" rows={rowsFor(value)} autocomplete="off" spellcheck={false}>
          <PreformattedText text={value} />
        </textarea>
      </label>
      {mixesNewlines(value) && (
        <p class="hint">This value mixes kinds of line ends. Saved from here, all of them become the same.</p>
      )}
      <label class="field">
        <span>
          Note <span class="optional">optional</span>
        </span>
        <input name="note" value={secret.note} autocomplete="off" />
      </label>
      <button type="submit" class="button primary" aria-label={`Save ${secret.name}`}>
        Save
      </button>
    </form>
  );
}

/** Whether a form would not give the value back as it is: a browser knows only one kind of newline. */
function mixesNewlines(value: string): boolean {
  const kinds = new Set(value.match(/\r\n|\r|\n/g));
  return kinds.size > 1 || kinds.has("\r");
}
