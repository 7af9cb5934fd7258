/** @jsxImportSource hono/jsx */
import type { Child } from "hono/jsx";

/** Which part of a long list a page shows; `first` and `last` count from 1. */
export interface ListPosition {
  page: number;
  pages: number;
  first: number;
  last: number;
  total: number;
}

interface ListPagesProps {
  /** The address of the first page. */
  path: string;
  position: ListPosition;
  label?: string;
  /** What stands between the ways: where in the list this is, unless it is said in other words. */
  children?: Child;
}

/** The ways to the pages before and after, of a list that is longer than a page. */
export function ListPages({ path, position, label = "Pages of this list", children }: ListPagesProps) {
  const { page, pages, first, last, total } = position;
  if (pages === 1) return null;
  const number = (value: number) => value.toLocaleString("en");
  const to = (other: number) =>
    other === 1 ? path : `${path}${path.includes("?") ? "&" : "?"}page=${other}`;
  return (
    <nav class="actions list-pages" aria-label={label}>
      {page > 1 && (
        <a class="button" href={to(page - 1)} rel="prev">
          Previous
        </a>
      )}
      <span>
        {children ?? (
          <>
            {number(first)} to {number(last)} of {number(total)}
          </>
        )}
      </span>
      {page < pages && (
        <a class="button" href={to(page + 1)} rel="next">
          Next
        </a>
      )}
    </nav>
  );
}
