import type { Context } from "hono";
import { listProjects } from "../../vault/projects.ts";
import { type Project, subtreeOf, type Tree } from "../../vault/tree.ts";
import type { AppEnv } from "../app-env.ts";
import type { ParentChoices } from "./pages/project-forms.tsx";
import { holdsAll, pathOf, pathText, searchWords } from "./project-search.ts";

/** More than a person reads through: what is not among them is found by its name. */
const shownChoices = 100;
const shownSealed = 5;

/**
 * Where a project may be moved to: below the projects of its own tree and of the other roots that this session has
 * unsealed. Each is named by its whole path, since two projects may have the same name.
 *
 * @param chosen - the parent to offer whatever is searched for: the present one, or what was typed
 */
export async function parentChoices(
  c: Context<AppEnv>,
  tree: Tree,
  project: Project,
  chosen: readonly number[],
): Promise<ParentChoices> {
  const query = (c.req.query("parent") ?? "").trim();
  const words = searchWords(query);
  const all = await listProjects(c.var.vault);
  const byId = new Map(all.map((one) => [one.id, one]));
  const held = new Set(c.var.session?.keyring.unsealed().map(({ rootId }) => rootId));
  const below = new Set(subtreeOf(tree, project.id).map(({ id }) => id));
  const possible = all
    .filter(({ id, rootId }) => !below.has(id) && (rootId === tree.rootId || held.has(rootId)))
    .map((one) => {
      const isHere = one.rootId === tree.rootId;
      return {
        id: one.id,
        name: pathText(pathOf(one, byId)),
        root: byId.get(one.rootId)?.name ?? "",
        isHere,
      };
    })
    .sort((a, b) => Number(b.isHere) - Number(a.isHere) || a.name.localeCompare(b.name, "en"));
  const isChosen = ({ id }: { id: number }) => chosen.includes(id);
  const found = possible.filter((choice) => holdsAll(choice.name, words));
  const shown = new Set(found.slice(0, shownChoices));
  const sealed = all.filter(({ id, parentId }) => parentId === null && id !== tree.rootId && !held.has(id));
  return {
    choices: possible.filter((choice) => shown.has(choice) || isChosen(choice)),
    found: found.length,
    isSearched: possible.length > shownChoices,
    query,
    sealed: {
      names: sealed
        .map(({ name }) => name)
        .sort((a, b) => a.localeCompare(b, "en"))
        .slice(0, shownSealed),
      count: sealed.length,
    },
  };
}
