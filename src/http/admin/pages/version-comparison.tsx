/** @jsxImportSource hono/jsx */
import type { ActorLabel } from "../view-models.ts";
import { Actor, Countdown, Time } from "./components.tsx";
import { SelectField } from "./fields.tsx";
import { secretHistoryPath } from "./paths.ts";
import { type DifferenceLine, ValueDifference } from "./value-difference.tsx";
import { RollbackForm, type VersionedSecret, type VersionsTableProps } from "./version-table.tsx";

interface ComparedVersion {
  version: number;
  isDeletion: boolean;
  createdAt: number;
  createdBy: ActorLabel;
}

/** Two versions side by side; no lines: no difference. */
export interface Comparison {
  from: ComparedVersion;
  to: ComparedVersion;
  value: DifferenceLine[];
  note: DifferenceLine[];
}

/** Chooses two versions; the page then shows what differs. */
export function CompareForm(
  props: VersionsTableProps & { before: number | undefined; comparison: Comparison | undefined },
) {
  const { project, environment, name, version, versions, before, comparison } = props;
  const known = [version, ...versions.map((row) => row.version)];
  if (comparison) known.push(comparison.from.version, comparison.to.version);
  const choices = [...new Set(known)]
    .sort((a, b) => b - a)
    .map((number) => ({
      value: String(number),
      label: `Version ${number}${number === version ? ", newest" : ""}`,
    }));
  return (
    <section class="card stack" aria-labelledby="compare-title">
      <h2 id="compare-title">Compare two versions</h2>
      <form method="get" action={secretHistoryPath(project.id, environment, name)} class="compare-form">
        {before !== undefined && <input type="hidden" name="before" value={before} />}
        <SelectField
          id="compare-from"
          name="from"
          label="From"
          value={String(comparison?.from.version ?? choices[1]?.value ?? "")}
          choices={choices}
        />
        <SelectField
          id="compare-to"
          name="to"
          label="To"
          value={String(comparison?.to.version ?? version)}
          choices={choices}
        />
        <button type="submit" class="button">
          Compare
        </button>
      </form>
      <p class="hint">Comparing shows both values for a while, and the audit says so.</p>
    </section>
  );
}

/** What differs between two versions, with the values on the screen for a while. */
export function ComparisonCard(
  props: VersionedSecret & { comparison: Comparison; redirectAfterSeconds: number },
) {
  const { project, environment, name, comparison, version, redirectAfterSeconds } = props;
  const { from, to, value, note } = comparison;
  const path = secretHistoryPath(project.id, environment, name);
  const older = [from, to].find((side) => side.version !== version && !side.isDeletion);
  return (
    <section class="card stack" id="comparison" aria-labelledby="comparison-title">
      <div class="page-head">
        <h2 id="comparison-title">
          From version {from.version} to version {to.version}
        </h2>
        <a class="button" href={path}>
          Close
        </a>
      </div>
      <ul class="sides">
        <Side side={from} />
        <Side side={to} />
      </ul>
      <ComparedValues from={from} to={to} value={value} />
      {note.length > 0 ? (
        <>
          <h3>Note</h3>
          <ValueDifference lines={note} label="What differs in the note" />
        </>
      ) : (
        <p class="hint">The note is the same.</p>
      )}
      {older && (
        <div class="actions">
          <RollbackForm {...props} to={older.version} isPrimary />
        </div>
      )}
      <p class="hint">
        In <Countdown milliseconds={redirectAfterSeconds * 1000} leaveTo={path} /> this page hides the values
        again.
      </p>
    </section>
  );
}

function Side({ side }: { side: ComparedVersion }) {
  return (
    <li>
      Version {side.version}
      {side.isDeletion ? ", the deletion:" : ":"} <Time at={side.createdAt} />{" "}
      <Actor actor={side.createdBy} />
    </li>
  );
}

function ComparedValues({ from, to, value }: Pick<Comparison, "from" | "to" | "value">) {
  if (value.length > 0) {
    return (
      <>
        <h3>Value</h3>
        <ValueDifference lines={value} label="What differs in the value" />
      </>
    );
  }
  // An empty value and none at all have no line that differs.
  const isOneGone = from.isDeletion !== to.isDeletion;
  return <p>{isOneGone ? "One is a deletion, the other an empty value." : "The value is the same."}</p>;
}
