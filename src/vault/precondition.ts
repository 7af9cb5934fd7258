import { SecretsflyError } from "../errors.ts";

/** What is there when a write is about to happen. */
interface Found {
  /** Of what apps get (`views.bodyId`): another one whenever that changes. */
  revision: string;
  /** Whether apps get what the write is for: a secret of that name, or the list itself, which is always there. */
  exists: boolean;
}

/** One revision of several, or whatever there is. */
type Wanted = "*" | readonly string[];

/**
 * When a write may happen. It is asked inside of the write, of what is there then, so of two writers that started from
 * the same revision one is refused.
 */
export interface Precondition {
  /** What has to be there; undefined: anything. */
  match?: Wanted | undefined;
  /** What must not be there; undefined: nothing is in the way. */
  noneMatch?: Wanted | undefined;
}

/**
 * Throws SecretsflyError `precondition-failed` where a write may not happen. A revision is of all that apps get, so it
 * also says that a secret is not there: whoever starts from it may create one.
 */
export function checkPrecondition({ match, noneMatch }: Precondition, { revision, exists }: Found): void {
  if (match !== undefined && !(match === "*" ? exists : match.includes(revision))) {
    const reason =
      match === "*"
        ? "there is no such secret here"
        : "the secrets here have changed since then; fetch them and decide again";
    throw new SecretsflyError("precondition-failed", `Nothing was written: ${reason}.`);
  }
  if (noneMatch !== undefined && exists && (noneMatch === "*" || noneMatch.includes(revision))) {
    const reason =
      noneMatch === "*" ? "what was to be new is there already" : "this is what is there already";
    throw new SecretsflyError("precondition-failed", `Nothing was written: ${reason}.`);
  }
}
