import type { DocumentedOperation } from "../api/openapi.ts";

/** A word as a POSIX shell takes it, whatever is in it. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * A command that does an operation, for curl and any POSIX shell. The service token is read from SECRETSFLY_TOKEN and
 * handed over on standard input, so that it does not show in the list of processes.
 *
 * @param origin of the server, e.g. `http://localhost:3000`
 * @param method in small letters, as OpenAPI has it
 * @param path with its parameters in braces; each stands for its example
 */
export function curlCommand(
  origin: string,
  method: string,
  path: string,
  operation: DocumentedOperation,
): string {
  const examples = new Map(operation.parameters?.map(({ name, example }) => [name, String(example)]));
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(examples.get(name) ?? ""),
  );
  const body = Object.entries(operation.requestBody?.content ?? {})[0];
  const isStream = Object.values(operation.responses).some(({ content }) => content?.["text/event-stream"]);
  const parts = [
    "curl",
    ...(isStream ? ["--no-buffer"] : []),
    ...(method === "get" ? [] : [`--request ${method.toUpperCase()}`]),
    ...(operation.security.length > 0 ? ["--header @-"] : []),
    ...(body ? [`--header ${quoted(`Content-Type: ${body[0]}`)}`] : []),
  ];
  const lines = [
    ...(operation.security.length > 0 ? [`printf 'Authorization: Bearer %s' "$SECRETSFLY_TOKEN" |`] : []),
    ...(body
      ? [`${parts.join(" ")} \\`, `  --data ${quoted(JSON.stringify(body[1].example))} \\`]
      : [`${parts.join(" ")} \\`]),
    `  ${quoted(origin + filled)}`,
  ];
  return lines.join("\n");
}
