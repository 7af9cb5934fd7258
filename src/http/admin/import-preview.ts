import type { ParsedText } from "../../formats/index.ts";
import type { ImportPlan, ImportRow } from "../../vault/import-plan.ts";
import type { ImportPreviewFault, ImportPreviewProps, ImportPreviewRow } from "./pages/import-preview.tsx";

/** As many as somebody reads; the page has the text on it, too, and should not be much larger than that. */
const shownFaults = 100;
const shownRows = 300;
/** A name that is none may be as long as the text. */
const shownNameLength = 80;

const readAs: Readonly<Record<ParsedText["format"], string>> = {
  env: "a .env file",
  docker: "a Docker env file",
  json: "JSON",
  yaml: "YAML",
  k8s: "a Kubernetes Secret",
};

/** What a text says and what it would do, for the page: names, lines and lengths, and no value. */
export function previewOf(text: ParsedText, plan: ImportPlan, digest: string): ImportPreviewProps {
  const counts = { new: 0, changed: 0, unchanged: 0, inherited: 0, invalid: 0 };
  for (const { outcome } of plan.rows) counts[outcome] += 1;
  const faults = allFaults(text, plan);
  counts.invalid = faults.length;
  return {
    readAs: readAs[text.format],
    counts,
    faults: faults.slice(0, shownFaults),
    rows: plan.rows.toSorted(writtenFirst).slice(0, shownRows).map(previewRow),
    digest,
  };
}

/** What cannot be read and what cannot be written, by line; what concerns the whole text comes first. */
function allFaults(text: ParsedText, plan: ImportPlan): ImportPreviewFault[] {
  const faults: ImportPreviewFault[] = [
    ...text.faults.map(({ line, name, message }) => ({ line, name: name && shortened(name), message })),
    ...plan.faults.map(({ entry, message }) => ({
      line: entry?.line,
      name: entry && shortened(entry.name),
      message,
    })),
  ];
  return faults.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

function shortened(name: string): string {
  return name.length > shownNameLength ? `${name.slice(0, shownNameLength)}…` : name;
}

function writtenFirst(a: ImportRow, b: ImportRow): number {
  return rank(a) - rank(b) || a.entry.line - b.entry.line;
}

function rank({ outcome }: ImportRow): number {
  return outcome === "new" || outcome === "changed" ? 0 : 1;
}

function previewRow({ entry, outcome, overrides, isSameForApps }: ImportRow): ImportPreviewRow {
  const { name, value, line } = entry;
  // Line breaks at the end begin no line of their own.
  const lines = value.trimEnd().split("\n").length;
  return { name, line, outcome, overrides, isSameForApps, characters: [...value].length, lines };
}
