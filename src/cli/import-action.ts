import { type ChangedSecret, RequestError, type SecretsflyClient } from "../client/index.ts";
import type { ImportOptions } from "./command-options.ts";
import { connect } from "./connect.ts";
import { exitCodes } from "./exit-codes.ts";
import { type ReadText, readSecretsText } from "./import-read.ts";
import { launchEnvironment } from "./launch-environment.ts";
import { literally } from "./literal.ts";
import { count, writeJson, writeText } from "./output.ts";

/** Names by what became of them, each list sorted. */
interface Outcome {
  created: string[];
  changed: string[];
  unchanged: string[];
}

/**
 * Writes the secrets of a file, all or none, and says what became of them.
 *
 * @throws CliError (1) with every fault of the file, before anything was sent; RequestError
 */
export async function importFile(path: string, options: ImportOptions): Promise<void> {
  const env = launchEnvironment();
  const read = await readSecretsText(path, options.format, env, exitCodes.failure);
  if (options.literal) {
    for (const [name, value] of read.values) read.values.set(name, literally(value));
  }
  const client = await connect(env);
  const outcome = await write(client, read.values, options.dryRun ?? false);
  if (options.json) {
    const { format, skipped } = read;
    await writeJson({ dryRun: options.dryRun ?? false, format, ...outcome, skipped });
  } else {
    await writeText(report(outcome, read, options));
  }
}

/** How often others may be faster. */
const maxAttempts = 5;

/** Writes what apps do not get already, under the condition that this is still so when it is written. */
async function write(
  client: SecretsflyClient,
  values: ReadonlyMap<string, string>,
  dryRun: boolean,
): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    const { etag, secrets } = await client.list();
    const present = new Map(secrets.map(({ name, value }) => [name, value]));
    // One that refers to others is for the server to compare, as it is written.
    const wanted = [...values].filter(
      ([name, value]) => literally(present.get(name) ?? "") !== value || !present.has(name),
    );
    if (wanted.length === 0) return outcomeOf(values, []);
    try {
      const changes = { set: Object.fromEntries(wanted) };
      const changed = await client.change(changes, dryRun ? { dryRun } : { ifMatch: etag });
      return outcomeOf(values, changed.secrets);
    } catch (error) {
      if (!(error instanceof RequestError) || error.failure !== "conflict" || attempt === maxAttempts) {
        throw error;
      }
    }
  }
}

function outcomeOf(values: ReadonlyMap<string, string>, changed: readonly ChangedSecret[]): Outcome {
  const known = new Map(changed.map(({ name, outcome }) => [name, outcome]));
  const names = [...values.keys()].sort();
  return {
    created: names.filter((name) => known.get(name) === "created"),
    changed: names.filter((name) => known.get(name) === "changed"),
    unchanged: names.filter((name) => (known.get(name) ?? "unchanged") === "unchanged"),
  };
}

function report(outcome: Outcome, read: ReadText, { dryRun }: ImportOptions): string {
  const { created, changed, unchanged } = outcome;
  const lines = [
    ...created.map((name) => `${dryRun ? "would create" : "created"} ${name}`),
    ...changed.map((name) => `${dryRun ? "would change" : "changed"} ${name}`),
  ];
  const numbers = `${created.length} created, ${changed.length} changed, ${unchanged.length} unchanged`;
  const ending = dryRun ? `${numbers}; nothing was written (--dry-run)` : numbers;
  return `${[...lines, `${count(read.values.size, "secret")}: ${ending}`].join("\n")}\n`;
}
