import type { GitHubError } from "../github/github-error.ts";
import type { SyncStep } from "../github/sync-plan.ts";
import { count, visible } from "./output.ts";
import type { SyncSettings } from "./sync-github-settings.ts";

/** A step that was carried out, and what GitHub said it was. */
export interface SyncResult {
  step: SyncStep;
  outcome: "created" | "updated" | "deleted";
}

/** What `--json` prints. Names only. */
interface SyncDocument {
  repository: string;
  environment: string | null;
  dryRun: boolean;
  /** In the order of the writing. `name` is GitHub's, `secret` that of secretsfly. */
  secrets: { name: string; secret: string | null; outcome: string }[];
}

/** `created API_KEY`, with a line end. */
export function resultLine({ step, outcome }: SyncResult): string {
  return `${outcome} ${visible(step.name)}\n`;
}

/** The last line when everything is done. */
export function summaryLine(results: readonly SyncResult[], settings: SyncSettings): string {
  const outcomes = results.map(({ outcome }) => outcome);
  return `${summary(outcomes, settings)}\n`;
}

function summary(outcomes: readonly SyncResult["outcome"][], { placeName }: SyncSettings): string {
  const parts = (["created", "updated", "deleted"] as const).map(
    (word) => `${outcomes.filter((outcome) => outcome === word).length} ${word}`,
  );
  return `${placeName}: ${parts.join(", ")}`;
}

/** What `--dry-run` says: a line for each secret, and a summary. */
export function planText(steps: readonly SyncStep[], settings: SyncSettings): string {
  const lines = steps.map(({ kind, name }) => `would ${kind} ${visible(name)}\n`);
  const outcomes = steps.map(({ kind }) => outcomeOf[kind]);
  return `${lines.join("")}${summary(outcomes, settings)}; nothing was written (--dry-run)\n`;
}

/** What GitHub will say of a step. */
const outcomeOf = { create: "created", update: "updated", delete: "deleted" } as const;

/** What `--dry-run --json` prints: the outcomes that there would be. */
export function planDocument(steps: readonly SyncStep[], settings: SyncSettings): SyncDocument {
  return document(settings, true, steps, ({ kind }) => outcomeOf[kind]);
}

/**
 * What `--json` prints after writing. Where it stopped, one secret has the outcome `failed`, and those behind
 * it have `not tried`.
 */
export function resultDocument(
  steps: readonly SyncStep[],
  done: readonly SyncResult[],
  settings: SyncSettings,
): SyncDocument {
  return document(
    settings,
    false,
    steps,
    (_, index) => done[index]?.outcome ?? (index === done.length ? "failed" : "not tried"),
  );
}

function document(
  { place }: SyncSettings,
  dryRun: boolean,
  steps: readonly SyncStep[],
  outcome: (step: SyncStep, index: number) => string,
): SyncDocument {
  return {
    repository: `${place.owner}/${place.repository}`,
    environment: place.environment ?? null,
    dryRun,
    secrets: steps.map((step, index) => ({
      name: step.name,
      secret: step.kind === "delete" ? null : step.source,
      outcome: outcome(step, index),
    })),
  };
}

/** Why it stopped, and exactly what has been done and what has not. */
export function stoppedMessage(
  fault: GitHubError,
  steps: readonly SyncStep[],
  done: readonly SyncResult[],
): string {
  const rest = steps.slice(done.length).map(({ name }) => visible(name));
  const doneLines = done.map(({ step, outcome }) => `${outcome} ${visible(step.name)}`);
  return [
    `stopped at ${rest[0]}: ${fault.message}`,
    `  done: ${doneLines.join(", ") || "nothing"}`,
    `  not done: ${rest.join(", ")} (${count(rest.length, "secret")})`,
    "  Running the command again is safe.",
  ].join("\n");
}
