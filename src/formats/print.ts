import { docker } from "./docker.ts";
import { env } from "./env.ts";
import type { ExportFormat } from "./format-names.ts";
import { github } from "./github.ts";
import { k8s } from "./k8s.ts";
import { map } from "./map.ts";
import type { NamedValue, SecretPrinter } from "./printer.ts";
import { shell } from "./shell.ts";
import { yaml } from "./yaml.ts";

type PrintedFormat = Exclude<ExportFormat, "json">;

const printers: Record<PrintedFormat, SecretPrinter> = { env, docker, map, yaml, k8s, github, shell };

/**
 * Writes secrets in a format, in the order given. What is written is read back exactly, or refused.
 *
 * @param format one of `exportFormats` except `json`, which is the answer of the API itself
 * @param secrets names and values; names are unique
 * @param title what the secrets belong to, e.g. `shop-api-prod`; `k8s` names its manifest after it
 * @returns the media type and the text
 * @throws UnprintableSecretError for the first secret that the format cannot hold
 */
export function printSecrets(
  format: PrintedFormat,
  secrets: readonly NamedValue[],
  title: string,
): { contentType: string; body: string } {
  const printer = printers[format];
  return { contentType: printer.contentType, body: printer.print(secrets, title) };
}
