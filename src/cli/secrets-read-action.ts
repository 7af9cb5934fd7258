import { RequestError, type SecretsflyClient } from "../client/index.ts";
import { CliError } from "./cli-error.ts";
import type { GetOptions, ListOptions } from "./command-options.ts";
import { connect } from "./connect.ts";
import { exitCodes } from "./exit-codes.ts";
import { launchEnvironment } from "./launch-environment.ts";
import { isSecretName } from "./option-values.ts";
import { visible, visibleLines, writeJson, writeText } from "./output.ts";

/** Prints the names of all secrets, and the values if asked for. Throws CliError and RequestError. */
export async function listSecrets(options: ListOptions): Promise<void> {
  const client = await connect(launchEnvironment());
  const { secrets } = await client.list();
  if (options.json) {
    await writeJson(
      secrets.map(({ id, name, value }) => (options.values ? { id, name, value } : { id, name })),
    );
    return;
  }
  const width = Math.max(0, ...secrets.map(({ name }) => name.length));
  const rows = secrets.map(({ name, value }) =>
    options.values ? `${name.padEnd(width)}  ${visible(value)}`.trimEnd() : name,
  );
  await writeText(rows.map((row) => `${row}\n`).join(""));
}

/** Prints one value. Throws CliError (1) for a secret that is not there, (2) for what is no name, and RequestError. */
export async function getSecret(name: string, options: GetOptions): Promise<void> {
  if (!isSecretName(name)) {
    throw new CliError("the argument is no secret's name (letters, digits and _)", exitCodes.usage);
  }
  const client = await connect(launchEnvironment());
  const { id, value, version } = await client.get(name).catch(async (error: unknown) => {
    if (!(error instanceof RequestError) || error.failure !== "not-found") throw error;
    throw new CliError(`there is no secret ${name} here${await suggestion(client, name)}`, exitCodes.failure);
  });
  if (options.json) await writeJson({ id, name, value, version });
  else if (options.plain) await writeText(value);
  else await writeText(`${process.stdout.isTTY ? visibleLines(value) : value}\n`);
}

async function suggestion(client: SecretsflyClient, name: string): Promise<string> {
  const { secrets } = await client.list();
  // What is longer or shorter by more than this is not looked at: there may be thousands of long names.
  const furthest = Math.min(2, name.length / 3);
  const near = secrets
    .filter((secret) => Math.abs(secret.name.length - name.length) <= furthest)
    .map((secret) => ({ name: secret.name, distance: editDistance(name, secret.name) }))
    .filter((other) => other.distance <= furthest)
    .toSorted((a, b) => a.distance - b.distance)[0];
  return near ? `; did you mean ${near.name}?` : "";
}

function sharedStart(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return length;
}

/** Levenshtein's distance, case aside. */
function editDistance(one: string, other: string): number {
  const start = sharedStart(one, other);
  const [left, right] = [one.slice(start).toUpperCase(), other.slice(start).toUpperCase()];
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
