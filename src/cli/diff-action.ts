import type { DiffOptions } from "./command-options.ts";
import { connect } from "./connect.ts";
import { exitCodes } from "./exit-codes.ts";
import { readSecretsText } from "./import-read.ts";
import { launchEnvironment } from "./launch-environment.ts";
import { expandReferences } from "./literal.ts";
import { visible, writeJson, writeText } from "./output.ts";

/** A name whose value is not the same on both sides. */
interface Difference {
  name: string;
  kind: "added" | "removed" | "changed";
  file: string | undefined;
  server: string | undefined;
}

/**
 * Prints how a file differs from what apps get, and sets the exit code: 1 where it does.
 *
 * @throws CliError (2) for a file that cannot be read, and RequestError
 */
export async function diffFile(path: string, options: DiffOptions): Promise<void> {
  const env = launchEnvironment();
  const { values } = await readSecretsText(path, options.format, env, exitCodes.usage);
  const client = await connect(env);
  const { secrets } = await client.list();
  const server = new Map(secrets.map(({ name, value }) => [name, value]));
  const file = options.literal ? values : expandReferences(values, server);
  const differences = compare(file, server);
  if (options.json) await writeJson(differences.map((difference) => toJson(difference, options)));
  else await writeText(differences.map((difference) => toText(difference, options)).join(""));
  if (differences.length > 0) process.exitCode = exitCodes.failure;
}

/** Sorted by name. */
function compare(file: ReadonlyMap<string, string>, server: ReadonlyMap<string, string>): Difference[] {
  const names = [...new Set([...file.keys(), ...server.keys()])].sort();
  return names.flatMap((name): Difference[] => {
    const sides = { file: file.get(name), server: server.get(name) };
    if (sides.file === sides.server) return [];
    const kind = sides.server === undefined ? "added" : sides.file === undefined ? "removed" : "changed";
    return [{ name, kind, ...sides }];
  });
}

const signs = { added: "+", removed: "-", changed: "~" } as const;

function toText({ name, kind, file, server }: Difference, { values }: DiffOptions): string {
  if (!values) return `${signs[kind]} ${name}\n`;
  if (kind !== "changed") return `${signs[kind]} ${name}=${visible(file ?? server ?? "")}\n`;
  return `~ ${name}\n    file:   ${visible(file ?? "")}\n    server: ${visible(server ?? "")}\n`;
}

function toJson({ name, kind, file, server }: Difference, { values }: DiffOptions): Partial<Difference> {
  return { name, kind, ...(values && { file, server }) };
}
