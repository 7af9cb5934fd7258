import { Document, Pair, Scalar, YAMLMap } from "yaml";

/** A mapping in the order given. Pairs, not an object, so that `__proto__` is a name like any other. */
export type YamlEntries = readonly (readonly [string, string | YamlEntries])[];

/**
 * Writes a mapping whose strings YAML 1.1 and 1.2 readers agree on: every value is double-quoted, so that
 * `NO`, `1e3` and `2024-01-01` stay strings; names are quoted where a YAML 1.1 reader would see a boolean
 * or null.
 *
 * @param entries names (ASCII) and values (any well-formed string)
 */
export function printYaml(entries: YamlEntries): string {
  const document = new Document(mapping(entries), { compat: "yaml-1.1" });
  // One line a value: JSON's escapes are a subset of YAML's, and folded lines are where readers differ.
  return escapeUnprintable(document.toString({ lineWidth: 0, doubleQuotedAsJSON: true }));
}

function mapping(entries: YamlEntries): YAMLMap {
  const map = new YAMLMap();
  for (const [name, value] of entries) {
    map.items.push(new Pair(new Scalar(name), typeof value === "string" ? quoted(value) : mapping(value)));
  }
  return map;
}

function quoted(value: string): Scalar {
  const scalar = new Scalar(value);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}

/**
 * Characters that JSON leaves as they are, and YAML calls unprintable (5.1) or, in 1.1, line breaks. They
 * can only stand inside double quotes here, where \u says them.
 */
const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function escapeUnprintable(text: string): string {
  return text.replace(unprintable, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
