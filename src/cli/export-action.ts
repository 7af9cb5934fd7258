import type { Secret, SecretsflyClient } from "../client/index.ts";
import { printSecrets } from "../formats/print.ts";
import { UnprintableSecretError } from "../formats/printer.ts";
import { CliError } from "./cli-error.ts";
import type { ExportOptions } from "./command-options.ts";
import { connect } from "./connect.ts";
import { exitCodes } from "./exit-codes.ts";
import { appendToFile, replaceFile } from "./export-file.ts";
import { launchEnvironment } from "./launch-environment.ts";
import { writeNote, writeText } from "./output.ts";
import { isProtectedName } from "./protected-names.ts";

/** Formats whose text becomes the environment of what runs next. */
const environmentFormats: ReadonlySet<ExportOptions["format"]> = new Set(["env", "shell", "github"]);

/**
 * Prints all secrets in a format, to stdout or into a file.
 *
 * @throws CliError (1) for a secret that the format cannot hold and a file that cannot be written; RequestError
 */
export async function exportSecrets({ format, output, allow = [] }: ExportOptions): Promise<void> {
  const env = launchEnvironment();
  const client = await connect(env);
  const { secrets } = await client.list();
  const isLeftOut = ({ name }: Readonly<Secret>) =>
    environmentFormats.has(format) && isProtectedName(name) && !allow.includes(name);
  const kept = secrets.filter((secret) => !isLeftOut(secret));
  const text = await print(format, kept, client);
  const leftOut = secrets.filter(isLeftOut).map(({ name }) => name);
  if (leftOut.length > 0) {
    writeNote(`left out, as they decide what code runs (--allow NAME lets one in): ${leftOut.join(", ")}`);
  }
  if (format === "github" && env.GITHUB_ACTIONS === "true") await mask(kept);
  if (output === undefined || output === "-") await writeText(text);
  else if (format === "github") appendToFile(output, text);
  else replaceFile(output, text);
}

async function print(
  format: ExportOptions["format"],
  secrets: readonly Readonly<Secret>[],
  client: SecretsflyClient,
): Promise<string> {
  if (format === "json") return `${JSON.stringify({ secrets })}\n`;
  const title = format === "k8s" ? await titleOf(client) : "";
  try {
    const { body } = printSecrets(format, secrets, title);
    return body === "" || body.endsWith("\n") ? body : `${body}\n`;
  } catch (error) {
    if (!(error instanceof UnprintableSecretError)) throw error;
    throw new CliError(
      `the secret ${error.secretName} cannot be exported: ${error.reason}`,
      exitCodes.failure,
    );
  }
}

async function titleOf(client: SecretsflyClient): Promise<string> {
  const { project, environment } = await client.token();
  return `${project.name}-${environment}`;
}

/**
 * Has a runner of GitHub Actions mask values in the job's log. It reads commands from stderr as from stdout, where
 * the secrets themselves may go, and shows none of these. It masks line by line what it reads line by line.
 */
async function mask(secrets: readonly Readonly<Secret>[]): Promise<void> {
  const texts = secrets.flatMap(({ value }) => [value, ...value.split(/[\r\n]+/)]);
  const commands = [...new Set(texts)]
    .filter((text) => text.trim() !== "")
    .map((text) => `${maskCommand(text)}\n`);
  const { promise, resolve } = Promise.withResolvers<void>();
  process.stderr.write(commands.join(""), () => resolve());
  await promise;
}

/** The runner undoes these three. */
function maskCommand(text: string): string {
  const data = text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  return `::add-mask::${data}`;
}
