import { SecretsflyError } from "../errors.ts";
import { describeProblem, isKnownProblem, type ReferenceProblem } from "./references.ts";
import type { BuiltView } from "./views.ts";

/** As many problems as a message tells one by one. */
const toldProblems = 10;

/**
 * Refuses a write for the problems that it makes, not for those that were there.
 * Throws SecretsflyError `invalid`, with the names.
 */
export function refuseNewProblems(built: BuiltView, before: readonly ReferenceProblem[]): void {
  const made = built.problems.filter((problem) => !isKnownProblem(before, problem));
  if (made.length === 0) return;
  const told = made
    .slice(0, toldProblems)
    .map((problem) => [problem.name, describeProblem(problem)] as const);
  const rest = made.length > told.length ? "; and more" : "";
  const sentence = told.map(([, description]) => description).join("; ");
  const message = `Nothing was written: ${sentence}${rest}. Write $\${ for a literal \${.`;
  throw new SecretsflyError("invalid", message, Object.fromEntries(told));
}
