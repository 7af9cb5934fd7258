/** A secret of secretsfly. */
export interface SourceSecret {
  name: string;
  value: string;
}

/** What is to be written at GitHub. */
export interface SecretToWrite {
  /** At GitHub: in capitals, with the prefix. */
  name: string;
  /** In secretsfly. */
  source: string;
  value: string;
}

/** One change at GitHub. */
export type SyncStep =
  | ({ kind: "create" } & SecretToWrite)
  | ({ kind: "update" } & SecretToWrite)
  | { kind: "delete"; name: string };

/** GitHub cannot hold what it should. The message names secrets and no value. */
export class SyncRefusal extends Error {
  override readonly name = "SyncRefusal";
}

/** "Limits for secrets" in GitHub's secrets reference: 100 a repository, 100 an environment, 48 KB each. */
const maxSecrets = 100;
const maxValueBytes = 48 * 1024;

/** Why GitHub does not take a name, which is in capitals already; undefined where it does. */
export function gitHubNameFault(name: string): string | undefined {
  if (name.startsWith("GITHUB_")) return "GitHub keeps names that begin with GITHUB_ for itself";
  if (/^\d/.test(name)) return "a name at GitHub does not begin with a digit";
  if (!/^[A-Z0-9_]+$/.test(name)) return "a name at GitHub has letters, digits and _ only";
  return undefined;
}

/**
 * What each secret will be at GitHub, which keeps all names in capitals.
 *
 * @throws SyncRefusal naming every secret that GitHub cannot hold, so that nothing is written halfway
 */
export function secretsForGitHub(secrets: readonly SourceSecret[], prefix: string): SecretToWrite[] {
  const writes = secrets.map(({ name, value }) => ({
    name: (prefix + name).toUpperCase(),
    source: name,
    value,
  }));
  const sources = Map.groupBy(writes, ({ name }) => name);
  const faults = writes.flatMap(({ name, source, value }) => {
    const twins = (sources.get(name) ?? []).filter((other) => other.source !== source);
    const reasons = [gitHubNameFault(name), valueFault(value)];
    if (twins.length > 0) {
      reasons.push(`GitHub keeps names in capitals, so ${twins[0]?.source} would be the same as this one`);
    }
    return reasons.filter((reason) => reason !== undefined).map((reason) => `${source}: ${reason}`);
  });
  if (faults.length > 0) {
    throw new SyncRefusal(
      `GitHub cannot hold every secret; nothing was written.\n  ${faults.join("\n  ")}\n` +
        "  --skip NAMES leaves secrets out, --prefix gives them other names.",
    );
  }
  return writes;
}

function valueFault(value: string): string | undefined {
  if (value === "") return "GitHub takes no empty value";
  if (!value.isWellFormed()) return "the value is not Unicode text (half a surrogate pair)";
  const bytes = Buffer.byteLength(value);
  return bytes > maxValueBytes
    ? `the value has ${bytes} bytes; GitHub takes ${maxValueBytes} at most`
    : undefined;
}

/**
 * The changes that make GitHub's secrets what they should be. GitHub tells no values, so what is there
 * already is written again.
 *
 * @param existing the names that are at GitHub now
 * @param prune which of the other names at GitHub are to be deleted
 * @returns writes before deletions, so that a fault in between takes nothing away; the other way round where
 *   there would be no room otherwise
 * @throws SyncRefusal when there is no room for all of them
 */
export function planSync(
  writes: readonly SecretToWrite[],
  existing: readonly string[],
  prune: (name: string) => boolean,
): SyncStep[] {
  const there = new Set(existing.map((name) => name.toUpperCase()));
  const wanted = new Set(writes.map(({ name }) => name));
  const deletions = existing.filter((name) => !wanted.has(name.toUpperCase()) && prune(name.toUpperCase()));
  const together = new Set([...there, ...wanted]).size;
  if (together - deletions.length > maxSecrets) {
    throw new SyncRefusal(
      `GitHub holds ${maxSecrets} secrets in one place, and with these there would be ${together - deletions.length}; ` +
        "nothing was written. --skip NAMES leaves secrets out",
    );
  }
  const writeSteps = writes.map((write) => ({
    kind: there.has(write.name) ? ("update" as const) : ("create" as const),
    ...write,
  }));
  const deleteSteps = deletions.map((name) => ({ kind: "delete" as const, name }));
  return together > maxSecrets ? [...deleteSteps, ...writeSteps] : [...writeSteps, ...deleteSteps];
}
