import type { ChangedSecret, SecretsflyClient } from "../client/index.ts";
import { CliError } from "./cli-error.ts";
import type { DeleteOptions, SetOptions } from "./command-options.ts";
import { connect } from "./connect.ts";
import type { Environment } from "./environment.ts";
import { exitCodes } from "./exit-codes.ts";
import { readStdin } from "./input.ts";
import { launchEnvironment } from "./launch-environment.ts";
import { literally } from "./literal.ts";
import { isSecretName } from "./option-values.ts";
import { visible, writeJson, writeText } from "./output.ts";
import { askHidden, canAsk, confirm } from "./prompt.ts";

/**
 * Creates or changes secrets, all or none, and says what became of each.
 *
 * @param assignments `NAME=VALUE`; one may be a bare `NAME`, whose value is read from stdin or asked for
 * @throws CliError (2) for what cannot be sent, before anything was, and RequestError
 */
export async function setSecrets(assignments: readonly string[], options: SetOptions): Promise<void> {
  const env = launchEnvironment();
  const bare = readNames(assignments);
  if (options.note !== undefined && assignments.length > 1) {
    throw new CliError("--note is for one secret", exitCodes.usage);
  }
  const client = await connect(env);
  const values = new Map<string, string>();
  for (const assignment of assignments) {
    const equals = assignment.indexOf("=");
    const name = equals === -1 ? assignment : assignment.slice(0, equals);
    const value = name === bare ? await readValue(name, options, env) : assignment.slice(equals + 1);
    requireStorable(name, value);
    values.set(name, options.literal ? literally(value) : value);
  }
  const changed =
    options.note === undefined
      ? (await client.change({ set: Object.fromEntries(values) })).secrets
      : [await setWithNote(client, values, options.note)];
  await tell(changed, options);
}

/** Checks the names, and returns the one without a value. No message repeats an argument: it may be a value. */
function readNames(assignments: readonly string[]): string | undefined {
  const names = assignments.map((assignment) => assignment.split("=", 1)[0] ?? "");
  names.forEach((name, index) => {
    if (isSecretName(name)) return;
    const message = `argument ${index + 1} is neither NAME nor NAME=VALUE (a name has letters, digits and _)`;
    throw new CliError(message, exitCodes.usage);
  });
  const bare = assignments.filter((assignment) => !assignment.includes("="));
  if (bare.length > 1) {
    throw new CliError("only one secret's value can be read from stdin: write NAME=VALUE", exitCodes.usage);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new CliError(`${twice} is there twice`, exitCodes.usage);
  return bare[0];
}

async function readValue(name: string, options: SetOptions, env: Environment): Promise<string> {
  const text = canAsk() ? await askHidden(`Value of ${name} (not shown): `) : await readStdin(env);
  // Where nobody gives a value, in a cron job or behind a command that failed, a secret must not become empty.
  if (text === "") throw new CliError(`no value was given (${name}= sets an empty one)`, exitCodes.usage);
  return options.keepNewline ? text : text.replace(/\r?\n$/, "");
}

function requireStorable(name: string, value: string): void {
  if (!value.includes("\0")) return;
  throw new CliError(
    `the value of ${name} holds a NUL character, which no environment variable can`,
    exitCodes.usage,
  );
}

/** Only the request for one secret takes a note. What it does is seen by the version that was there before. */
async function setWithNote(
  client: SecretsflyClient,
  values: ReadonlyMap<string, string>,
  note: string,
): Promise<ChangedSecret> {
  const [[name, value] = ["", ""]] = values;
  const [planned] = (await client.change({ set: { [name]: value } }, { dryRun: true })).secrets;
  const { id, version, created } = await client.set(name, value, { note });
  const before = planned?.outcome === "unchanged" ? planned.version : (planned?.version ?? 0) - 1;
  const outcome = created ? "created" : version === before ? "unchanged" : "changed";
  return { id, name, version, outcome };
}

/**
 * Deletes secrets, all or none, after a question on a terminal.
 *
 * @throws CliError when it was not confirmed, and RequestError
 */
export async function deleteSecrets(names: readonly string[], options: DeleteOptions): Promise<void> {
  if (!names.every(isSecretName)) {
    throw new CliError("an argument is no secret's name (letters, digits and _)", exitCodes.usage);
  }
  const unique = [...new Set(names)];
  const client = await connect(launchEnvironment());
  if (!options.yes) await requireConsent(client, unique);
  await tell((await client.change({ delete: unique })).secrets, options);
}

async function requireConsent(client: SecretsflyClient, names: readonly string[]): Promise<void> {
  if (!canAsk()) {
    throw new CliError("without a terminal, --yes is needed to delete secrets", exitCodes.usage);
  }
  const { project, environment } = await client.token();
  if (await confirm(`Delete ${names.join(", ")} of ${visible(project.name)}, ${environment}?`)) return;
  throw new CliError("nothing was deleted", exitCodes.failure);
}

async function tell(changed: readonly ChangedSecret[], options: { json?: true }): Promise<void> {
  if (options.json) {
    await writeJson(changed.map(({ id, name, version, outcome }) => ({ id, name, version, outcome })));
    return;
  }
  await writeText(changed.map(({ outcome, name }) => `${outcome} ${name}\n`).join(""));
}
