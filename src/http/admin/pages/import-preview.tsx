/** @jsxImportSource hono/jsx */
import { plural } from "./components.tsx";

/** An entry that can be imported. Its value is not here. */
export interface ImportPreviewRow {
  name: string;
  line: number;
  outcome: "new" | "changed" | "unchanged" | "inherited";
  /** Whose secret of this name a new one hides. */
  overrides: string | undefined;
  isSameForApps: boolean;
  /** Of the value. */
  characters: number;
  lines: number;
}

/** What has to be mended first. `line` is undefined for what concerns the text as a whole. */
export interface ImportPreviewFault {
  line: number | undefined;
  name: string | undefined;
  message: string;
}

export interface ImportPreviewProps {
  /** What the text was read as, such as `a .env file`. */
  readAs: string;
  counts: Readonly<Record<ImportPreviewRow["outcome"] | "invalid", number>>;
  /** The first of them; `counts` tells how many there are. */
  faults: ImportPreviewFault[];
  /** The first of them, those that would be written before the others. */
  rows: ImportPreviewRow[];
  /** Names the text that this is the preview of: another one is previewed before it is imported. */
  digest: string;
}

/**
 * What a text would do. It can be imported from here as long as nothing in it is wrong.
 *
 * @param formId the form that the text is in
 * @param fieldId the text itself
 */
export function ImportPreview(props: ImportPreviewProps & { formId: string; fieldId: string }) {
  const { readAs, counts, faults, rows, fieldId } = props;
  const total = counts.new + counts.changed + counts.unchanged + counts.inherited;
  return (
    <section class="stack" aria-labelledby="preview-title">
      <div class="stack tight">
        <h2 id="preview-title" class="begins-here" tabindex={-1} autofocus>
          Preview
        </h2>
        <p>
          Read as {readAs}. {total + counts.invalid === 0 && "There is no secret in it."}
        </p>
        <Counts counts={counts} />
      </div>
      <Verdict {...props} />
      {faults.length > 0 && <FaultsTable faults={faults} total={counts.invalid} fieldId={fieldId} />}
      {rows.length > 0 && <RowsTable rows={rows} total={total} fieldId={fieldId} />}
    </section>
  );
}

function Counts({ counts }: Pick<ImportPreviewProps, "counts">) {
  return (
    <ul class="counts" aria-label="Summary">
      <Count kind="new" number={counts.new} what="new" />
      <Count kind="changed" number={counts.changed} what="changed" />
      <Count kind="same" number={counts.unchanged + counts.inherited} what="unchanged" />
      <Count kind="invalid" number={counts.invalid} what="invalid" />
    </ul>
  );
}

function Count({ kind, number, what }: { kind: string; number: number; what: string }) {
  return (
    <li class={number === 0 ? "count none" : `count ${kind}`}>
      <strong>{number.toLocaleString("en")}</strong> {what}
    </li>
  );
}

/** What can be done now: mend the text, import it, or nothing. */
function Verdict({ counts, digest, formId }: ImportPreviewProps & { formId: string }) {
  const written = counts.new + counts.changed;
  if (counts.invalid > 0) {
    return (
      <p class="flash error" role="alert">
        Nothing can be imported yet. Mend what is listed below in the text above, and preview it again.
      </p>
    );
  }
  if (written === 0) return <p class="hint">There is nothing to import: no secret would change.</p>;
  return (
    <>
      <input type="hidden" name="previewed" value={digest} form={formId} />
      <button type="submit" class="button primary" form={formId} name="confirm" value="true">
        Import {plural(written, "secret")}
      </button>
    </>
  );
}

function FaultsTable({
  faults,
  total,
  fieldId,
}: {
  faults: ImportPreviewFault[];
  total: number;
  fieldId: string;
}) {
  return (
    <div class="table-box">
      <table class="cards">
        <caption class="visually-hidden">What is wrong</caption>
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col">Name</th>
            <th scope="col">What is wrong</th>
          </tr>
        </thead>
        <tbody>
          {faults.map((fault) => (
            <tr>
              <td data-label="Line">
                {fault.line === undefined ? "–" : <LineNumber line={fault.line} fieldId={fieldId} />}
              </td>
              <td data-label="Name">{fault.name ? <code class="secret-name">{fault.name}</code> : "–"}</td>
              <td class="problem">{fault.message}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Rest shown={faults.length} total={total} />
    </div>
  );
}

function RowsTable({ rows, total, fieldId }: { rows: ImportPreviewRow[]; total: number; fieldId: string }) {
  return (
    <div class="table-box">
      <table class="cards">
        <caption class="visually-hidden">What would happen</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">What happens</th>
            <th scope="col">Line</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              <th scope="row">
                <code class="secret-name">{row.name}</code>
              </th>
              <td data-label="What happens">
                <Outcome row={row} />
              </td>
              <td data-label="Line">
                <LineNumber line={row.line} fieldId={fieldId} />
              </td>
              <td class="one-line" data-label="Value">
                {row.characters === 0 ? "empty" : plural(row.characters, "character")}
                {row.lines > 1 && `, ${row.lines.toLocaleString("en")} lines`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Rest shown={rows.length} total={total} />
    </div>
  );
}

function Outcome({ row }: { row: ImportPreviewRow }) {
  const { kind, word } = outcomes[row.outcome];
  const hints = [
    row.outcome === "inherited" && "inherited with this value; it stays inherited",
    row.overrides !== undefined && `takes the place of the one that ${row.overrides} gives it`,
    row.isSameForApps && "apps get the same as now; only how it is written here changes",
  ].filter(Boolean);
  return (
    <>
      <span class={`badge ${kind}`}>{word}</span>
      {hints.length > 0 && <p class="hint">{hints.join("; ")}</p>}
    </>
  );
}

const outcomes: Readonly<Record<ImportPreviewRow["outcome"], { kind: string; word: string }>> = {
  new: { kind: "good", word: "New" },
  changed: { kind: "changed", word: "Changed" },
  unchanged: { kind: "", word: "Unchanged" },
  inherited: { kind: "", word: "Unchanged" },
};

/** Leads to the line in the text, by script. */
function LineNumber({ line, fieldId }: { line: number; fieldId: string }) {
  return (
    <span data-line={line} data-line-of={fieldId}>
      {line.toLocaleString("en")}
    </span>
  );
}

function Rest({ shown, total }: { shown: number; total: number }) {
  if (shown >= total) return null;
  return (
    <p class="rest hint">
      and {(total - shown).toLocaleString("en")} more, which are not listed here but count.
    </p>
  );
}
