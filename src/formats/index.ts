export {
  type ExportFormat,
  exportFormats,
  type ImportFormat,
  importFormats,
  type SecretFormat,
  secretFormats,
} from "./format-names.ts";
export { type ParsedText, parseSecrets } from "./parse.ts";
export { printSecrets } from "./print.ts";
export { type NamedValue, UnprintableSecretError } from "./printer.ts";
