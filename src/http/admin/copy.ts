import { Hono } from "hono";
import { invalid, SecretsflyError } from "../../errors.ts";
import { copySecrets } from "../../vault/copy-secrets.ts";
import { getEnvironment } from "../../vault/environments.ts";
import type { ChangedSecret } from "../../vault/secrets.ts";
import type { AppEnv } from "../app-env.ts";
import { showComparison } from "./compare.tsx";
import { readWayBack } from "./compare-filter.ts";
import { readForm } from "./form.ts";
import { answerForm } from "./form-fault.ts";
import { compareAddress, wholeComparison } from "./pages/compare-address.ts";
import { environmentSecretsPath } from "./pages/paths.ts";
import { unlockPlace } from "./place.ts";
import { requireUnsealed, tell } from "./session.ts";

/** Copies what is missing in the environment of the address from another one of the same project. */
export const copyRoutes = new Hono<AppEnv>({ strict: false }).post("/", async (c) => {
  const { vault } = c.var;
  const { project, unlocked } = await unlockPlace(c);
  const root = requireUnsealed(c, project);
  const form = await readForm(c);
  const [from, to, names] = [form.text("from"), unlocked.environment.name, form.texts("names")];
  const back = readWayBack(project.id, form.text("back"));
  return answerForm(
    async () => {
      const source = await getEnvironment(vault, from).catch((error: unknown) => {
        if (error instanceof SecretsflyError) throw invalid("from", "There is no such environment.");
        throw error;
      });
      const copied = await copySecrets(vault, root, unlocked, source, names);
      tell(c, "success", summary(copied, from, to));
      const path = back ? compareAddress(project.id, back) : environmentSecretsPath(project.id, to);
      return c.redirect(path, 303);
    },
    (fields, { message }) => {
      // A fault of all of them together, such as too much at once, has no field.
      const errors = Object.keys(fields).length > 0 ? fields : { form: message };
      return showComparison(c, project, { ...(back ?? wholeComparison), from, to }, { names, errors });
    },
    "everything",
  );
});

function summary(copied: readonly ChangedSecret[], from: string, to: string): string {
  const [first] = copied;
  const what = copied.length === 1 && first ? `${first.name} is` : `${copied.length} secrets are`;
  return `${what} copied from ${from} to ${to}.`;
}
