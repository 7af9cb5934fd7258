import type { Answer } from "./failed-answer.ts";
import type { ChangedSecret, Secret, SecretVersion, TokenInfo } from "./types.ts";

/**
 * Reads answers by hand: a schema library would cost more at the start of a program than the request itself.
 * Each function gives undefined for what is not as secretsfly answers.
 */

type Fields<Shape> = Partial<Record<keyof Shape, unknown>>;

/** The secrets of `GET /api/secrets`. */
export function readSecrets(answer: Answer): Secret[] | undefined {
  const { secrets } = readFields<{ secrets: unknown }>(answer);
  return Array.isArray(secrets) && secrets.every(isSecret) ? secrets : undefined;
}

/** The secret of `GET /api/secrets/NAME`. */
export function readSecretVersion(answer: Answer): SecretVersion | undefined {
  const secret = readFields<SecretVersion>(answer);
  const { version } = secret;
  if (!isSecret(secret) || !isNumber(version)) return undefined;
  const { id, name, value } = secret;
  return { id, name, value, version };
}

/** The answer to `PUT /api/secrets/NAME`. */
export function readWritten(answer: Answer): { id: number; name: string; version: number } | undefined {
  const { id, name, version } = readFields<ChangedSecret>(answer);
  return isNumber(id) && isText(name) && isNumber(version) ? { id, name, version } : undefined;
}

/** The answer to `PATCH /api/secrets`. */
export function readChanged(answer: Answer): ChangedSecret[] | undefined {
  const { secrets } = readFields<{ secrets: unknown }>(answer);
  return Array.isArray(secrets) && secrets.every(isChanged) ? secrets : undefined;
}

/** The answer to `GET /api/token`. */
export function readToken(answer: Answer): TokenInfo | undefined {
  const { name, project, environment, rights, expiresAt } = readFields<TokenInfo>(answer);
  const { id: projectId, name: projectName }: Fields<TokenInfo["project"]> = asObject(project);
  if (!isText(name) || !isText(environment) || !isNumber(projectId) || !isText(projectName)) return undefined;
  if (rights !== "read" && rights !== "write") return undefined;
  if (expiresAt !== null && !isText(expiresAt)) return undefined;
  return { name, project: { id: projectId, name: projectName }, environment, rights, expiresAt };
}

/** The strong form of an answer's ETag: a proxy that compresses weakens it, which does not make it another revision. */
export function readEtag({ headers }: Answer): string {
  return (headers.get("etag") ?? "").replace(/^W\//, "");
}

function readFields<Shape>({ body }: Answer): Fields<Shape> {
  try {
    return asObject(JSON.parse(body));
  } catch {
    return {};
  }
}

/** Printable ASCII without space and `=`: what an environment can hold and a terminal can show. */
const environmentName = /^[!-<>-~]+$/;

function isSecret(value: unknown): value is Secret {
  const { id, name, value: text }: Fields<Secret> = asObject(value);
  return isNumber(id) && isText(name) && environmentName.test(name) && isText(text);
}

const outcomes: readonly unknown[] = ["created", "changed", "deleted", "unchanged"];

function isChanged(value: unknown): value is ChangedSecret {
  const { id, name, version, outcome }: Fields<ChangedSecret> = asObject(value);
  if (!isNumber(id) || !isText(name) || !environmentName.test(name)) return false;
  return isNumber(version) && outcomes.includes(outcome);
}

const asObject = (value: unknown): object => (typeof value === "object" && value !== null ? value : {});
const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";
