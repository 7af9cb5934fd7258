import { type NamedValue, requireUnicode, type SecretPrinter, UnprintableSecretError } from "./printer.ts";
import { printYaml } from "./yaml-document.ts";

/** A Kubernetes manifest for `kubectl apply -f -`: one `v1` Secret of type Opaque. */
export const k8s: SecretPrinter = {
  contentType: "application/yaml",
  print(secrets, title) {
    requireFittingSize(secrets);
    return printYaml([
      ["apiVersion", "v1"],
      ["kind", "Secret"],
      ["metadata", [["name", resourceName(title)]]],
      ["type", "Opaque"],
      ["data", secrets.map(dataEntry)],
    ]);
  },
};

/** Kubernetes' rule for the keys of `data`. */
const dataKey = /^[-._a-zA-Z0-9]{1,253}$/;
/** MaxSecretSize of the Kubernetes API: the sum of all values, before base64. */
const maxDataBytes = 1024 * 1024;

function dataEntry(secret: NamedValue): [string, string] {
  requireUnicode(secret);
  if (!dataKey.test(secret.name))
    throw new UnprintableSecretError(secret.name, "Kubernetes does not accept its name");
  return [secret.name, Buffer.from(secret.value, "utf8").toString("base64")];
}

function requireFittingSize(secrets: readonly NamedValue[]): void {
  let bytes = 0;
  for (const { name, value } of secrets) {
    bytes += Buffer.byteLength(value);
    if (bytes > maxDataBytes) {
      throw new UnprintableSecretError(
        name,
        `with it the values exceed the ${maxDataBytes} bytes of one Kubernetes Secret`,
      );
    }
  }
}

/** A DNS-1123 label chain without dots: lower-case letters, digits and inner hyphens, 1 to 253 characters. */
function resourceName(title: string): string {
  const name = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 253)
    .replace(/^-|-$/g, "");
  return name || "secretsfly";
}
