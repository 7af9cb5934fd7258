/** @jsxImportSource hono/jsx */
import type { SecretFormRow, SecretRow } from "../view-models.ts";
import { PreformattedText } from "./components.tsx";
import { mixesNewlines, Newlines } from "./fields.tsx";

/** Rows that a form for new secrets offers at once. */
const ROWS = 3;

const EMPTY_ROW: SecretFormRow = { name: "", value: "", note: "" };

/** Lines a textarea shows for this value, within reason. */
function rowsFor(value: string): number {
  return Math.min(14, Math.max(2, value.split("\n", 14).length));
}

/** Adds one or several secrets. A row without a name, a value and a note is left out. */
export function AddSecretsForm({
  action,
  decrypted,
  rows,
  error,
}: {
  action: string;
  decrypted: boolean;
  rows: SecretFormRow[];
  error?: string | undefined;
}) {
  const shown = [...rows, EMPTY_ROW, EMPTY_ROW, EMPTY_ROW].slice(0, Math.max(ROWS, rows.length));
  const firstWrong = rows.findIndex((row) => row.error);
  return (
    <form method="post" action={action} class="stack">
      <p class="hint">
        <code>$&#123;NAME&#125;</code> in a value stands for the secret of that name, as it is seen where the
        app runs; write <code>$$&#123;</code> for a plain <code>$&#123;</code>. A name that exists already
        gets the value as its next version. Empty rows are left out.
      </p>
      {error && (
        <p class="flash error" role="alert">
          {error}
        </p>
      )}
      <Newlines values={rows.map((row) => row.value)} />
      {decrypted && <ComesBackDecrypted />}
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

/** Tells the server that the form was on the decrypted page, where its sender wants to be again. */
export function ComesBackDecrypted() {
  return <input type="hidden" name="decrypted" value="true" />;
}

/**
 * Gives a secret its next value, or an inherited one a value of this project's own.
 *
 * @param typed - what was typed, where it was refused
 * @param focus - whether the page begins here
 */
export function EditSecretForm({
  action,
  secret,
  typed,
  focus,
}: {
  action: string;
  secret: SecretRow;
  typed?: SecretFormRow | undefined;
  focus: boolean;
}) {
  const value = typed?.value ?? secret.value ?? "";
  const errorId = `error-${secret.name}`;
  return (
    <form method="post" action={action} class="stack">
      <input type="hidden" name="name" value={secret.name} />
      <input type="hidden" name="notes" value="exact" />
      <Newlines values={[value]} />
      <ComesBackDecrypted />
      <label class="field">
        Value
        <textarea
          class="mono"
          name="value"
          rows={rowsFor(value)}
          autocomplete="off"
          spellcheck={false}
          autofocus={focus}
          aria-invalid={typed?.error ? "true" : undefined}
          aria-describedby={typed?.error ? errorId : undefined}
        >
          <PreformattedText text={value} />
        </textarea>
      </label>
      {typed?.error && (
        <p class="field-error" id={errorId}>
          {typed.error}
        </p>
      )}
      {mixesNewlines(value) && (
        <p class="hint">
          This value mixes kinds of line ends. A change that is saved from here makes all of them the same.
        </p>
      )}
      <label class="field">
        <span>
          Note <span class="optional">optional</span>
        </span>
        <input name="note" value={typed?.note ?? secret.note} autocomplete="off" />
      </label>
      <button type="submit" class="button primary" aria-label={`Save ${secret.name}`}>
        Save
      </button>
    </form>
  );
}
