import { type ErrorCode, SecretsflyError } from "../../errors.ts";
import { retryAfterOf } from "../faults.ts";
import { statuses } from "../statuses.ts";
import type { FieldErrors } from "./view-models.ts";

/** The faults of a form that its reader can mend in the form, if only by waiting. */
const mendable: ReadonlySet<ErrorCode> = new Set([
  "invalid",
  "wrong-master-key",
  "too-large",
  "too-many-attempts",
]);

/** What is no fault of the form: worth another try, with what was typed. */
const passing: ReadonlySet<ErrorCode> = new Set(["busy", "unavailable"]);

/**
 * Does what a form asks for. Where a field is at fault nothing was written, and the form's page is the
 * answer, with the fault beside the field and what was typed still there.
 *
 * @param tells "everything": `showAgain` also has a place for the message of what is no field's fault
 */
export async function answerForm(
  act: () => Promise<Response>,
  showAgain: (errors: FieldErrors, error: SecretsflyError) => Promise<Response> | Response,
  tells: "fields" | "everything" = "fields",
): Promise<Response> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof SecretsflyError)) throw error;
    const isTold = mendable.has(error.code) || (tells === "everything" && passing.has(error.code));
    if (!isTold) throw error;
    const page = await showAgain(error.fields, error);
    const again = retryAfterOf(error);
    if (again !== undefined) page.headers.set("Retry-After", String(again));
    return new Response(page.body, { status: statuses[error.code].status, headers: page.headers });
  }
}
