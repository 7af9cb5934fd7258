import type { Context } from "hono";
import type { AppEnv } from "../app-env.ts";
import type { ListPosition } from "./pages/list-pages.tsx";

/** A part of a long list, and where in it that is. */
interface Slice<T> {
  items: readonly T[];
  position: ListPosition;
}

/** Lines of a page that carry little each. */
export const linesOfPage = 300;

/** Page `number` (from 1) of a list, with `size` items a page; the nearest one where there is no such page. */
export function sliceOf<T>(list: readonly T[], number: number, size = linesOfPage): Slice<T> {
  const pages = Math.max(1, Math.ceil(list.length / size));
  const page = Math.min(Math.max(1, number), pages);
  const first = (page - 1) * size;
  const items = list.slice(first, first + size);
  return {
    items,
    position: { page, pages, first: first + 1, last: first + items.length, total: list.length },
  };
}

/** The page of a list that the address asks for, from 1; the first one where it asks for nothing that is one. */
export function pageNumber(c: Context<AppEnv>): number {
  const text = c.req.query("page") ?? "";
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 1;
}
