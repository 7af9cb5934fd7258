/**
 * The names of the formats, without what writes and reads them: whoever only offers a choice, such as the
 * help of a command, loads no YAML library for it.
 */

/** The values of `?format=`. `json` is the answer of the API itself and is not printed here. */
export const secretFormats = ["json", "env", "docker", "yaml", "map", "k8s"] as const;
export type SecretFormat = (typeof secretFormats)[number];

/** What `secretsfly export` offers: the formats of the API, and two that only a command has a use for. */
export const exportFormats = ["env", "docker", "json", "map", "yaml", "k8s", "github", "shell"] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** What a text with secrets can be read as; `auto` finds out. */
export const importFormats = ["auto", "env", "docker", "json", "yaml"] as const;
export type ImportFormat = (typeof importFormats)[number];
