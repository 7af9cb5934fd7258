import { type DocumentNode, type DocumentPair, nodeNamed } from "./document.ts";
import type { Findings } from "./findings.ts";
import { translate } from "./foreign-documents.ts";

/**
 * Finds the secrets of a JSON or YAML document: a mapping of names to values, a list of names and values such
 * as the answer of this API, the manifest of a Kubernetes Secret, or what `translate` knows of other tools.
 *
 * @returns whether it is a Kubernetes manifest
 */
export function findSecrets(document: DocumentNode, found: Findings): boolean {
  const root = translate(document);
  if (root.kind === "map") return findInMap(root.pairs, found);
  const keys = root.kind === "list" ? listKeys(root.items) : undefined;
  if (root.kind === "list" && keys) readList(root.items, keys, found);
  else found.fault(root.line, root.kind === "refused" ? root.reason : "Names with values are expected here.");
  return false;
}

function findInMap(pairs: readonly DocumentPair[], found: Findings): boolean {
  if (isKubernetesSecret(pairs)) {
    readManifest(pairs, found);
    return true;
  }
  const [only] = pairs;
  if (pairs.length === 1 && only?.name === "secrets" && only.value.kind === "list")
    readList(only.value.items, apiKeys, found);
  else readPairs(pairs, found);
  return false;
}

function readPairs(pairs: readonly DocumentPair[], found: Findings, decode = asIs): void {
  for (const { name, line, value } of pairs) {
    if (found.isFull) return;
    const fault = value.kind === "text" ? undefined : valueFault(value);
    const text = value.kind === "text" ? decode(value.text) : undefined;
    if (fault !== undefined) found.fault(line, fault, name);
    else if (text === undefined) found.fault(line, "It is not base64 of text in UTF-8.", name);
    else found.add(name, text, line);
  }
}

function valueFault(value: Exclude<DocumentNode, { kind: "text" }>): string {
  switch (value.kind) {
    case "null":
      return 'It has no value. Write "" for an empty one.';
    case "refused":
      return value.reason;
    case "list":
      return "Its value is a list; a secret's is one text.";
    case "map":
      return "Its value has names of its own; a secret's is one text.";
  }
}

function asIs(text: string): string | undefined {
  return text;
}

/** What a list calls the name of a secret and its value. */
type ListKeys = readonly [name: string, value: string];

const apiKeys: ListKeys = ["name", "value"];
/** Infisical's are those of `infisical export --format=json` and of `infisical secrets --output json`. */
const knownListKeys: readonly ListKeys[] = [apiKeys, ["key", "value"], ["secretKey", "secretValue"]];

/** The keys of a list's first item; undefined where these are not a name's and a value's. */
function listKeys([first]: readonly DocumentNode[]): ListKeys | undefined {
  const names = first?.kind === "map" ? first.pairs.map((pair) => pair.name) : [];
  return knownListKeys.find((keys) => keys.every((key) => names.includes(key)));
}

/** What else a list says of a secret, such as its id, is not needed. */
function readList(items: readonly DocumentNode[], [nameKey, valueKey]: ListKeys, found: Findings): void {
  for (const item of items) {
    if (found.isFull) return;
    const pairs = item.kind === "map" ? item.pairs : [];
    const [name, value] = [nodeNamed(pairs, nameKey), nodeNamed(pairs, valueKey)];
    if (name?.kind === "text" && value) readPairs([{ name: name.text, line: name.line, value }], found);
    else found.fault(item.line, "A name and a value are expected in each of these.");
  }
}

function isKubernetesSecret(pairs: readonly DocumentPair[]): boolean {
  const text = (name: string) => {
    const value = nodeNamed(pairs, name);
    return value?.kind === "text" ? value.text : undefined;
  };
  return text("kind") === "Secret" && text("apiVersion") !== undefined;
}

/** The two mappings of a Kubernetes Secret, and what their values are written in. */
const manifestParts: ReadonlyMap<string, (text: string) => string | undefined> = new Map([
  ["data", decodeBase64],
  ["stringData", asIs],
]);

function readManifest(pairs: readonly DocumentPair[], found: Findings): void {
  for (const name of new Set(pairs.map((pair) => pair.name))) {
    const [decode, value] = [manifestParts.get(name), nodeNamed(pairs, name)];
    if (!decode || !value || value.kind === "null") continue;
    if (value.kind === "map") readPairs(value.pairs, found, decode);
    else if (value.kind === "refused") found.fault(value.line, value.reason, name);
    else found.fault(value.line, "Names with values are expected here.", name);
  }
}

/**
 * The text of `data`'s base64; undefined where it is none. A byte order mark is part of the text. Strict, so that one that
 * was cut off on its way is not taken for a shorter value.
 */
function decodeBase64(text: string): string | undefined {
  try {
    const bytes = Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
