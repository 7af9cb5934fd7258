import { countExpiringTokens } from "../../vault/expiring-tokens.ts";
import {
  type EnvironmentSummary,
  type ProjectSummaries,
  summariseProjects,
} from "../../vault/project-summary.ts";
import type { Project } from "../../vault/tree.ts";
import type { Vault } from "../../vault/vault.ts";
import type { EnvironmentCount, ProjectLine, ProjectNode } from "./pages/project-tree.tsx";
import { linesOfPage } from "./slices.ts";

/** Trees of projects as pages show them: each level in alphabetical order, and no more than a page has room for. */

export type Children = ReadonlyMap<number | null, readonly Project[]>;

/** Projects by their parent's id, in the order in which people look for them. */
export function childrenByParent(projects: Iterable<Project>): Children {
  const children = Map.groupBy(projects, ({ parentId }) => parentId);
  for (const siblings of children.values()) siblings.sort(byProjectName);
  return children;
}

const collator = new Intl.Collator("en", { numeric: true });

function byProjectName(a: Project, b: Project): number {
  return collator.compare(a.name, b.name);
}

/**
 * What a page that begins with `top` shows: breadth first, so that no branch crowds out the others.
 */
export function chooseLines(top: readonly Project[], children: Children, limit = linesOfPage): Set<Project> {
  const queue = [...top];
  for (let i = 0; i < queue.length && queue.length < limit; i++) {
    const next = queue[i];
    if (next) queue.push(...(children.get(next.id) ?? []));
  }
  return new Set(queue.slice(0, limit));
}

/** How many projects are below one, at any depth. */
export function countBelow(id: number, children: Children): number {
  let below = 0;
  for (const child of children.get(id) ?? []) below += 1 + countBelow(child.id, children);
  return below;
}

/** What lines tell of projects besides who they are. */
export interface ProjectFacts {
  summaries: ProjectSummaries;
  /** Service tokens that end soon, by the project's id. */
  endingTokens: ReadonlyMap<number, number>;
}

/** The facts of these projects, whose ancestors must be among them. */
export async function projectFacts(vault: Vault, projects: Iterable<Project>): Promise<ProjectFacts> {
  const [summaries, endingTokens] = await Promise.all([
    summariseProjects(vault, projects),
    countExpiringTokens(vault),
  ]);
  return { summaries, endingTokens };
}

/** A project as a line of a page. */
export function projectLine({ id, name, description }: Project, facts: ProjectFacts): ProjectLine {
  const environments = (facts.summaries.get(id) ?? []).map(environmentCount);
  return { id, name, description, environments, endingTokens: facts.endingTokens.get(id) ?? 0 };
}

function environmentCount({ environment, ...counts }: EnvironmentSummary): EnvironmentCount {
  return { name: environment, ...counts };
}

/** The lines of a page as a tree; what was not chosen is counted where it would have been. */
export function projectNodes(
  siblings: readonly Project[],
  children: Children,
  chosen: ReadonlySet<Project>,
  facts: ProjectFacts,
): ProjectNode[] {
  return siblings
    .filter((project) => chosen.has(project))
    .map((project) => {
      const below = children.get(project.id) ?? [];
      const left = below.filter((child) => !chosen.has(child));
      return {
        ...projectLine(project, facts),
        children: projectNodes(below, children, chosen, facts),
        more: left.reduce((sum, child) => sum + 1 + countBelow(child.id, children), 0),
      };
    });
}
