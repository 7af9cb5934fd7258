import { CliError } from "./cli-error.ts";
import type { Environment } from "./environment.ts";
import { errorCode } from "./error-code.ts";
import { exitCodes } from "./exit-codes.ts";

const sources = ["SECRETSFLY_TOKEN", "SECRETSFLY_TOKEN_FILE", "SECRETSFLY_TOKEN_FD"] as const;

/** Far more than a token needs: what is longer is something else, and is not read to its end. */
const maxBytes = 4096;

/**
 * Reads the service token from where the environment says it is: in `SECRETSFLY_TOKEN` itself, in the file
 * `SECRETSFLY_TOKEN_FILE` (`-` is standard input), or in the open file `SECRETSFLY_TOKEN_FD`, which no command
 * inherits: Bun hands on none but 0, 1 and 2. White space around the token is not part of it.
 *
 * @throws CliError when there is none, more than one, or what is there is no service token
 */
export async function readToken(env: Environment): Promise<string> {
  const given = sources.filter((source) => env[source]);
  const [source] = given;
  if (source === undefined) {
    throw refuse(
      "SECRETSFLY_TOKEN is not set: it holds the service token to fetch with (SECRETSFLY_TOKEN_FILE names a file that does)",
    );
  }
  if (given.length > 1) throw refuse(`set one of ${given.join(" and ")}, not both: which token is meant?`);
  const token = (await readSource(source, env[source] ?? "")).trim();
  if (token === "") throw refuse(`${source} holds no service token: it is empty`);
  // Whatever else was put here (a master key, for one) is not sent anywhere.
  if (!/^sfly_[0-9A-Za-z_-]+$/.test(token)) throw refuse(`${source} is not a service token (sfly_…)`);
  return token;
}

async function readSource(source: (typeof sources)[number], value: string): Promise<string> {
  if (source === "SECRETSFLY_TOKEN") return value;
  if (source === "SECRETSFLY_TOKEN_FILE") return await readStart(source, value === "-" ? 0 : value);
  if (!/^\d{1,6}$/.test(value)) throw refuse(`${source} is not the number of an open file`);
  return await readStart(source, Number(value));
}

/** Not in one go and not synchronously: a pipe may have no end, and a signal has to be obeyed meanwhile. */
async function readStart(source: string, from: string | number): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    const file = typeof from === "number" ? Bun.file(from) : Bun.file(from);
    for await (const part of file.stream()) {
      parts.push(part);
      length += part.length;
      if (length > maxBytes) break;
    }
  } catch (error) {
    const code = errorCode(error);
    throw refuse(`${source} cannot be read (${code})`);
  }
  return Buffer.concat(parts).toString("utf8");
}

function refuse(message: string): CliError {
  return new CliError(message, exitCodes.usage);
}
