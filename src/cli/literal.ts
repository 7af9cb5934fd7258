import { resolveReferences } from "../vault/references.ts";

/**
 * Writes a value so that nothing in it is a reference to another secret: `$${` stands for `${`. Apps get the value as
 * it was.
 */
export function literally(value: string): string {
  return value.replaceAll("${", () => "$${");
}

/** Of all values that references are replaced in: more than the server allows. */
const maxExpandedBytes = 64 * 1024 * 1024;

/**
 * What apps would get of values once they are written: references are replaced by the values of the same text, or
 * else by those that are there. What does not resolve stays as it was written.
 *
 * @param written names to values as somebody wrote them
 * @param present names to values as apps get them now
 */
export function expandReferences(
  written: ReadonlyMap<string, string>,
  present: ReadonlyMap<string, string>,
): Map<string, string> {
  const raw = new Map([...present].map(([name, value]) => [name, literally(value)]));
  for (const [name, value] of written) raw.set(name, value);
  const { values } = resolveReferences(raw, maxExpandedBytes);
  return new Map([...written].map(([name, value]) => [name, values.get(name) ?? value]));
}
