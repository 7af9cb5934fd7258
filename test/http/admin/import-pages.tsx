/** @jsxImportSource hono/jsx */
import { ExportPage } from "../../../src/http/admin/pages/export-page.tsx";
import { ImportPage } from "../../../src/http/admin/pages/import-page.tsx";
import type { ImportPreviewProps, ImportPreviewRow } from "../../../src/http/admin/pages/import-preview.tsx";
import type { PageProps } from "../../../src/http/admin/pages/layout.tsx";

/** The pages of import and export in all their states, with one text wherever they show text. */
export function importPages(page: PageProps, text: string): Record<string, string> {
  const link = { id: 1, name: text };
  const place = { ...page, project: { ...link, ancestors: [link], environments: [text] }, environment: text };
  const row = (outcome: ImportPreviewRow["outcome"], overrides?: string): ImportPreviewRow => {
    return { name: text, line: 1, outcome, overrides, isSameForApps: true, characters: 12, lines: 2 };
  };
  const preview: ImportPreviewProps = {
    readAs: text,
    counts: { new: 1, changed: 1, unchanged: 1, inherited: 1, invalid: 0 },
    faults: [],
    rows: [row("new", text), row("changed"), row("unchanged"), row("inherited")],
    digest: text,
  };
  const importPage = (shown?: ImportPreviewProps) =>
    (
      <ImportPage
        {...place}
        form={{ text, format: text, literal: true, errors: { text, format: text, form: text } }}
        maxFileBytes={1024}
        preview={shown}
      />
    ).toString();
  const faults = [
    { line: undefined, name: undefined, message: text },
    { line: 2, name: text, message: text },
  ];
  return {
    ImportPage: importPage(),
    "ImportPage, previewed": importPage(preview),
    "ImportPage, with faults": importPage({ ...preview, faults, counts: { ...preview.counts, invalid: 9 } }),
    "ImportPage, with nothing to do": importPage({
      ...preview,
      rows: [],
      counts: { new: 0, changed: 0, unchanged: 0, inherited: 0, invalid: 0 },
    }),
    ExportPage: (<ExportPage {...place} count={3} error={text} />).toString(),
    "ExportPage, of nothing": (<ExportPage {...place} count={0} />).toString(),
  };
}
