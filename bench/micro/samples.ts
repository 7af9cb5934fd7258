import { systemRandom } from "../../src/cryptography/bytes.ts";

/** A secret's name and value. */
interface ExampleSecret {
  name: string;
  value: string;
}

/** The sizes that are sealed and opened: a value, a view of 50 secrets, a large view. */
export const sizes = [
  { name: "32 B", bytes: 32 },
  { name: "3.5 KB", bytes: 3584 },
  { name: "100 KB", bytes: 102_400 },
] as const;

/**
 * As many secrets, with values of 32 random characters.
 *
 * @param withReferences every fifth value refers to two others
 */
export function exampleSecrets(count: number, withReferences = false): ExampleSecret[] {
  return Array.from({ length: count }, (_, i) => {
    const random = systemRandom(24).toBase64({ alphabet: "base64url" });
    const value = withReferences && i % 5 === 4 ? `\${${nameOf(i - 1)}}/\${${nameOf(i - 2)}}` : random;
    return { name: nameOf(i), value };
  });
}

const nameOf = (i: number) => `SECRET_${String(i).padStart(5, "0")}`;
