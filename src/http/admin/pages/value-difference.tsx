/** @jsxImportSource hono/jsx */
import { plural } from "./components.tsx";

/** A piece of a line; `isChanged` marks what the line beside it has differently. */
export interface DifferencePart {
  text: string;
  isChanged: boolean;
}

/** A line of what differs between two texts, or how many were left out. */
export type DifferenceLine =
  | { kind: "same" | "removed" | "added"; parts: DifferencePart[] }
  | { kind: "skipped"; count: number };

const signs = { same: " ", removed: "−", added: "+" } as const;
const spoken = { same: "", removed: "removed: ", added: "added: " } as const;

/** What differs between two texts, each line with its sign; it scrolls by itself where it is long. */
export function ValueDifference({ lines, label }: { lines: readonly DifferenceLine[]; label: string }) {
  return (
    // A box that scrolls must be reachable with the keyboard.
    <section class="difference" aria-label={label} tabindex={0}>
      {lines.map((line) =>
        line.kind === "skipped" ? (
          <p class="skipped">{plural(line.count, "line")} left out</p>
        ) : (
          <p class={line.kind}>
            <span class="sign" aria-hidden="true">
              {signs[line.kind]}
            </span>
            <span class="text">
              <span class="visually-hidden">{spoken[line.kind]}</span>
              {line.parts.map(({ text, isChanged }) => (isChanged ? <mark>{text}</mark> : text))}
            </span>
          </p>
        ),
      )}
    </section>
  );
}
