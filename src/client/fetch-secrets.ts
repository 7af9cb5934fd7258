import { connectionFailure } from "./connection-failure.ts";
import { answerFailure } from "./failed-answer.ts";
import { FetchSecretsError } from "./fetch-secrets-error.ts";

/** One secret of `GET /api/secrets`. */
export interface FetchedSecret {
  id: number;
  name: string;
  value: string;
}

export interface FetchSecretsOptions {
  /** From `normaliseApiBaseUrl`. */
  apiBaseUrl: string;
  token: string;
  /** Milliseconds for the whole answer; 10,000 unless told. */
  timeoutMs?: number;
}

/**
 * Fetches all secrets of the token's project and environment. Uses nothing but `fetch`, so that it runs on
 * Bun and on Node 20 and later. The token goes to the given address only: no redirect is followed.
 *
 * @returns the secrets in the server's order
 * @throws FetchSecretsError saying what went wrong, without the token or a value
 */
export async function fetchSecrets(options: FetchSecretsOptions): Promise<FetchedSecret[]> {
  const { apiBaseUrl, token, timeoutMs = 10_000 } = options;
  const url = `${apiBaseUrl}/secrets`;
  const { response, body } = await request(url, token, timeoutMs);
  if (response.status !== 200) {
    throw answerFailure({ status: response.status, headers: response.headers, body }, url, token);
  }
  const secrets = parseSecrets(body);
  if (secrets === undefined) {
    const message = `${url} does not answer as secretsfly does. Is SECRETSFLY_API_BASE_URL right, or a proxy in between?`;
    throw new FetchSecretsError("unexpected", message, 200);
  }
  return secrets;
}

async function request(
  url: string,
  token: string,
  timeoutMs: number,
): Promise<{ response: Response; body: string }> {
  try {
    const response = await fetch(url, {
      headers: { Accept: "application/json", Authorization: `Bearer ${token}` },
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { response, body: await response.text() };
  } catch (error) {
    throw connectionFailure(error, url, token, timeoutMs);
  }
}

/** Checked by hand: a schema library would cost more at the start than the fetch itself. */
function parseSecrets(body: string): FetchedSecret[] | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof answer !== "object" || answer === null || !("secrets" in answer)) return undefined;
  const { secrets } = answer;
  return Array.isArray(secrets) && secrets.every(isSecret) ? secrets : undefined;
}

/** Printable ASCII without space and `=`: what an environment can hold and a terminal can show. */
const environmentName = /^[!-<>-~]+$/;

function isSecret(value: unknown): value is FetchedSecret {
  if (typeof value !== "object" || value === null) return false;
  const { id, name, value: text }: Partial<Record<keyof FetchedSecret, unknown>> = value;
  return (
    typeof id === "number" &&
    typeof name === "string" &&
    environmentName.test(name) &&
    typeof text === "string"
  );
}
