import { type DocumentNode, type DocumentPair, nodeNamed } from "./document.ts";

/**
 * What the commands of other secrets managers print, as the mapping of names to values that is in it:
 *
 * - Vault and OpenBao: `vault kv get -format=json` and `-format=yaml`, of both versions of its KV engine
 * - Doppler: `doppler secrets --json`, where each name has its `computed` value
 *
 * A document is theirs only if it could not be read as names and values anyway, because what is looked for
 * is a mapping where a value should be. So a secret may be called `data` or `computed` like any other.
 *
 * @returns the document as it is when it is none of these
 */
export function translate(root: DocumentNode): DocumentNode {
  if (root.kind !== "map") return root;
  if (isVaultAnswer(root.pairs)) return vaultSecrets(root.pairs) ?? root;
  if (root.pairs.length > 0 && root.pairs.every(isDopplerSecret))
    return { ...root, pairs: root.pairs.map(dopplerSecret) };
  return root;
}

/** What every answer of Vault's API has beside its `data`. */
const vaultFields = ["request_id", "lease_id", "lease_duration", "renewable"];

function isVaultAnswer(pairs: readonly DocumentPair[]): boolean {
  return vaultFields.every((name) => nodeNamed(pairs, name) !== undefined);
}

/** In version 1 `data` holds the secrets; in version 2 it holds `data`, which does, and `metadata`. */
function vaultSecrets(pairs: readonly DocumentPair[]): DocumentNode | undefined {
  const data = nodeNamed(pairs, "data");
  if (data?.kind === "null") return nothingInVault(data.line);
  if (data?.kind !== "map") return undefined;
  const inner = nodeNamed(data.pairs, "data");
  const metadata = nodeNamed(data.pairs, "metadata");
  const isVersion2 = data.pairs.length === 2 && isMapOrNull(inner) && isMapOrNull(metadata);
  if (!isVersion2) return data;
  return inner?.kind === "null" ? nothingInVault(inner.line) : inner;
}

function nothingInVault(line: number): DocumentNode {
  return { kind: "refused", line, reason: "Vault says that nothing is here: this version was deleted." };
}

function isMapOrNull(node: DocumentNode | undefined): boolean {
  return node?.kind === "map" || node?.kind === "null";
}

function isDopplerSecret({ value }: DocumentPair): boolean {
  return value.kind === "map" && nodeNamed(value.pairs, "computed") !== undefined;
}

function dopplerSecret(pair: DocumentPair): DocumentPair {
  const value = pair.value.kind === "map" ? nodeNamed(pair.value.pairs, "computed") : undefined;
  if (value === undefined) return pair;
  if (value.kind !== "null") return { ...pair, value };
  const reason = "Doppler did not tell its value: it is restricted there.";
  return { ...pair, value: { kind: "refused", line: pair.line, reason } };
}
