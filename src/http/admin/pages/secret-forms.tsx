/** @jsxImportSource hono/jsx */
import type { SecretFormRow, SecretRow } from "../view-models.ts";
import { PreformattedText } from "./components.tsx";
import { mixesNewlines, Newlines } from "./fields.tsx";
import { projectPath } from "./paths.ts";
import {
  GenerateButton,
  type GenerateButtonProps,
  type Generator,
  GeneratorOptions,
} from "./value-generator.tsx";

/** Rows that a form for new secrets offers at once where no script can add one. */
const ROWS = 3;

const EMPTY_ROW: SecretFormRow = { name: "", value: "", note: "" };

interface AddSecretsFormProps {
  action: string;
  project: number;
  decrypted: boolean;
  rows: SecretFormRow[];
  error?: string | undefined;
  generator: Generator;
}

/** Adds one or several secrets. A row without a name, a value and a note is left out. */
export function AddSecretsForm({ action, project, decrypted, rows, error, generator }: AddSecretsFormProps) {
  const shown = [...rows, EMPTY_ROW, EMPTY_ROW, EMPTY_ROW].slice(0, Math.max(ROWS, rows.length));
  const firstWrong = rows.findIndex((row) => row.error);
  return (
    <form method="post" action={action} class="stack" data-needs-key="">
      <DefaultButton />
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
      {decrypted && <input type="hidden" name="decrypted" value="true" />}
      <div class="secret-rows stack" data-rows="">
        {shown.map((row, index) => (
          <AddSecretRow
            row={row}
            index={index}
            focus={index === firstWrong}
            isSpare={index > 0 && row === EMPTY_ROW}
          />
        ))}
      </div>
      <GeneratorOptions id="add" generator={generator} />
      <KeyIsOver project={project} />
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

/** What Enter in a field presses: without it that would be the first button, which makes a value. */
function DefaultButton() {
  return (
    <button type="submit" hidden>
      Save
    </button>
  );
}

interface AddSecretRowProps {
  row: SecretFormRow;
  index: number;
  focus: boolean;
  /** Hidden where a script can show it. */
  isSpare: boolean;
}

function AddSecretRow({ row, index, focus, isSpare }: AddSecretRowProps) {
  const errorId = `row-${index}-error`;
  return (
    <fieldset class={isSpare ? "secret-row spare" : "secret-row"}>
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
      <ValueField
        label="Value"
        value={row.value}
        focus={row.generated}
        generate={{ value: String(index), label: `Generate for secret ${index + 1}` }}
      />
      <label class="field">
        <span>
          Note <span class="optional">optional</span>
        </span>
        <input name="note" value={row.note} autocomplete="off" />
      </label>
    </fieldset>
  );
}

interface ValueFieldProps {
  label: string;
  value: string;
  focus: boolean | undefined;
  /** The id of what is wrong with it; undefined: nothing is. */
  errorId?: string | undefined;
  generate: GenerateButtonProps;
}

/** The field of a secret's value, with the button that fills it. */
function ValueField({ label, value, focus, errorId, generate }: ValueFieldProps) {
  return (
    <div class="value-field">
      <label class="field">
        {label}
        <textarea
          class="mono"
          name="value"
          rows={1}
          autocomplete="off"
          spellcheck={false}
          autofocus={focus}
          aria-invalid={errorId ? "true" : undefined}
          aria-describedby={errorId}
        >
          <PreformattedText text={value} />
        </textarea>
      </label>
      <GenerateButton {...generate} />
    </div>
  );
}

/** What a script shows where a form would be refused because the key's time is over: what was typed stays. */
function KeyIsOver({ project }: { project: number }) {
  return (
    <p class="flash error" role="alert" data-key-over="" hidden>
      The key’s time is over.{" "}
      <a href={projectPath(project)} target="_blank" rel="noopener">
        Unseal the project in another tab
      </a>
      , then save again: what you typed is still here.
    </p>
  );
}

interface EditSecretFormProps {
  action: string;
  project: number;
  secret: SecretRow;
  /** What was typed, where it was refused. */
  typed: SecretFormRow | undefined;
  /** Whether its sender is among all values afterwards, or in the list. */
  decrypted: boolean;
  generator: Generator;
}

/** Gives a secret its next value, or an inherited one a value of this project's own. */
export function EditSecretForm({
  action,
  project,
  secret,
  typed,
  decrypted,
  generator,
}: EditSecretFormProps) {
  const value = typed?.value ?? secret.value ?? "";
  const errorId = `error-${secret.name}`;
  const isOverride = secret.origin === "inherited";
  return (
    <form method="post" action={action} class="stack edit-secret" data-needs-key="">
      <DefaultButton />
      <input type="hidden" name="name" value={secret.name} />
      <input type="hidden" name="notes" value="exact" />
      {decrypted && <input type="hidden" name="decrypted" value="true" />}
      <Newlines values={[value]} />
      {isOverride && (
        <p class="hint">What you save is this project’s own value, in place of the inherited one.</p>
      )}
      <ValueField
        label="New value"
        value={value}
        focus={generator.errors.length === undefined}
        errorId={typed?.error ? errorId : undefined}
        generate={{ value: "0", label: `Generate for ${secret.name}` }}
      />
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
      <GeneratorOptions id={secret.name} generator={generator} />
      <KeyIsOver project={project} />
      <div class="actions">
        <button type="submit" class="button primary" aria-label={`Save ${secret.name}`}>
          Save
        </button>
      </div>
    </form>
  );
}
