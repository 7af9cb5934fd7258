import { CliError } from "./cli-error.ts";
import type { CheckOptions } from "./command-options.ts";
import { connect } from "./connect.ts";
import { exitCodes } from "./exit-codes.ts";
import { launchEnvironment } from "./launch-environment.ts";
import { count, writeJson, writeNote, writeText } from "./output.ts";

/**
 * Tells which required secrets are missing, and sets the exit code: 1 where some are.
 *
 * @throws CliError (2) where nothing is required or the file cannot be read, and RequestError
 */
export async function checkRequired(options: CheckOptions): Promise<void> {
  const env = launchEnvironment();
  const inFile: string[] = [];
  if (options.requireFile !== undefined) {
    const { namesOfFile } = await import("./check-file.ts");
    inFile.push(...(await namesOfFile(options.requireFile, env)));
  }
  const required = [...new Set([...inFile, ...(options.require ?? [])])].sort();
  if (required.length === 0) {
    throw new CliError("nothing is required: name secrets by --require or --require-file", exitCodes.usage);
  }
  const client = await connect(env);
  const present = new Set((await client.list()).secrets.map(({ name }) => name));
  const missing = required.filter((name) => !present.has(name));
  if (missing.length > 0) process.exitCode = exitCodes.failure;
  if (options.json) {
    await writeJson({ required, missing });
  } else if (missing.length === 0) {
    await writeText(`all there: ${count(required.length, "secret")}\n`);
  } else {
    await writeText(missing.map((name) => `${name}\n`).join(""));
    writeNote(`${missing.length} of ${count(required.length, "secret")} missing`);
  }
}
