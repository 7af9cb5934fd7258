import { comparePath } from "./paths.ts";

/** Which part of a comparison is looked at: what the address of its page says. */
export interface CompareFilter {
  /** What a project's environments are compared with: each other, or the same ones of the parent. */
  with: "environments" | "parent";
  /** A part of the names. */
  q: string;
  show: CompareShow;
  /** The environments that were chosen; empty for all. */
  environments: readonly string[];
  page: number;
  /** Copying: the environment that has, and the one that lacks. Empty where nothing is to be copied. */
  from: string;
  to: string;
  /** Whether all that can be copied begins ticked. */
  ticked: boolean;
}

/** Among environments, and against the parent; `all` is both's. */
export const environmentShows = ["all", "missing", "different"] as const;
export const parentShows = ["all", "overridden", "needless", "own"] as const;
export type CompareShow = (typeof environmentShows | typeof parentShows)[number];

/** What a comparison begins with: all of it. */
export const wholeComparison: CompareFilter = {
  with: "environments",
  q: "",
  show: "all",
  environments: [],
  page: 1,
  from: "",
  to: "",
  ticked: false,
};

/** The address of a comparison; what is as it begins is left out. */
export function compareAddress(projectId: number, filter: CompareFilter): string {
  const query = new URLSearchParams();
  if (filter.with === "parent") query.set("with", "parent");
  if (filter.q !== "") query.set("q", filter.q);
  if (filter.show !== "all") query.set("show", filter.show);
  for (const environment of filter.environments) query.append("environments", environment);
  if (filter.from !== "") query.set("from", filter.from);
  if (filter.to !== "") query.set("to", filter.to);
  if (filter.ticked) query.set("tick", "all");
  if (filter.page > 1) query.set("page", String(filter.page));
  const text = query.toString();
  return text === "" ? comparePath(projectId) : `${comparePath(projectId)}?${text}`;
}
