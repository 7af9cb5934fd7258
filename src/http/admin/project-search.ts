import type { Project } from "../../vault/tree.ts";

/** Finding projects by what is typed. */

/** The words that all must be found, in whatever case and order. */
export function searchWords(query: string): string[] {
  return query.toLowerCase().split(/\s+/).filter(Boolean);
}

export function holdsAll(text: string, words: readonly string[]): boolean {
  const lower = text.toLowerCase();
  return words.every((word) => lower.includes(word));
}

/** From the root down to the project itself, among all projects. */
export function pathOf(project: Project, byId: ReadonlyMap<number, Project>): Project[] {
  const path = [project];
  for (let one = byId.get(project.parentId ?? 0); one; one = byId.get(one.parentId ?? 0)) path.unshift(one);
  return path;
}

/** `shop / api / worker`. */
export function pathText(path: readonly { name: string }[]): string {
  return path.map(({ name }) => name).join(" / ");
}
