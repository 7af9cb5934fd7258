import { InvalidArgumentError } from "commander";

/** What a secret can be called: POSIX.1-2017, 3.235. */
const secretName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What looks like a service token or a master key. */
const credential = /^sf(?:ly|mk)_/;

/** True for what the server takes as a name: a token that was pasted in the wrong place is none, and is not repeated. */
export function isSecretName(text: string): boolean {
  return secretName.test(text) && !credential.test(text);
}

/** Reads a list of names with commas between them, added to what earlier uses of the option named. */
export function nameList(list: string, earlier: readonly string[] = []): string[] {
  const names = list.split(",").map((name) => name.trim());
  if (!names.every(isSecretName)) {
    throw new InvalidArgumentError("Expected names with commas between them.");
  }
  return [...new Set([...earlier, ...names])];
}
