import { UnreadableError } from "./document.ts";
import { findSecrets } from "./document-secrets.ts";
import { Findings, type ParsedSecret, type ParseFault } from "./findings.ts";
import type { ImportFormat } from "./format-names.ts";
import { parseDocker, parseEnv } from "./parse-env.ts";
import { readJson } from "./parse-json.ts";
import { readYaml } from "./parse-yaml.ts";

/** What a text says. */
export interface ParsedText {
  /** What it was read as; `k8s`: a Kubernetes Secret, in YAML or JSON. */
  format: Exclude<ImportFormat, "auto"> | "k8s";
  /** In the order of the text; each name is there once. */
  entries: ParsedSecret[];
  /** In the order of the lines. Where there are any, what is in `entries` is not all that was meant. */
  faults: ParseFault[];
}

/**
 * Reads the secrets of a text. Throws for none: what cannot be read is among the faults, with its line, and
 * no fault repeats a value. Whether the names and values can be secrets' is for others to say.
 */
export function parseSecrets(source: string, format: ImportFormat = "auto"): ParsedText {
  const text = source.replace(/^\ufeff/, "");
  const chosen = format === "auto" ? detectFormat(text) : format;
  const found = new Findings();
  if (format === "auto" && csvHeader.test(text)) {
    found.fault(1, "This is CSV, which is not read here. Export the secrets as JSON, YAML or .env.");
    return { format: chosen, entries: [], faults: found.faults };
  }
  const isManifest = read(text, chosen, found);
  const faults = found.faults.toSorted((a, b) => a.line - b.line);
  return { format: isManifest ? "k8s" : chosen, entries: found.entries, faults };
}

/** Returns whether the text is a Kubernetes manifest. */
function read(text: string, format: Exclude<ImportFormat, "auto">, found: Findings): boolean {
  if (format === "env") parseEnv(text, found);
  else if (format === "docker") parseDocker(text, found);
  else return readDocument(text, format, found);
  return false;
}

function readDocument(text: string, format: "json" | "yaml", found: Findings): boolean {
  try {
    const root = format === "json" ? readJson(text) : readYaml(text);
    return root !== undefined && findSecrets(root, found);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    for (const { line, message } of error.faults) found.fault(line, message);
    return false;
  }
}

/** What `infisical export --format=csv` begins with, and most other tables of secrets. */
const csvHeader = /^\s*"?(?:key|name|secret ?name)"?[,;]\s*"?(?:value|secret ?value)\b/i;
/** `NAME=`, which begins a value in a .env file and could only be part of a longer word in YAML. */
const envLine = /^\s*(?:export\s+)?[\w.-]+\s*=/;
/** `NAME:` with a space or nothing behind it, or the beginning of a document. */
const yamlLine = /^(?:---|%YAML|\s*(?:"[^"]*"|'[^']*'|[^\s:=#'"]+)\s*:(?:\s|$))/;

/**
 * A text that begins with a bracket is JSON. Of the others the first line decides that can only be one of
 * the two, .env or YAML; a text without such a line is read as .env, whose faults name each line.
 */
function detectFormat(text: string): "env" | "json" | "yaml" {
  if (/^\s*[{[]/.test(text)) return "json";
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf("\n", start) === -1 ? text.length : text.indexOf("\n", start);
    // Enough to see a name: a line may be as long as a value.
    const row = text.slice(start, Math.min(end, start + 1024));
    if (envLine.test(row)) return "env";
    if (yamlLine.test(row)) return "yaml";
    start = end + 1;
  }
  return "env";
}
