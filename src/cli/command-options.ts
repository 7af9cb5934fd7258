import type { ExportFormat, ImportFormat } from "../formats/format-names.ts";

// The options of the commands as commander hands them over.

/** Of every command that prints data. */
interface DataOptions {
  json?: true;
}

/** Of every command that reads a file with secrets. */
interface FileOptions extends DataOptions {
  format: ImportFormat;
  literal?: true;
}

/** Of `secrets list`. */
export interface ListOptions extends DataOptions {
  values?: true;
}

/** Of `secrets get`. */
export interface GetOptions extends DataOptions {
  plain?: true;
}

/** Of `secrets set`. */
export interface SetOptions extends DataOptions {
  note?: string;
  keepNewline?: true;
  literal?: true;
}

/** Of `secrets delete`. */
export interface DeleteOptions extends DataOptions {
  yes?: true;
}

/** Of `import`. */
export interface ImportOptions extends FileOptions {
  dryRun?: true;
}

/** Of `diff`. */
export interface DiffOptions extends FileOptions {
  values?: true;
}

/** Of `check`. */
export interface CheckOptions extends DataOptions {
  requireFile?: string;
  require?: string[];
}

/** Of `export`. */
export interface ExportOptions extends DataOptions {
  format: ExportFormat;
  output?: string;
  allow?: string[];
}

/** Of `audit verify`. */
export interface AuditVerifyOptions extends DataOptions {
  head?: string;
}

/** Of `audit export`. */
export interface AuditExportOptions {
  output?: string;
}

/** Of `backup` and `restore`. */
export interface CopyOptions extends DataOptions {
  force?: true;
}

/** Of `verify`. */
export interface VerifyCommandOptions extends DataOptions {
  masterKeyStdin?: true;
}

/** The shells that there is a completion script for. */
export const shells = ["bash", "zsh", "fish"] as const;
/** One of them. */
export type Shell = (typeof shells)[number];
