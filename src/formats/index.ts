import { docker } from "./docker.ts";
import { env } from "./env.ts";
import { k8s } from "./k8s.ts";
import { map } from "./map.ts";
import type { NamedValue, SecretPrinter } from "./printer.ts";
import { yaml } from "./yaml.ts";

export { type ImportFormat, importFormats, type ParsedText, parseSecrets } from "./parse.ts";
export { type NamedValue, UnprintableSecretError } from "./printer.ts";

/** The values of `?format=`. `json` is the answer of the API itself and is not printed here. */
export const secretFormats = ["json", "env", "docker", "yaml", "map", "k8s"] as const;
export type SecretFormat = (typeof secretFormats)[number];

const printers: Record<Exclude<SecretFormat, "json">, SecretPrinter> = { env, docker, yaml, map, k8s };

/**
 * Writes secrets in a format, in the order given. What is written is read back exactly, or refused.
 *
 * @param format one of `secretFormats` except `json`
 * @param secrets names and values; names are unique
 * @param title what the secrets belong to, e.g. `shop-api-prod`; `k8s` names its manifest after it
 * @returns the media type and the text
 * @throws UnprintableSecretError for the first secret that the format cannot say
 */
export function printSecrets(
  format: Exclude<SecretFormat, "json">,
  secrets: readonly NamedValue[],
  title: string,
): { contentType: string; body: string } {
  const printer = printers[format];
  return { contentType: printer.contentType, body: printer.print(secrets, title) };
}
