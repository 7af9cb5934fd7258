import type { SecretPrinter } from "./printer.ts";

/** One JSON object (RFC 8259) from names to values. It can say every string. */
export const map: SecretPrinter = {
  contentType: "application/json",
  // fromEntries defines own properties, so that a secret named __proto__ is one too.
  print: (secrets) => JSON.stringify(Object.fromEntries(secrets.map(({ name, value }) => [name, value]))),
};
