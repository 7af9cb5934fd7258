/** A mapping in the order given. Pairs, not an object, so that `__proto__` is a name like any other. */
export type YamlEntries = readonly (readonly [string, string | YamlEntries])[];

/**
 * Writes a mapping whose strings YAML 1.1 and 1.2 readers agree on: every value is double-quoted and on one line, so
 * that `NO`, `1e3` and `2024-01-01` stay strings. Written by hand, because to load a YAML library takes longer than
 * everything else that an export does.
 *
 * @param entries names (at most 1024 characters, which is YAML's limit) and values (any well-formed string)
 */
export function printYaml(entries: YamlEntries): string {
  if (entries.length === 0) return "{}\n";
  return linesOf(entries, "")
    .map((line) => `${line}\n`)
    .join("");
}

function linesOf(entries: YamlEntries, indentation: string): string[] {
  return entries.flatMap(([name, value]) => {
    const start = `${indentation}${key(name)}:`;
    if (typeof value === "string") return [`${start} ${quoted(value)}`];
    return value.length === 0 ? [`${start} {}`] : [start, ...linesOf(value, `${indentation}  `)];
  });
}

/** A word that no reader takes for anything else. */
const plain = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** What some reader of YAML 1.1 or 1.2 takes for a boolean, for null, or for a number (`e0`). */
const misread = /^(?:y|yes|true|on|n|no|false|off|null|e\d+)$/i;

function key(name: string): string {
  return plain.test(name) && !misread.test(name) ? name : quoted(name);
}

/**
 * Characters that JSON leaves as they are, and YAML calls unprintable (5.1) or, in 1.1, line breaks. They
 * can only stand inside double quotes here, where \u says them.
 */
const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** JSON's escapes are a subset of YAML's. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    unprintable,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
