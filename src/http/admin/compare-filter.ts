import {
  type CompareFilter,
  environmentShows,
  parentShows,
  wholeComparison,
} from "./pages/compare-address.ts";
import { comparePath } from "./pages/paths.ts";

/** What an address asks for; what it says that makes no sense is left out. */
export function readFilter(query: URLSearchParams): CompareFilter {
  const text = (name: string) => query.get(name)?.trim() ?? "";
  const comparesParent = text("with") === "parent";
  const shows = comparesParent ? parentShows : environmentShows;
  const page = text("page");
  return {
    with: comparesParent ? "parent" : "environments",
    q: text("q"),
    show: shows.find((show) => show === text("show")) ?? "all",
    environments: [...new Set(query.getAll("environments"))],
    page: /^[1-9]\d{0,5}$/.test(page) ? Number(page) : 1,
    from: text("from"),
    to: text("to"),
    ticked: text("tick") === "all",
  };
}

/**
 * The comparison that a form says it came from, without the step of copying; undefined for any other address. It is
 * built anew from what can be read of it, so that no form can lead anywhere else.
 */
export function readWayBack(projectId: number, address: string): CompareFilter | undefined {
  const path = comparePath(projectId);
  if (address !== path && !address.startsWith(`${path}?`)) return undefined;
  const filter = readFilter(new URLSearchParams(address.slice(path.length)));
  const { from, to, ticked } = wholeComparison;
  return { ...filter, from, to, ticked };
}
