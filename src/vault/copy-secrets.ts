import { invalid, notFound } from "../errors.ts";
import type { Environment } from "./environments.ts";
import { nameFault } from "./secret-input.ts";
import { type ChangedSecret, changeSecrets } from "./secrets.ts";
import { type UnlockedRoot, unlockEnvironment, type WritableEnvironment } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import { openSource, type RawSecret, readView, visibleSecrets } from "./views.ts";

/**
 * Copies secrets that are visible in another environment of the same project into this one, which lacks them, all or
 * none: values and notes as they were written there, as secrets of this project's own. Both environments are read
 * inside of the write, so neither a value nor a name that came meanwhile is overwritten or left behind.
 *
 * Throws SecretsflyError `invalid` for `names` or `from`: a name that the other environment does not have, one that
 * this one has, and references that would not resolve here; `not-found`, `too-large` as any write.
 */
export async function copySecrets(
  vault: Vault,
  root: UnlockedRoot,
  to: WritableEnvironment,
  from: Environment,
  names: readonly string[],
): Promise<ChangedSecret[]> {
  if (from.id === to.environment.id) throw invalid("from", "Choose two different environments.");
  if (names.length === 0) throw invalid("names", "Tick the secrets to copy.");
  for (const name of names) {
    const fault = nameFault(name);
    if (fault) throw invalid("names", fault);
  }
  const wanted = new Set(names);
  return changeSecrets(vault, to, async (tree, here) => {
    const present = new Set(visibleSecrets(here).map(({ name }) => name));
    const taken = [...wanted].filter((name) => present.has(name));
    if (taken.length > 0) throw refused(taken, `already in ${to.environment.name}`);

    const view = await readView(vault, to.projectId, from);
    if (!view) throw notFound("environment in this project");
    const there = await openSource(await unlockEnvironment(vault, root, tree, to.projectId, from), view);
    const found = new Map<string, RawSecret>(visibleSecrets(there).map((secret) => [secret.name, secret]));
    const unknown = [...wanted].filter((name) => !found.has(name));
    if (unknown.length > 0) throw refused(unknown, `not in ${from.name}`);

    return [...wanted].flatMap((name) => {
      const secret = found.get(name);
      return secret ? [{ kind: "set", name, value: secret.value, note: secret.note }] : [];
    });
  });
}

/** As many names as a message tells. */
const toldNames = 10;

function refused(names: readonly string[], why: string) {
  const told = names.slice(0, toldNames).join(", ");
  const rest = names.length > toldNames ? ` and ${names.length - toldNames} more` : "";
  return invalid("names", `Nothing was copied: ${told}${rest} ${names.length === 1 ? "is" : "are"} ${why}.`);
}
