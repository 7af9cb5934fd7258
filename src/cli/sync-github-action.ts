import { version } from "../../package.json" with { type: "json" };
import { isLoopback } from "../client/api-base-url.ts";
import { ActionsSecrets } from "../github/actions-secrets.ts";
import { GitHubError } from "../github/github-error.ts";
import { gitHubRequest } from "../github/request.ts";
import {
  planSync,
  type SecretToWrite,
  type SourceSecret,
  SyncRefusal,
  type SyncStep,
  secretsForGitHub,
} from "../github/sync-plan.ts";
import { CliError } from "./cli-error.ts";
import { bypassProxyForLoopback } from "./connection-settings.ts";
import type { Environment } from "./environment.ts";
import { exitCodes } from "./exit-codes.ts";
import { launchEnvironment } from "./launch-environment.ts";
import { count, visible, writeJson, writeNote, writeText } from "./output.ts";
import { canAsk, confirm } from "./prompt.ts";
import type { SyncGitHubOptions } from "./sync-github-options.ts";
import {
  planDocument,
  planText,
  resultDocument,
  resultLine,
  type SyncResult,
  stoppedMessage,
  summaryLine,
} from "./sync-github-report.ts";
import { readSyncSettings, type SyncSettings } from "./sync-github-settings.ts";

/** What the command finds around it. */
export interface SyncSurroundings {
  env: Environment;
  /** The service token's secrets. */
  listSecrets(): Promise<readonly SourceSecret[]>;
  writeText(text: string): Promise<void>;
  writeJson(value: unknown): Promise<void>;
  /** One line beside the data. */
  writeNote(message: string): void;
  /** Asks the person at the terminal; undefined where there is none. */
  confirm: ((question: string) => Promise<boolean>) | undefined;
  /** Waits, in milliseconds. */
  pause(milliseconds: number): Promise<void>;
  /** Milliseconds since 1970. */
  now(): number;
}

/** GitHub asks for a second between changes where there are many. It allows 80 in a minute. */
const manySteps = 50;
const stepPauseMs = 1000;

/**
 * `secretsfly sync github`: makes GitHub's Actions secrets what secretsfly's are. Everything that can be
 * refused is refused before the first write.
 *
 * @throws CliError, saying what was written where it stopped halfway
 */
export async function syncGitHub(
  repository: string,
  options: SyncGitHubOptions,
  surroundings: SyncSurroundings = realSurroundings(),
): Promise<void> {
  const settings = readSyncSettings(repository, options, surroundings.env);
  if (options.prune && !options.yes && !options.dryRun && surroundings.confirm === undefined) {
    throw new CliError("--prune needs --yes where nobody can be asked, or --dry-run", exitCodes.usage);
  }
  try {
    const secrets = await surroundings.listSecrets();
    const { skip = [] } = options;
    const writes = secretsForGitHub(
      secrets.filter(({ name }) => !skip.includes(name)),
      settings.prefix,
    );
    const github = connectGitHub(settings, surroundings);
    const steps = await plan(github, writes, settings, options);
    if (options.dryRun) {
      return options.json
        ? await surroundings.writeJson(planDocument(steps, settings))
        : await surroundings.writeText(planText(steps, settings));
    }
    if (!(await mayDelete(steps, settings, options, surroundings))) {
      throw new CliError("nothing was written", exitCodes.failure);
    }
    await carryOut(steps, github, settings, options, surroundings);
  } catch (error) {
    if (error instanceof GitHubError) throw new CliError(error.message, exitCodes.failure);
    if (error instanceof SyncRefusal) throw new CliError(error.message, exitCodes.failure);
    throw error;
  }
}

function connectGitHub(
  { place, apiUrl, token }: SyncSettings,
  { pause, now, writeNote }: SyncSurroundings,
): ActionsSecrets {
  if (isLoopback(apiUrl)) bypassProxyForLoopback(apiUrl, process.env);
  const onWait = (seconds: number) => writeNote(`GitHub's rate limit is reached: waiting ${seconds} s`);
  const userAgent = `secretsfly/${version}`;
  return new ActionsSecrets(gitHubRequest({ apiUrl, token, userAgent, pause, now, onWait }), place);
}

async function plan(
  github: ActionsSecrets,
  writes: readonly SecretToWrite[],
  { prefix, placeName }: SyncSettings,
  { prune, skip = [] }: SyncGitHubOptions,
): Promise<SyncStep[]> {
  const existing = await github.names();
  const skipped = new Set(skip.map((name) => (prefix + name).toUpperCase()));
  const steps = planSync(
    writes,
    existing,
    (name) => prune === true && name.startsWith(prefix) && !skipped.has(name),
  );
  if (writes.length === 0 && steps.length > 0) {
    throw new SyncRefusal(
      `the service token has no secrets to write, and --prune would delete all ${steps.length} of ${placeName}; ` +
        "nothing was deleted. Is it the right token?",
    );
  }
  return steps;
}

/** True when nothing is to be deleted, or somebody said yes. */
async function mayDelete(
  steps: readonly SyncStep[],
  { placeName }: SyncSettings,
  { yes }: SyncGitHubOptions,
  { confirm }: SyncSurroundings,
): Promise<boolean> {
  const names = steps.filter(({ kind }) => kind === "delete").map(({ name }) => visible(name));
  if (names.length === 0 || yes || confirm === undefined) return true;
  const what = `${count(names.length, "secret")} of ${placeName} that secretsfly does not have`;
  return confirm(`Delete ${what} (${names.join(", ")})?`);
}

/** One step after the other, until one fails. */
async function carryOut(
  steps: readonly SyncStep[],
  github: ActionsSecrets,
  settings: SyncSettings,
  { json }: SyncGitHubOptions,
  surroundings: SyncSurroundings,
): Promise<void> {
  const done: SyncResult[] = [];
  const stopped = await stepByStep(steps, github, surroundings, async (result) => {
    done.push(result);
    if (!json) await surroundings.writeText(resultLine(result));
  });
  if (json) await surroundings.writeJson(resultDocument(steps, done, settings));
  if (stopped) throw new CliError(stoppedMessage(stopped, steps, done), exitCodes.failure);
  if (!json) await surroundings.writeText(summaryLine(done, settings));
}

/** @returns the fault that it ended with; undefined when everything is done */
async function stepByStep(
  steps: readonly SyncStep[],
  github: ActionsSecrets,
  { pause }: SyncSurroundings,
  onDone: (result: SyncResult) => Promise<void>,
): Promise<GitHubError | undefined> {
  for (const [index, step] of steps.entries()) {
    if (index > 0 && steps.length > manySteps) await pause(stepPauseMs);
    let outcome: SyncResult["outcome"] = "deleted";
    try {
      if (step.kind === "delete") await github.delete(step.name);
      else outcome = await github.write(step.name, step.value);
    } catch (error) {
      if (error instanceof GitHubError) return error;
      throw error;
    }
    await onDone({ step, outcome });
  }
  return undefined;
}

function realSurroundings(): SyncSurroundings {
  const env = launchEnvironment();
  return {
    env,
    async listSecrets() {
      const { connect } = await import("./connect.ts");
      const client = await connect(env);
      return (await client.list()).secrets;
    },
    writeText,
    writeJson,
    writeNote,
    confirm: canAsk() ? confirm : undefined,
    pause: (milliseconds) => Bun.sleep(milliseconds),
    now: Date.now,
  };
}
