/** @jsxImportSource hono/jsx */
import { type Context, Hono } from "hono";
import { compareEnvironments, missingSecrets, withNeeds } from "../../vault/comparison.ts";
import { listEnvironments } from "../../vault/environments.ts";
import { getProject, onTree, type Project } from "../../vault/tree.ts";
import type { AppEnv } from "../app-env.ts";
import { readFilter } from "./compare-filter.ts";
import { comparedRows, copyChoice, lackingEnvironments } from "./compare-view.ts";
import { idParam } from "./form.ts";
import { pageProps } from "./frame.ts";
import type { CompareFilter } from "./pages/compare-address.ts";
import { ComparePage } from "./pages/compare-page.tsx";
import { projectHead } from "./project-head.ts";
import { requireUnsealed } from "./session.ts";
import type { FieldErrors } from "./view-models.ts";

/** The environments of a project, name by name. It needs the unsealed root: names are not shown without it. */
export const compareRoutes = new Hono<AppEnv>({ strict: false }).get("/", async (c) => {
  const project = await getProject(c.var.vault.db, idParam(c, "id"));
  return showComparison(c, project, readFilter(new URL(c.req.url).searchParams));
});

/** A copy that was refused: what was ticked, and why. */
export interface RefusedCopy {
  names: readonly string[];
  errors: FieldErrors;
}

/** The page of a comparison, or of what can be copied where its filter says from where to where. */
export async function showComparison(
  c: Context<AppEnv>,
  project: Project,
  filter: CompareFilter,
  refused?: RefusedCopy,
): Promise<Response> {
  const { vault } = c.var;
  const root = requireUnsealed(c, project);
  const environments = await listEnvironments(vault);
  const { tree, comparison } = await onTree(vault.db, project.rootId, async (tree) => ({
    tree,
    comparison: await compareEnvironments(vault, root, tree, project.id, environments),
  }));
  const isCopying = filter.with === "environments" && (filter.from !== "" || filter.to !== "");
  // What a secret that was ticked refers to is ticked as well, since the one cannot be copied without the other.
  const ticked = withNeeds(missingSecrets(comparison, filter.from, filter.to), refused?.names ?? []);
  const added = [...ticked.difference(new Set(refused?.names))];
  const errors = { ...refused?.errors, ...(added.length > 0 && { added: tickedAsWell(added, filter) }) };
  return c.html(
    <ComparePage
      {...(await pageProps(c))}
      project={await projectHead(c, tree, project)}
      filter={filter}
      available={comparison.environments.map(({ name }) => name)}
      compared={comparedRows(comparison, filter)}
      lacking={isCopying ? [] : lackingEnvironments(comparison, filter)}
      copy={isCopying ? { choice: copyChoice(comparison, filter, ticked), errors } : undefined}
    />,
  );
}

function tickedAsWell(names: readonly string[], { to }: CompareFilter): string {
  const are = names.length === 1 ? "is" : "are";
  const told = names.length > 10 ? `${names.length} secrets that these refer to` : names.join(", ");
  return `${told} ${are} missing in ${to} too, and ${are} ticked now as well: copy again to copy all.`;
}
