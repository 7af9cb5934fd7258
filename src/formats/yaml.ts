import { type NamedValue, requireUnicode, requireVariableName, type SecretPrinter } from "./printer.ts";
import { printYaml } from "./yaml-document.ts";

/** A YAML mapping from names to strings, which readers of YAML 1.1 and of YAML 1.2 read alike. */
export const yaml: SecretPrinter = {
  contentType: "application/yaml",
  print: (secrets) => printYaml(secrets.map(entry)),
};

function entry(secret: NamedValue): [string, string] {
  requireVariableName(secret);
  requireUnicode(secret);
  return [secret.name, secret.value];
}
