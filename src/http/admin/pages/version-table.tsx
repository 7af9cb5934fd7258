/** @jsxImportSource hono/jsx */
import type { ActorLabel } from "../view-models.ts";
import { ActionsHead, Actor, CopyableValue, Time } from "./components.tsx";
import { secretHistoryPath, secretPath } from "./paths.ts";

/** One version in the list. */
export interface VersionRow {
  version: number;
  createdAt: number;
  createdBy: ActorLabel;
  /** What it did; `unknown`: the version before it is not kept. */
  change: "created" | "created-again" | "value" | "note" | "value-and-note" | "deleted" | "unknown";
  note: string;
  /** Present where it was asked for; `isCut`: only its beginning. */
  value?: { text: string; isCut: boolean };
}

/** The secret that a history is of, as it is now. */
export interface VersionedSecret {
  project: { id: number };
  environment: string;
  name: string;
  /** The newest version, and whether it is the deletion. */
  version: number;
  deleted: boolean;
  /** False: each change drops the versions before it (VERSIONED_SECRET_VALUES). */
  isVersioned: boolean;
}

/** Its versions in a list. */
export interface VersionsTableProps extends VersionedSecret {
  /** Newest first. */
  versions: VersionRow[];
}

/** Who made each version, when, what it changed, and the way back to it. */
export function VersionsTable(props: VersionsTableProps) {
  return (
    <div class="table-box">
      <table class="cards versions">
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">What changed</th>
            <th scope="col">When</th>
            <ActionsHead />
          </tr>
        </thead>
        <tbody>
          {props.versions.map((row) => (
            <tr>
              <th scope="row">
                Version {row.version} <VersionBadge row={row} version={props.version} />
              </th>
              <td data-label="What changed">
                {changes[row.change]}
                {row.note && <p class="note">{row.note}</p>}
                {row.value && <VersionValue {...props} row={row} value={row.value} />}
              </td>
              <td data-label="When">
                <Time at={row.createdAt} /> <Actor actor={row.createdBy} />
              </td>
              <td class="row-actions">
                <VersionActions {...props} row={row} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const changes: Readonly<Record<VersionRow["change"], string>> = {
  created: "Created",
  "created-again": "Set again after its deletion",
  value: "Value",
  note: "Note only",
  "value-and-note": "Value and note",
  deleted: "Deleted",
  unknown: "Unknown: the version before is not kept",
};

function VersionBadge({ row, version }: { row: VersionRow; version: number }) {
  if (row.change === "deleted") return <span class="badge">deleted</span>;
  return row.version === version ? <span class="badge good">current</span> : null;
}

function VersionValue({
  project,
  environment,
  name,
  row,
  value,
}: VersionedSecret & { row: VersionRow; value: NonNullable<VersionRow["value"]> }) {
  const whole = `${secretHistoryPath(project.id, environment, name)}?decrypt=true&version=${row.version}&before=${row.version + 1}`;
  return (
    <>
      <CopyableValue value={value.text} label={`the value of version ${row.version}`} />
      {value.text === "" && <p class="hint">The value is empty.</p>}
      {value.isCut && (
        <p class="hint">
          This is its beginning. <a href={whole}>Show version {row.version} whole</a>
        </p>
      )}
    </>
  );
}

function VersionActions(props: VersionsTableProps & { row: VersionRow }) {
  const { project, environment, name, version, row, versions } = props;
  const isNewest = row.version === version;
  // The newest one is compared with the one before it, the others with the newest.
  const [from, to] = isNewest ? [versions[1]?.version, version] : [row.version, version];
  return (
    <>
      {from !== undefined && (
        <a
          class="button quiet"
          href={`${secretHistoryPath(project.id, environment, name)}?from=${from}&to=${to}`}
          aria-label={`Compare version ${from} with version ${to}`}
        >
          Compare
        </a>
      )}
      {!isNewest && row.change !== "deleted" && <RollbackForm {...props} to={row.version} />}
    </>
  );
}

/** Makes a version the newest one again, after asking where there is a script. */
export function RollbackForm({
  project,
  environment,
  name,
  version,
  deleted,
  isVersioned,
  to,
  isPrimary,
}: VersionedSecret & { to: number; isPrimary?: boolean }) {
  const verb = deleted ? `Restore ${name} from version ${to}` : `Roll back ${name} to version ${to}`;
  const loss = isVersioned ? "" : " Only the newest version is kept: the others are dropped.";
  return (
    <form
      method="post"
      action={`${secretPath(project.id, environment, name)}/rollback`}
      data-confirm={`${verb}? It becomes version ${version + 1}. Apps get it at their next fetch, those of child projects that inherit it too.${loss}`}
    >
      <input type="hidden" name="version" value={to} />
      <button
        type="submit"
        class={isPrimary ? "button primary" : "button"}
        aria-label={isPrimary ? undefined : verb}
      >
        {deleted ? "Restore" : "Roll back"}
        {isPrimary && ` ${deleted ? "from" : "to"} version ${to}`}
      </button>
    </form>
  );
}
